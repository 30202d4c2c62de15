import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from proxy_addons.rules.span import Attempts, Calls, Span, Statuses, any_of, nth

ATTEMPTS: TypeAdapter[tuple[Span, ...]] = TypeAdapter(Attempts)
CALLS: TypeAdapter[tuple[Span, ...]] = TypeAdapter(Calls)
STATUSES: TypeAdapter[tuple[Span, ...]] = TypeAdapter(Statuses)


@pytest.mark.parametrize(
    ("written", "hits"),
    [
        (3, [3]),
        ("3..5", [3, 4, 5]),
        ("8..", [8, 9, 10]),
        ({"every": 3}, [3, 6, 9]),
        ({"every": 1}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ([1, "4..5", {"every": 5}], [1, 4, 5, 10]),
    ],
    ids=range(6),
)
def test_ordinals_of_calls(written: object, hits: list[int]) -> None:
    """Single ones, ranges with and without an end, every n-th, and lists of these."""
    spans = CALLS.validate_python(written)

    assert [number for number in range(1, 11) if any_of(spans, number)] == hits


@pytest.mark.parametrize(
    ("written", "hits"),
    [
        (503, [503]),
        ("500..502", [500, 501, 502]),
        ("4XX", [400, 404, 429, 499]),
        ([200, "5xx"], [200, 500, 501, 502, 503]),
    ],
    ids=range(4),
)
def test_status_codes(written: object, hits: list[int]) -> None:
    """Codes, ranges and classes."""
    spans = STATUSES.validate_python(written)

    assert [code for code in (200, 301, 400, 404, 429, 499, 500, 501, 502, 503) if any_of(spans, code)] == hits


@pytest.mark.parametrize(
    "value", [0, -1, True, 1.5, "1", "5..3", "0..3", "a", {"every": 0}, {"each": 3}, {}, [], None, 10**12]
)
def test_what_is_no_ordinal_is_refused(value: object) -> None:
    """Counting starts at 1."""
    with pytest.raises(ValidationError):
        CALLS.validate_python(value)


@pytest.mark.parametrize("value", [{"every": 2}, 0, "first"])
def test_what_is_no_attempt_is_refused(value: object) -> None:
    """A retry is the n-th try of one call: every n-th makes no sense."""
    with pytest.raises(ValidationError, match="is no attempt"):
        ATTEMPTS.validate_python(value)


@pytest.mark.parametrize("value", [99, 600, "6xx", "xxx", "500..700", None])
def test_what_is_no_status_is_refused(value: object) -> None:
    """HTTP knows 100 to 599."""
    with pytest.raises(ValidationError, match="is no status"):
        STATUSES.validate_python(value)


ITEMS = (
    st.integers(1, 50)
    | st.tuples(st.integers(1, 50), st.integers(0, 9)).map(lambda pair: f"{pair[0]}..{pair[0] + pair[1]}")
    | st.integers(1, 50).map(lambda first: f"{first}..")
    | st.integers(1, 50).map(lambda step: {"every": step})
)


@given(st.lists(ITEMS, min_size=1, max_size=4))
def test_what_was_read_is_written_back(written: list[object]) -> None:
    """The written form means the same ordinals."""
    spans = CALLS.validate_python(written)

    assert CALLS.validate_python(CALLS.dump_python(spans, mode="json")) == spans


def test_spans_and_ordinals_in_words() -> None:
    """As reasons and explanations show them."""
    assert [str(span) for span in CALLS.validate_python([1, "2..4", "5..", {"every": 3}])] == [
        "1",
        "2..4",
        "5..",
        "every 3rd",
    ]
    assert [nth(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th",
    ]  # fmt: skip
