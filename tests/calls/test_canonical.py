import json
import math

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.calls.canonical import MAX_DEPTH, canonical
from proxy_addons.exchange import JSON

SAFE_INTS = st.integers(-(2**53) + 1, 2**53 - 1)
SCALARS = st.none() | st.booleans() | SAFE_INTS | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def nested(depth: int, leaf: JSON = 1) -> JSON:
    """A value inside so many lists."""
    for _ in range(depth):
        leaf = [leaf]
    return leaf


@given(VALUES)
def test_it_is_rfc_8785_wherever_that_has_an_answer(value: JSON) -> None:
    """Whichever of the ways it took."""
    assert canonical(value) == rfc8785.dumps(value)


@given(st.text(), st.text(st.characters(max_codepoint=127)))
def test_the_fast_form_escapes_as_the_rfc_does(text: str, key: str) -> None:
    """ASCII keys and any text take the fast way."""
    assert canonical({key: text}) == rfc8785.dumps({key: text})


def test_a_whole_float_is_the_whole_number() -> None:
    """RFC 8785 writes numbers as ECMAScript does."""
    assert canonical({"amount": 275.0}) == canonical({"amount": 275}) == b'{"amount":275}'


def test_a_number_is_not_its_text() -> None:
    """Quotes stay."""
    assert canonical("275.0") != canonical(275.0)


def test_keys_sort_by_utf_16() -> None:
    """RFC 8785, 3.2.3: not by code point."""
    assert canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


UNWRITABLE: list[JSON] = [
    2**53,
    2**53 + 1,
    -(2**53),
    2**64,
    10**5000,
    10**5000 + 1,
    math.nan,
    math.inf,
    -math.inf,
    "\ud800",
    "\udfff",
    {"\ud800": 1},
    {"\ud800": 2},
    {"a": 2**60, "b": 275},
    {"a": 2**60, "b": 276},
    {"a": [2**60]},
    [[2**60]],
    [2**60, []],
    [[2**60], []],
    {"a": 2**60, "b": None},
    {"a": 2**60, "b": False},
    {"a": 2**60, "b": "None"},
    nested(100),
    nested(101),
    nested(4000),
    nested(4000, 2),
    {"deep": nested(4000)},
]


def test_what_the_rfc_cannot_write_still_differs() -> None:
    """And cannot be taken for a JSON text."""
    forms = [canonical(value) for value in UNWRITABLE]

    assert len(set(forms)) == len(UNWRITABLE)
    assert all(form.startswith(b"\x00") for form in forms)


@pytest.mark.parametrize("value", [{"a": 2**60, "b": 1}, {"a": nested(100), "b": 1}])
def test_key_order_does_not_matter_beyond_the_rfc(value: dict[str, JSON]) -> None:
    """The other form is canonical too."""
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_a_whole_float_is_the_whole_number_beyond_the_rfc() -> None:
    """One big number must not change what the others mean."""
    assert canonical([2**60, 275.0]) == canonical([2**60, 275])


def test_depth_up_to_the_limit_is_written_by_the_rfc() -> None:
    """On the fast way and on the slow one."""
    assert canonical(nested(MAX_DEPTH)) == b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH
    assert canonical(nested(MAX_DEPTH, 0.5)) == rfc8785.dumps(nested(MAX_DEPTH, 0.5))


@given(VALUES, VALUES)
def test_two_values_share_a_form_only_when_they_are_equal(one: JSON, other: JSON) -> None:
    """Equal as JSON: Python's `1 == True` is not."""

    def as_json(value: JSON) -> JSON:  # Python's 1 == True and 1 == 1.0
        return json.loads(rfc8785.dumps(value))  # type: ignore[no-any-return]  # JSON

    same = msgspec.json.encode(as_json(one), order="sorted") == msgspec.json.encode(as_json(other), order="sorted")
    assert (canonical(one) == canonical(other)) == same
