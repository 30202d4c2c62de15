"""How a schema drifts: types and cases."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.exchange import JSON
from proxy_addons.faults.drift import CASES, Case, Type, change_case, in_case, retyped
from proxy_addons.json_text import JsonText, write


@pytest.mark.parametrize(
    ("source", "kind", "expected"),
    [
        ("275.0", "string", '"275.0"'),
        ('"275.0"', "number", "275.0"),
        ('"12345678901234567890.10"', "number", "12345678901234567890.10"),
        ("275.5", "integer", "275"),
        ("2e3", "integer", "2000"),
        ("7", "integer", "7"),
        ('"007"', "number", "0"),
        ('"x"', "integer", "0"),
        ("true", "number", "1"),
        ("false", "integer", "0"),
        ("null", "string", '""'),
        ('{"a": 1.0}', "string", '"{\\"a\\": 1.0}"'),
        ("0", "boolean", "false"),
        ('"no"', "boolean", "true"),
        ("275.0", "array", "[275.0]"),
        ("275.0", "object", '{"value": 275.0}'),
        ("true", "boolean", "true"),
    ],
)
def test_a_value_is_written_as_another_type(source: str, kind: Type, expected: str) -> None:
    """Digits stay where there is room for them."""
    assert retyped(JsonText(source), kind) == expected


KINDS: dict[Type, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(VALUES | st.lists(VALUES) | st.dictionaries(st.text(), VALUES), st.sampled_from(sorted(KINDS)))
def test_the_type_is_the_one_that_was_asked_for(value: JSON, kind: Type) -> None:
    """Whatever it was before."""
    found = json.loads(retyped(JsonText(write(value)), kind))
    assert isinstance(found, KINDS[kind])
    assert kind == "boolean" or not isinstance(found, bool)


@pytest.mark.parametrize(
    ("key", "case", "expected"),
    [
        ("created_at", "camel", "createdAt"),
        ("created_at", "pascal", "CreatedAt"),
        ("createdAt", "snake", "created_at"),
        ("CreatedAt", "kebab", "created-at"),
        ("created-at", "upper", "CREATED_AT"),
        ("agentID", "snake", "agent_id"),
        ("v2Status", "snake", "v_2_status"),
        ("_", "camel", "_"),
    ],
)
def test_a_key_is_written_in_another_case(key: str, case: Case, expected: str) -> None:
    """Its words stay."""
    assert in_case(key, case) == expected


@given(st.lists(st.from_regex(r"[a-z]+", fullmatch=True), min_size=1), st.sampled_from(sorted(CASES)))
def test_snake_case_comes_back(words: list[str], case: Case) -> None:
    """From any case, when its words are letters alone."""
    key = "_".join(words)
    assert in_case(in_case(key, case), "snake") == key or any(len(word) == 1 for word in words)


def test_all_keys_change_at_any_depth() -> None:
    """Values do not; and it says whether one did."""
    root = JsonText('{"a_b": [{"c_d": "e_f"}], "x": 275.0}')
    assert change_case(root, "camel")
    assert root.source == '{"aB": [{"cD": "e_f"}], "x": 275.0}'
    assert not change_case(root, "camel")
