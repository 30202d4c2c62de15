"""Pydantic's findings in plain sentences: what is wrong; what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from proxy_addons.rules.problem import did_you_mean, listed, shown

_NOUNS = {
    "int": "a whole number",
    "float": "a number",
    "decimal": "a decimal number",
    "string": "text",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "named": "a list",
    "iterable": "a list",
    "deque": "a list",
    "counter": "a mapping of keys to values",
    "set": "a list",
    "dict": "a mapping of keys to values",
    "mapping": "a mapping of keys to values",
    "model": "a mapping of keys to values",
    "dataclass": "a mapping of keys to values",
    "bytes": "text",
    "url": "a URL",
    "date": "a date",
    "datetime": "a date and time",
    "time": "a time",
    "none": "null",
}
_KIND = re.compile(r"\w+_(type|parsing|parsing_size|from_float)")

_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("ge", "is too small; at least {} is allowed"),
    "greater_than": ("gt", "is too small; it must be above {}"),
    "less_than_equal": ("le", "is too large; at most {} is allowed"),
    "less_than": ("lt", "is too large; it must be below {}"),
    "multiple_of": ("multiple_of", "is not allowed; it must be a multiple of {}"),
}


def sentence(error: ErrorDetails, allowed: Iterable[str] = ()) -> str:
    """One finding in words. `allowed` are the keys that the mapping takes, for a key that it does not."""
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        limit = context.get(name)
        return f"{shown(value)} {words.format(f'{limit:.10g}' if isinstance(limit, float) else limit)}"
    if kind in _FIXED:
        return _FIXED[kind](error, context, tuple(allowed))
    if _KIND.fullmatch(kind):
        return _wrong_type(kind, value)
    return _cleaned(error["msg"])


def _wrong_type(kind: str, value: object) -> str:
    wanted = next((_NOUNS[part] for part in kind.split("_") if part in _NOUNS), "of the kind that is wanted here")
    if value is None:
        return f"is empty; write {wanted}"
    hint = "; put it in quotes" if wanted == "text" and isinstance(value, (bool, int, float)) else ""
    return f"{shown(value)} is not {wanted}{hint}"


def _unknown_key(error: ErrorDetails, _: Mapping[str, Any], allowed: tuple[str, ...]) -> str:
    key = str(error["loc"][-1]) if error["loc"] else ""
    return f"unknown key{did_you_mean(key, allowed)}" + (f"; allowed are {listed(allowed)}" if allowed else "")


def _no_choice(error: ErrorDetails, context: Mapping[str, Any], _: tuple[str, ...]) -> str:
    expected = str(context.get("expected") or context.get("expected_tags") or "")
    options = re.findall(r"'([^']*)'", expected) or [expected]
    value = context.get("tag", error["input"])
    return f"{shown(value)} is not allowed{did_you_mean(str(value), options)}; write {listed(options, 'or')}"


def _length(error: ErrorDetails, context: Mapping[str, Any], _: tuple[str, ...]) -> str:
    if not error["input"]:
        return "is empty; write at least one entry" if error["type"] == "too_short" else "is empty; write some text"
    if "min_length" in context:
        return f"is too short; at least {context['min_length']} are needed"
    return f"is too long; at most {context.get('max_length')} are allowed"


def _own_words(error: ErrorDetails, context: Mapping[str, Any], _: tuple[str, ...]) -> str:
    return str(context.get("error") or error["msg"].partition(", ")[2])


def _cleaned(message: str) -> str:
    """What is left: pydantic's own words, as far as they speak of the file."""
    cleaned = re.sub(r"^(Decimal )?(Input|input|Value) should (be|have|match)", r"must \3", message)
    return re.sub(r"\b[Ii]nput\b", "the value", cleaned).replace("None", "null")


_FIXED: Mapping[str, Callable[[ErrorDetails, Mapping[str, Any], tuple[str, ...]], str]] = {
    "missing": lambda *_: "is missing; it is needed here",
    "extra_forbidden": _unknown_key,
    "literal_error": _no_choice,
    "enum": _no_choice,
    "union_tag_invalid": _no_choice,
    "union_tag_not_found": lambda _, context, __: (
        f"{context.get('discriminator', 'a key')} is missing; it tells the kind"
    ),
    "string_too_short": _length,
    "string_too_long": _length,
    "too_short": _length,
    "too_long": _length,
    "string_pattern_mismatch": lambda error, context, _: (
        f"{shown(error['input'])} does not have the form {context.get('pattern')}"
    ),
    "finite_number": lambda error, *_: f"{shown(error['input'])} is no finite number",
    "value_error": _own_words,
    "assertion_error": _own_words,
}
