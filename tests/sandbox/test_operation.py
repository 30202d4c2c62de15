from __future__ import annotations

from typing import Any

import pytest

from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.operation import DEEPEST, Books, Input, Operation, Output, Reply, Situation, read_metadata


class Add(Input):
    """Two numbers."""

    left: int
    right: int = 1


def add(books: Books, asked: Add, situation: Situation) -> Reply:
    """Add them to the time."""
    assert books is not None
    return Reply(asked.left + asked.right + situation.now)


ADD = Operation(Add, add, Output)
HERE = Situation(100.0, "a")


def nested(levels: int) -> dict[str, Any]:
    """An object of so many levels."""
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": [], "b": value}
    return value


def test_an_operation_reads_and_does(books: Books) -> None:
    """With what the call brings along."""
    assert Reply(108.0) == ADD(books, {"left": 3, "right": 5}, HERE)


def test_defaults_stand_in(books: Books) -> None:
    """For what is not given."""
    assert Reply(104.0) == ADD(books, {"left": 3}, HERE)


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({}, "Object missing required field `left`"),
        ({"left": 1, "middle": 2}, "Object contains unknown field `middle`"),
        ({"left": "1"}, "Expected `int`, got `str` - at `$.left`"),
        ({"left": True}, "Expected `int`, got `bool` - at `$.left`"),
        ({"left": None}, "Expected `int`, got `null` - at `$.left`"),
    ],
)
def test_a_wrong_input_is_refused(books: Books, given: dict[str, Any], detail: str) -> None:
    """422, naming the field."""
    with pytest.raises(SandboxError) as refusal:
        ADD(books, given, HERE)
    assert (refusal.value.code, refusal.value.detail) == ("validation-error", detail)


def test_unknown_fields_can_be_passed_over(books: Books) -> None:
    """As the guide's dialect and a query do."""
    assert Reply(102.0) == ADD(books, {"left": 1, "middle": 2}, HERE, lax=True)


def test_numbers_can_be_read_from_text(books: Books) -> None:
    """A query has nothing else."""
    assert Reply(113.0) == ADD(books, {"left": "12"}, HERE, text=True)


def test_the_header_s_key_comes_before_the_input_s() -> None:
    """And an empty situation leaves it to the input."""
    assert Situation(0.0, "a", "header").key("input") == "header"
    assert Situation(0.0, "a").key("input") == "input"
    assert Situation(0.0, "a").key(None) is None


def test_metadata_is_taken_as_it_is() -> None:
    """Up to a depth that every reader can bear."""
    assert read_metadata(None) is None
    assert nested(DEEPEST) == read_metadata(nested(DEEPEST))


def test_metadata_that_is_too_deep_is_refused() -> None:
    """It could not be written again within a list of escrows."""
    with pytest.raises(SandboxError, match="at most 32 levels"):
        read_metadata(nested(DEEPEST + 1))
