import math
import random
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.calls.fingerprint import LARGE, digest, fingerprint, hashes
from proxy_addons.exchange import JSON

WORDS = st.sampled_from(["amount", "payer", "payee", "currency", "note", "limit", "tags", "metadata"])
SCALARS = st.none() | st.booleans() | st.integers(-1000, 1000) | st.sampled_from(["buyer", "seller", "25.00", "USD"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner), max_leaves=10)
INPUTS = st.dictionaries(WORDS, VALUES, max_size=6)

ESCROW: dict[str, JSON] = {"payer": "buyer", "payee": "seller", "amount": "25.00"}


def test_the_recipe_stands() -> None:
    """Seeds mean something else when one of these changes: then `_RECIPE` must change too."""
    value: JSON = {**ESCROW, "escrow_id": "esc_ab12cd34", "at": "2025-01-31T10:00:00Z", "nonce": "x"}

    assert fingerprint("create_escrow", value) == "5620b203f165fdac6e415817414a1ff7"
    assert digest("create_escrow", value) == "822fa842b71c02a10307d3d1524daaa8"


def shuffled(value: JSON, order: random.Random) -> JSON:
    """The value with its keys in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(item, order)) for key, item in value.items()]
        order.shuffle(items)
        return dict(items)
    return [shuffled(item, order) for item in value] if isinstance(value, list) else value


@given(INPUTS, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(value: dict[str, JSON], order: random.Random) -> None:
    """At any depth."""
    assert digest("op", shuffled(value, order)) == digest("op", value)
    assert fingerprint("op", shuffled(value, order)) == fingerprint("op", value)


VOLATILE = st.sampled_from(
    ["idempotency_key", "idempotencyKey", "request_id", "X-Request-Id", "traceparent", "_meta", "nonce", "timestamp"]
)


@given(INPUTS, VOLATILE, VALUES)
def test_volatile_fields_do_not_matter(value: dict[str, JSON], name: str, noise: JSON) -> None:
    """At the top and further down."""
    for noisy in ({**value, name: noise}, {**value, "metadata": {"inner": 1, name: noise}}):
        quiet = {**value, "metadata": {"inner": 1}} if noisy.get("metadata") != value.get("metadata") else value
        assert digest("op", noisy) == digest("op", quiet)
        assert fingerprint("op", noisy) == fingerprint("op", quiet)


@given(INPUTS, WORDS, SCALARS, SCALARS)
def test_every_other_value_matters(value: dict[str, JSON], name: str, one: JSON, other: JSON) -> None:
    """To the digest."""
    alike = type(one) is type(other) and one == other
    assert (digest("op", {**value, name: one}) == digest("op", {**value, name: other})) == alike


@given(INPUTS)
def test_the_operation_matters(value: dict[str, JSON]) -> None:
    """Two tools may take the same input."""
    assert digest("create_escrow", value) != digest("release_escrow", value)
    assert fingerprint("create_escrow", value) != fingerprint("release_escrow", value)


GENERATED: list[tuple[str, JSON, JSON]] = [
    ("escrow_id", "esc_ab12cd34", "esc_00ff00ff"),
    ("escrow_id", "first", "second"),
    ("escrowId", "29e1", "fa02"),
    ("transaction_id", 8, 9),
    ("id", 8, 9),
    ("id", "88", "99"),
    ("reference", str(uuid.UUID(int=1)), str(uuid.UUID(int=2))),
    ("reference", "0123456789abcdef", "fedcba9876543210"),
    ("note", "task 550e8400-e29b-41d4-a716-446655440000", "task 650e8400-e29b-41d4-a716-446655440000"),
    ("due", "2025-01-31T10:00:00Z", "2026-02-01T11:30:00.5+02:00"),
    ("expires_at", 1_718_000_000, 1_719_000_000),
    ("expires_at", 1_718_000_000.5, 1_719_000_000.25),
    ("expiresAt", 1_718_000_000_000, 1_719_000_000_000),
    ("since", "1718000000", "1719000000"),
    ("escrow_ids", ["esc_ab12cd34", "x"], ["esc_00ff00ff", "y"]),
    ("filter", {"escrow_id": "a"}, {"escrow_id": "b"}),
    ("by_id", {"esc_ab12cd34": 1}, {"esc_00ff00ff": 1}),
]


@pytest.mark.parametrize(("name", "one", "other"), GENERATED)
def test_generated_values_matter_to_the_digest_alone(name: str, one: JSON, other: JSON) -> None:
    """Two runs draw the same faults though the provider makes new ids."""
    assert fingerprint("op", {name: one}) == fingerprint("op", {name: other})
    assert digest("op", {name: one}) != digest("op", {name: other})


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("agent_id", "buyer", "seller"),
        ("amount", 1_718_000_000, 1_719_000_000),
        ("amount", "25.00", "26.00"),
        ("expires_at", 3600, 7200),
        ("limit", "11", "22"),
        ("limit", 10, 20),
        ("dry_run", True, False),
        ("by_id", {"esc_ab12cd34": 1}, {"esc_ab12cd34": 2}),
        ("id", "rule-a", "rule-b"),
    ],
)
def test_other_values_matter_to_the_fingerprint_too(name: str, one: JSON, other: JSON) -> None:
    """It is not blind to what the agent chose."""
    assert fingerprint("op", {name: one}) != fingerprint("op", {name: other})


def test_the_id_of_a_json_rpc_message_is_volatile_and_no_other() -> None:
    """A retry has a new one."""

    def message(number: int) -> JSON:
        return {"jsonrpc": "2.0", "id": number, "method": "tools/list"}

    assert digest("op", message(1)) == digest("op", message(2))
    assert digest("op", [message(1)]) == digest("op", [message(2)])
    assert digest("op", {"id": 1}) != digest("op", {"id": 2})


def test_a_whole_float_is_the_whole_number_and_not_its_text() -> None:
    """Some clients send 275.0 where others send 275."""
    assert digest("op", {"amount": 275.0}) == digest("op", {"amount": 275})
    assert digest("op", {"amount": "275.0"}) != digest("op", {"amount": 275.0})


def nested(depth: int, leaf: JSON) -> JSON:
    """A value inside so many objects."""
    for _ in range(depth):
        leaf = {"a": leaf}
    return leaf


UNUSUAL: list[JSON] = [
    2**53,
    2**64,
    10**400,
    -(2**64),
    math.nan,
    math.inf,
    "\ud800",
    "\ud801",
    {"\ud800": 1},
    nested(63, 1),
    nested(64, 1),
    nested(65, 1),
    nested(65, 2),
    nested(4000, 1),
    nested(4000, 2),
    nested(4001, 1),
]


@pytest.mark.parametrize("hashed", [digest, fingerprint])
def test_what_rfc_8785_cannot_write_never_collapses(hashed: object) -> None:
    """Different values, different hashes; the same value, the same hash."""
    assert callable(hashed)
    found = [hashed("op", {"amount": value}) for value in UNUSUAL]

    assert len(set(found)) == len(UNUSUAL)
    assert found == [hashed("op", {"amount": value}) for value in UNUSUAL]


def test_volatile_fields_do_not_matter_beside_a_number_that_is_too_big() -> None:
    """Amounts in wei are."""
    wei = {"value": 10**18}

    assert digest("op", {**wei, "idempotency_key": "a"}) == digest("op", {**wei, "idempotency_key": "b"})
    assert fingerprint("op", {**wei, "escrow_id": "a"}) == fingerprint("op", {**wei, "escrow_id": "b"})
    assert fingerprint("op", {"value": 10**18}) != fingerprint("op", {"value": 10**18 + 1})


@pytest.mark.parametrize("hashed", [digest, fingerprint])
def test_a_large_input_is_hashed_as_it_is_but_for_the_fields_at_the_top(hashed: object) -> None:
    """Only those are cheap to leave out."""
    assert callable(hashed)
    prompt: dict[str, JSON] = {"text": ["lorem ipsum "] * (LARGE // 12), "model": "m"}

    assert hashed("op", {**prompt, "request_id": "a"}) == hashed("op", {"request_id": "b", **prompt})
    assert hashed("op", {**prompt, "model": "n"}) != hashed("op", prompt)
    assert hashed("op", {**prompt, "at": "2025-01-01T10:00:00Z"}) != hashed("op", {**prompt, "at": "2025-01-01"})
    assert hashed("op", [prompt]) != hashed("op", prompt)


def test_a_raw_body_counts_byte_by_byte_for_the_digest() -> None:
    """There are no fields to leave out."""
    assert digest("op", None, b"\x00\xff") == digest("op", None, b"\x00\xff")
    assert digest("op", None, b"\x00\xff") != digest("op", None, b"\x00\xfe")
    assert digest("op", None, b"") != digest("op", None, b"\x00")


def test_generated_values_in_a_raw_body_do_not_matter_to_the_fingerprint() -> None:
    """XML has timestamps too."""
    one, other = b"<at>2025-01-31T10:00:00Z</at>", b"<at>2025-02-01T10:00:00Z</at>"

    assert fingerprint("op", None, one) == fingerprint("op", None, other)
    assert digest("op", None, one) != digest("op", None, other)
    assert fingerprint("op", None, b"<a/>") != fingerprint("op", None, b"<b/>")


def test_a_large_raw_body_is_hashed_as_it_is() -> None:
    """Looking through it would take too long."""
    assert fingerprint("op", None, b"a" * 1_000_000) != fingerprint("op", None, b"a" * 1_000_001)


def test_input_and_raw_body_are_told_apart() -> None:
    """Lengths are part of the hash."""
    assert digest("op", "a") != digest("op", None, b'"a"')
    assert digest("op1", None, b"2") != digest("op", None, b"12")
    assert digest("\ud800", None) != digest("\ud801", None)


ODD = st.floats() | st.integers(2**53 - 2, 2**53 + 2) | st.text(max_size=30) | st.uuids().map(str) | VALUES
NAMES = WORDS | st.sampled_from(["id", "jsonrpc", "nonce", "escrow_id", "created_at"]) | st.text(max_size=12)


@given(st.text(max_size=8), st.dictionaries(NAMES, ODD, max_size=6), st.binary(max_size=8))
def test_both_hashes_at_once_are_the_two(operation: str, value: dict[str, object], raw: bytes) -> None:
    """The short way of the usual input must not lead elsewhere."""
    assert hashes(operation, value, raw) == (fingerprint(operation, value, raw), digest(operation, value, raw))
