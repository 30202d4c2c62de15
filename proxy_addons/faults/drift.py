"""How a schema drifts: other types of a value, another case of keys. Not a fault itself."""

from __future__ import annotations

import re
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
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")


def retyped(value: JsonText, kind: Type) -> str:
    """The JSON text of the value as another type; numbers keep their digits where the type has room for them."""
    source = value.source
    if value.kind == kind:
        return source
    match kind:
        case "string":
            return write("" if value.kind == "null" else source)
        case "array":
            return f"[{source}]"
        case "object":
            return f'{{"value": {source}}}'
        case "boolean":
            return "false" if source in {"0", '""', "null", '"false"', "[]", "{}"} else "true"
        case "number" | "integer":
            text = str(value.value) if value.kind == "string" else source
            text = {"true": "1", "false": "0"}.get(text, text)
            number = _NUMBER.fullmatch(text)
            if number is None:
                return "0"
            return text if kind == "number" else number[0].partition(".")[0].partition("e")[0].partition("E")[0]


def in_case(key: str, case: Case) -> str:
    """The key in another case; what has no words in it stays."""
    words = [word.lower() for word in _WORD.findall(key)]
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
