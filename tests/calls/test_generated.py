import secrets
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.calls.generated import BLANK, LONGEST, blanked, is_id

IDS = [
    "550e8400-e29b-41d4-a716-446655440000",
    "550E8400E29B41D4A716446655440000",
    "29e1a4b2",
    "0xdeadbeef12",
    "esc_ab12cd34",
    "whk-abc123",
    "vj-abc123",
    "ord_k3jx9zqa",
    "ord_aBcDeFgH",
    "a2a_free_4f3c8a1b2d6e9f0a7c5b3d1e",
    "pi_3MtwBwLkdIwHu7ix28a3tqPa",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "V1StGXR8_Z5jdHi6B-myT",
    "aGVsbG8gd29ybGQgMTIzNA==",
    "order-1718000000",
    "2025-01-31",
    "2025-01-31T10:00:00.123Z",
    "2025-01-31 10:00:00+01:00",
    "20250131T101010Z",
]
NAMES = [
    "",
    "agent-a",
    "test-agent-2",
    "buyer-agent",
    "instance1",
    "agent2024",
    "gpt-4o-mini",
    "sandbox.greenhelix.net",
    "25.00",
    "CREDITS",
    "decade",
    "esc_facade",
    "create_escrow",
    "Payment for the translation of chapter 3",
]


@pytest.mark.parametrize("text", IDS)
def test_ids_and_moments_are_blanked_whole(text: str) -> None:
    """With their prefix."""
    assert blanked(text) == BLANK
    assert is_id(text)


@pytest.mark.parametrize("text", NAMES)
def test_names_stay(text: str) -> None:
    """Of agents, tools, models, currencies; and amounts, and prose."""
    assert blanked(text) == text
    assert not is_id(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("paid at 2025-01-31T10:00:00Z by bob", "paid at ~ by bob"),
        ("https://x.io/hook/esc_ab12cd34?x=1", "https://x.io/hook/esc_~?x=1"),
        ("refund of 550e8400-e29b-41d4-a716-446655440000.", "refund of ~."),
        ("2025-13-45 is no date", "2025-13-45 is no date"),
    ],
)
def test_what_stands_in_a_text_is_blanked_there(text: str, expected: str) -> None:
    """Agents write ids and times into descriptions."""
    assert blanked(text) == expected
    assert not is_id(text)


@given(st.uuids(), st.uuids())
def test_two_uuids_look_alike(one: uuid.UUID, other: uuid.UUID) -> None:
    """Whichever they are."""
    assert blanked(f"task {one}") == blanked(f"task {other}")


@pytest.mark.parametrize("make", [secrets.token_hex, lambda size: f"esc_{secrets.token_hex(size)}"])
@pytest.mark.parametrize("size", [4, 6, 8, 12, 16, 32])
def test_random_hex_always_looks_alike(make: object, size: int) -> None:
    """Even when it happens to be all digits or all letters."""
    assert callable(make)
    assert {blanked(make(size)) for _ in range(500)} == {BLANK}


def test_a_number_is_an_id_but_no_generated_text() -> None:
    """In a path it is one, in an input it may be an amount."""
    assert is_id("42")
    assert blanked("42") == "42"


def test_the_blank_itself_is_no_id() -> None:
    """It stands for one."""
    assert not is_id(BLANK)


def test_a_very_long_text_is_left_as_it_is() -> None:
    """The event loop must not wait for it."""
    text = "2025-01-31 " * LONGEST
    assert blanked(text) is text


@given(st.text())
def test_blanking_twice_is_blanking_once(text: str) -> None:
    """A blank is no new id."""
    assert blanked(blanked(text)) == blanked(text)
