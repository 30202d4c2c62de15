from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from proxy_addons.exchange import JSON
from proxy_addons.rules.predicate import Predicate, Predicates, compile_predicates

FIELDS: TypeAdapter[dict[str, Predicate]] = TypeAdapter(Predicates)


def holds(written: object, value: JSON) -> bool:
    """Whether `{a: <written>}` holds for the input `{a: <value>}`."""
    checks = compile_predicates(FIELDS.validate_python({"a": written}))
    return all(check({"a": value}) for check in checks)


@pytest.mark.parametrize(
    ("written", "value", "expected"),
    [
        ({"gte": 10}, "10.00", True),
        ({"gte": 10}, "9.99", False),
        ({"gt": "10.00"}, 10, False),
        ({"gt": 0.1}, 0.3 - 0.2, False),  # 0.09999999999999998
        ({"lt": 10}, "9.999999999999999999999", True),
        ({"lte": "1e1"}, 10.0, True),
        ({"gt": 1, "lt": 5}, 3, True),
        ({"gt": 1, "lt": 5}, 5, False),
        ({"gte": 10}, True, False),
        ({"gte": 10}, None, False),
        ({"gte": 10}, "ten", False),
        ({"gte": 10}, [11], False),
        ({"gte": 10}, float("nan"), False),
        ({"gte": 10}, float("inf"), False),
        ({"gte": 10}, 10**5000, True),
        ({"gte": 10}, "9" * 100_000, False),
        ({"gt": "2025-01-31"}, "2025-02-01", True),
        ({"gt": "2025-01-31"}, 3, False),
    ],
    ids=range(18),
)
def test_sizes_compare_as_decimals(written: object, value: JSON, *, expected: bool) -> None:
    """However a number is written; what is no number compares with nothing, dates by their letters."""
    assert holds(written, value) is expected


@pytest.mark.parametrize(
    ("written", "value", "expected"),
    [
        ("USD", "USD", True),
        ("USD", "usd", False),
        (10, "10.00", True),
        ("10.0", "10.00", True),
        ("10.0", 10, True),
        ("007", "7", False),
        ("7", 7, True),
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (0, False, False),
        (None, None, True),
        ({"eq": None}, 0, False),
        ({"eq": {"b": [1]}}, {"b": [1]}, True),
        ({"ne": "USD"}, "EUR", True),
        ({"ne": 10}, "10.0", False),
        (["USD", "EUR"], "EUR", True),
        (["USD", "EUR"], "GBP", False),
        ({"in": [1, 2]}, "2.0", True),
        ({"eq": 1}, {"x": 1}, False),
    ],
    ids=range(20),
)
def test_equality_knows_amounts_from_names(written: object, value: JSON, *, expected: bool) -> None:
    """`"10.0"` is `"10.00"`, but `"007"` is not `"7"`; true is no number."""
    assert holds(written, value) is expected


@pytest.mark.parametrize(
    ("written", "value", "expected"),
    [
        ({"matches": "esc-*"}, "esc-1", True),
        ({"matches": "/[0-9]{3}$/"}, 12345, True),
        ({"matches": "*"}, None, False),
        ({"matches": "*"}, True, False),
        ({"matches": "*"}, {}, False),
        ({"exists": True}, None, True),
        ({"exists": False}, None, False),
    ],
    ids=range(7),
)
def test_texts_match_and_fields_exist(written: object, value: JSON, *, expected: bool) -> None:
    """Numbers have a text, null and structures have none; null is there."""
    assert holds(written, value) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", True),
        ("b.c", True),
        ("b.d.0.e", True),
        ("/b/d/0/e", True),
        ("/b/x~1y", True),
        ("/b/t~0", True),
        ("f.g", False),
        ("b.d.1.e", False),
        ("b.d.x", False),
        ("a.b", False),
        ("b.d.²", False),
    ],
)
def test_paths_lead_to_fields(path: str, *, expected: bool) -> None:
    """Dotted or as JSON pointers, through lists too."""
    value: JSON = {"a": 1, "b": {"c": 1, "d": [{"e": 1}], "x/y": 1, "t~": 1}}
    checks = compile_predicates(FIELDS.validate_python({path: {"exists": True}}))

    assert all(check(value) for check in checks) is expected


@pytest.mark.parametrize("root", [None, [], {}, "x", 3])
@pytest.mark.parametrize("written", ["x", {"ne": "x"}, {"gt": 0}, {"matches": "*"}, {"exists": True}], ids=range(5))
def test_a_field_that_is_not_there_meets_nothing(root: JSON, written: object) -> None:
    """Whatever the input is, and not even `ne`."""
    checks = compile_predicates(FIELDS.validate_python({"a": written}))

    assert not any(check(root) for check in checks)


def test_a_field_that_is_not_there_meets_exists_false() -> None:
    """And that alone."""
    (check,) = compile_predicates(FIELDS.validate_python({"a": {"exists": False}}))

    assert check({})
    assert not check({"a": 1})


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"gt": None},
        {"gt": True},
        {"gt": [1]},
        {"in": []},
        {"in": "a"},
        {"matches": ""},
        {"matches": "/(/"},
        {"above": 3},
        [],
    ],
    ids=range(10),
)
def test_what_is_no_predicate_is_refused(written: object) -> None:
    """An empty one would say nothing."""
    with pytest.raises(ValidationError):
        FIELDS.validate_python({"a": written})


def test_exists_false_stands_alone() -> None:
    """No value can meet both."""
    with pytest.raises(ValidationError, match="stands alone"):
        FIELDS.validate_python({"a": {"exists": False, "gt": 3}})


@pytest.mark.parametrize("path", ["", "/", "a..b", "a.", "//"])
def test_what_is_no_path_is_refused(path: str) -> None:
    """A path names a field."""
    with pytest.raises(ValidationError, match="names no field"):
        FIELDS.validate_python({path: 1})


WORDS = st.fixed_dictionaries(
    {},
    optional={
        "eq": st.none() | st.integers() | st.text(),
        "ne": st.none() | st.booleans(),
        "gt": st.integers() | st.sampled_from(["1.0", "x"]),
        "lte": st.floats(allow_nan=False, allow_infinity=False),
        "in": st.lists(st.none() | st.text(), min_size=1, max_size=3),
        "matches": st.just("a*"),
    },
).filter(bool)


@given(WORDS)
def test_what_was_read_is_written_back(written: Mapping[str, object]) -> None:
    """`eq: null` included, which is no default."""
    fields = FIELDS.validate_python({"a": written})

    assert FIELDS.dump_python(fields, mode="json", exclude_defaults=True) == {"a": written}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"gte": 10, "lt": "100"}, "is at least 10 and is below 100"),
        (["USD", "two words"], 'is one of USD or "two words"'),
        ({"exists": False}, "is not there"),
        ({"exists": True}, "is there"),
        (None, "is null"),
    ],
    ids=range(5),
)
def test_predicates_in_words(written: object, expected: str) -> None:
    """The end of a sentence about the field."""
    assert str(FIELDS.validate_python({"a": written})["a"]) == expected
