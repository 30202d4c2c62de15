"""Conditions on a field of an input or an answer: `amount: {gte: 10}`, `currency: USD`, `to: {exists: false}`.

Numbers compare as decimals, written as a number or as a decimal string: `"10.00"` meets `gte: 10`. A
field that is not there meets `exists: false` and nothing else.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Self, override

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainValidator,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema

from proxy_addons.exchange import JSON
from proxy_addons.rules.pattern import Pattern, compile_patterns, not_empty
from proxy_addons.rules.problem import listed, shown

_PLAIN = re.compile(r"\S{1,60}")
_DECIMAL = re.compile(r"-?\d{1,60}(\.\d{1,60})?([eE][-+]?\d{1,3})?")

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}

type Check = Callable[[JSON], bool]
"""Takes the whole input, answers for one field."""


class _Missing:
    """A field that is not there."""


_MISSING = _Missing()


def _bound(value: object) -> int | float | str:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        return value
    raise ValueError(f'{shown(value)} cannot be compared by size; write a number or a text, like 10 or "10.00"')


Bound = Annotated[int | float | str, PlainValidator(_bound), WithJsonSchema({"type": ["number", "string"]})]


class Predicate(BaseModel):
    """What one field must be. Several words in one predicate must all hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    eq: JSON = None
    """Equal to this value."""
    ne: JSON = None
    """There, and not equal to this value."""
    gt: Bound = 0
    """Above."""
    gte: Bound = 0
    """At least."""
    lt: Bound = 0
    """Below."""
    lte: Bound = 0
    """At most."""
    in_: Annotated[tuple[JSON, ...], AfterValidator(not_empty)] = Field(default=(), alias="in")
    """One of these values."""
    exists: bool = True
    """Whether the field must be there (null counts as there)."""
    matches: Pattern = ""
    """A glob or `/regex/` that its text matches."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("says nothing; write a value, or one of eq, ne, gt, gte, lt, lte, in, exists, matches")
        if not self.exists and self.model_fields_set != {"exists"}:
            raise ValueError("a field that is not there cannot meet another condition; `exists: false` stands alone")
        return self

    @model_serializer
    def written(self) -> dict[str, JSON]:
        """As a profile writes it: what was given, `eq: null` included."""
        given = self.model_fields_set
        written: dict[str, JSON] = {}
        for name, field in Predicate.model_fields.items():
            if name in given:
                value = getattr(self, name)
                written[field.alias or name] = list(value) if isinstance(value, tuple) else value
        return written

    def checks(self) -> list[Check]:
        """One test of the field's value for each word."""
        given = self.model_fields_set
        found: list[Check] = []
        if "eq" in given:
            found.append(_equals(self.eq))
        if "ne" in given:
            equal = _equals(self.ne)
            found.append(lambda value: not equal(value))
        if "in_" in given:
            options = [_equals(option) for option in self.in_]
            found.append(lambda value: any(option(value) for option in options))
        if self.matches:
            test = compile_patterns([self.matches])
            found.append(lambda value: (text := _text(value)) is not None and test(text))
        found.extend(_compares(getattr(self, word), order) for word, order in _ORDERS.items() if word in given)
        return found

    @override
    def __str__(self) -> str:
        signs = {
            "eq": "is",
            "ne": "is not",
            "gt": "is above",
            "gte": "is at least",
            "lt": "is below",
            "lte": "is at most",
        }
        words = signs | {"in_": "is one of", "matches": "matches"}
        parts = [f"{words[word]} {_said(getattr(self, word))}" for word in words if word in self.model_fields_set]
        return " and ".join(parts) or ("is there" if self.exists else "is not there")


def _read(value: object) -> object:
    if isinstance(value, (dict, Predicate)):
        return value
    return {"in": value} if isinstance(value, (list, tuple)) else {"eq": value}


def _path(path: str) -> str:
    if not path.strip("/") or ".." in path or path[-1] == ".":
        raise ValueError(f"{shown(path)} names no field; write a dotted path, a.b.0, or a JSON pointer, /a/b/0")
    return path


class _OrValue:
    """The JSON Schema of `_read`: a predicate, or a value, or a list of values."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": ["string", "number", "boolean", "null"]}, {"type": "array"}, handler(schema)]}


Predicates = Annotated[
    dict[Annotated[str, AfterValidator(_path)], Annotated[Predicate, BeforeValidator(_read), _OrValue()]],
    AfterValidator(not_empty),
]
"""Field path → predicate, or a value that it equals, or a list of such values."""


def compile_predicates(predicates: Mapping[str, Predicate]) -> tuple[Check, ...]:
    """One test of the whole for each field."""
    return tuple(_field(_steps(path), predicate) for path, predicate in predicates.items())


def _field(steps: tuple[str, ...], predicate: Predicate) -> Check:
    checks, wanted = predicate.checks(), predicate.exists

    def check(root: JSON) -> bool:
        value = _resolve(steps, root)
        if isinstance(value, _Missing):
            return not wanted
        for holds in checks:  # a generator costs half a microsecond
            if not holds(value):
                return False
        return wanted

    return check


def _steps(path: str) -> tuple[str, ...]:
    if path.startswith("/"):  # RFC 6901
        return tuple(step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/"))
    return tuple(path.split("."))


def _resolve(steps: tuple[str, ...], value: JSON) -> JSON | _Missing:
    for step in steps:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and len(step) < 9 and int(step) < len(value):
            value = value[int(step)]
        else:
            return _MISSING
    return value


def _decimal(value: JSON) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if _DECIMAL.fullmatch(value) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    return Decimal(repr(value)) if isinstance(value, float) and math.isfinite(value) else None


def _text(value: JSON) -> str | None:
    if isinstance(value, str):
        return value
    number = _decimal(value)
    return None if number is None or isinstance(value, (list, dict)) else str(number)


def _equals(wanted: JSON) -> Check:
    """Two texts are equal as decimals only when one has a point: `"10.0"` is `"10.00"`, `"007"` is not `"7"`."""
    number = _decimal(wanted)

    def equal(value: JSON) -> bool:
        if isinstance(value, bool) or isinstance(wanted, bool):
            return value is wanted
        if value == wanted:
            return True
        texts = isinstance(value, str) and isinstance(wanted, str)
        if number is None or (texts and "." not in f"{value}{wanted}"):
            return False
        return _decimal(value) == number

    return equal


def _compares(bound: float | str, order: Callable[[Any, Any], bool]) -> Check:
    """Decimals by size; a text that is no decimal, such as a date, by its letters."""
    number = _decimal(bound)
    if number is None:
        return lambda value: isinstance(value, str) and order(value, bound)
    return lambda value: (found := _decimal(value)) is not None and order(found, number)


def _said(value: object) -> str:
    """A value within a sentence: a plain word needs no quotes."""
    if isinstance(value, tuple):
        return listed(map(_said, value), "or")
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else shown(value)
