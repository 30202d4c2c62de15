"""Ordinals and status codes, as a profile writes them: `3`, `3..5`, `3..`, `{every: 3}`, `5xx`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, override

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

from proxy_addons.rules.pattern import not_empty, one_or_many
from proxy_addons.rules.problem import shown

_RANGE = re.compile(r"([1-9]\d{0,8})\.\.([1-9]\d{0,8})?")
_CLASS = re.compile(r"([1-5])xx", re.IGNORECASE)
_LARGEST = 999_999_999


@dataclass(frozen=True, slots=True)
class Span:
    """Every `step`-th number from `first` to `last`, both included; no end when `last` is None."""

    first: int
    last: int | None
    step: int = 1

    def __contains__(self, number: int) -> bool:
        return (
            self.first <= number
            and (self.last is None or number <= self.last)
            and (self.step == 1 or (number - self.first) % self.step == 0)
        )

    def written(self) -> int | str | dict[str, int]:
        """As a profile writes it."""
        if self.step > 1:
            return {"every": self.step}
        if self.first == self.last:
            return self.first
        return f"{self.first}..{'' if self.last is None else self.last}"

    @override
    def __str__(self) -> str:
        return f"every {nth(self.step)}" if self.step > 1 else str(self.written())


def nth(number: int) -> str:
    """An ordinal: `1st`, `2nd`, `3rd`, `11th`."""
    ending = "th" if 11 <= number % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _number(value: object, lowest: int, highest: int) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and lowest <= value <= highest else None  # type: ignore[operator,return-value]  # it is an int


def _range(value: object, lowest: int, highest: int) -> Span | None:
    if isinstance(value, Span):
        return value
    if (number := _number(value, lowest, highest)) is not None:
        return Span(number, number)
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    first, last = int(match[1]), int(match[2]) if match[2] else None
    if last is not None and last < first:
        raise ValueError(f"{value} runs backwards; write {last}..{first}")
    if first < lowest or (last or first) > highest:
        return None
    return Span(first, last)


def _attempt(value: object) -> Span:
    if span := _range(value, 1, _LARGEST):
        return span
    raise ValueError(f"{shown(value)} is no attempt; write 1 for the first try, 2..4 for a range, 2.. for every retry")


def _call(value: object) -> Span:
    if span := _range(value, 1, _LARGEST):
        return span
    if isinstance(value, dict) and list(value) == ["every"]:
        step = _number(value["every"], 1, _LARGEST)
        if step is None:
            raise ValueError(f"every: {shown(value['every'])} is no whole number above 0")
        return Span(step, None, step)
    raise ValueError(f"{shown(value)} is no ordinal; write 3 for the third call, 3..5, 3.. or {{every: 3}}")


def _status(value: object) -> Span:
    if isinstance(value, str) and (match := _CLASS.fullmatch(value)):
        return Span(int(match[1]) * 100, int(match[1]) * 100 + 99)
    if span := _range(value, 100, 599):
        return span
    raise ValueError(f"{shown(value)} is no status; write 503, 500..504 or 5xx, between 100 and 599")


def _schema(*forms: dict[str, Any]) -> dict[str, Any]:
    return {"oneOf": [*forms, {"type": "array", "items": {"oneOf": list(forms)}, "minItems": 1}]}


_RANGE_FORM = {"type": "string", "pattern": r"^[1-9]\d*\.\.([1-9]\d*)?$", "examples": ["3..5", "3.."]}
_ORDINAL_FORM = {"type": "integer", "minimum": 1}
_EVERY_FORM = {
    "type": "object",
    "properties": {"every": _ORDINAL_FORM},
    "required": ["every"],
    "additionalProperties": False,
}
_STATUS_FORM = {"type": "integer", "minimum": 100, "maximum": 599}
_CLASS_FORM = {"type": "string", "pattern": "^[1-5][xX]{2}$", "examples": ["5xx"]}
_Written = PlainSerializer(Span.written)

Attempts = Annotated[
    tuple[Annotated[Span, PlainValidator(_attempt), _Written], ...],
    AfterValidator(not_empty),
    BeforeValidator(one_or_many),
    WithJsonSchema(_schema(_ORDINAL_FORM, _RANGE_FORM)),
]
"""Which tries of one call: `1`, `2..4`, or a list."""

Calls = Annotated[
    tuple[Annotated[Span, PlainValidator(_call), _Written], ...],
    AfterValidator(not_empty),
    BeforeValidator(one_or_many),
    WithJsonSchema(_schema(_ORDINAL_FORM, _RANGE_FORM, _EVERY_FORM)),
]
"""Which calls of an operation: `3`, `3..5`, `{every: 3}`, or a list."""

Statuses = Annotated[
    tuple[Annotated[Span, PlainValidator(_status), _Written], ...],
    AfterValidator(not_empty),
    BeforeValidator(one_or_many),
    WithJsonSchema(_schema(_STATUS_FORM, _RANGE_FORM, _CLASS_FORM)),
]
"""Which status codes: `503`, `500..504`, `5xx`, or a list."""


def any_of(spans: tuple[Span, ...], number: int) -> bool:
    """Whether `number` lies in one of `spans`."""
    return any(number in span for span in spans)
