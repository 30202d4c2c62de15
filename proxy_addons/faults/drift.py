"""How a schema drifts: other types of a value, another case of keys. Not a fault itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Literal

from proxy_addons.json_text import JsonText, write

type Type = Literal["string", "number", "integer", "boolean", "array", "object"]
type Case = Literal["camel", "pascal", "snake", "kebab", "upper"]

CASES: dict[Case, str] = {
    "camel": "camelCase",
    "pascal": "PascalCase",
    "snake": "snake_case",
    "kebab": "kebab-case",
    "upper": "UPPER_CASE",
}

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+|[eE]\+?[0-9]{1,2})?")


def retyped(value: JsonText, kind: Type) -> str:
    """The JSON text of the value as another type; numbers keep their digits where the type has room for them."""
    return value.source if value.kind == kind else _TYPES[kind](value)


def _string(value: JsonText) -> str:
    return write("" if value.kind == "null" else value.source)


def _boolean(value: JsonText) -> str:
    return "false" if value.source in {"0", '""', "null", '"false"', "[]", "{}"} else "true"


def _number(value: JsonText) -> str:
    text = str(value.value) if value.kind == "string" else value.source
    text = {"true": "1", "false": "0"}.get(text, text)
    return text if _NUMBER.fullmatch(text) else "0"


def _integer(value: JsonText) -> str:
    digits, point, _ = _number(value).partition(".")
    return digits if point or digits.lstrip("-").isdigit() else str(int(Decimal(digits)))


_TYPES: dict[Type, Callable[[JsonText], str]] = {
    "string": _string,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "array": lambda value: f"[{value.source}]",
    "object": lambda value: f'{{"value": {value.source}}}',
}


def in_case(key: str, case: Case) -> str:
    """The key in another case; what has no words in it stays."""
    words: list[str] = [word.lower() for word in _WORD.findall(key)]
    if not words:
        return key
    match case:
        case "snake":
            return "_".join(words)
        case "kebab":
            return "-".join(words)
        case "upper":
            return "_".join(words).upper()
        case "pascal":
            return "".join(word.capitalize() for word in words)
        case "camel":
            return words[0] + "".join(word.capitalize() for word in words[1:])


def change_case(value: JsonText, case: Case) -> bool:
    """Write all keys, at any depth, in this case; whether one changed."""
    changed = False
    for member in value.members:
        if value.kind == "object" and (key := in_case(member.key, case)) != member.key:
            member.rename(key)
            changed = True
        changed |= change_case(member.value, case)
    return changed
