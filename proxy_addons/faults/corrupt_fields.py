"""Corrupt fields: values of the answer are wrong, and their types are right.

The rules are those of the guide's ChaosInjector: a number in a string and a number change their sign,
another string is written backwards, true and false change places, lists and objects are emptied, null
stays. All digits stay: `"25.00"` becomes `"-25.00"`. (The guide checks numbers before booleans, so that its
`true` becomes -1; here booleans come first.)

What the client sees, on HTTP/1.1 and HTTP/2 alike: a complete answer of valid JSON that meets its schema
and lies. The content encoding stays, Content-Length is mended, other fields are byte for byte as they were.
"""

from __future__ import annotations

import re
from typing import ClassVar, override

from pydantic import Field

from proxy_addons.faults.json_edit import Changes, JsonEdit, nothing_at
from proxy_addons.fields import FieldPaths, find
from proxy_addons.json_text import JsonText, write
from proxy_addons.rules.draw import Draw

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class CorruptFields(JsonEdit):
    """Change values and keep their types."""

    shorthand: ClassVar[str | None] = "fields"

    fields: FieldPaths = Field(min_length=1, description="fields to corrupt")

    @override
    def describe(self) -> str:
        return f"the answer has wrong values in {', '.join(self.fields)}"

    @override
    def change(self, root: JsonText, draw: Draw) -> Changes:
        changes = Changes()
        for path in self.fields:
            found = find(path, root)
            for one in found:
                before, after = one.value.source, corrupted(one.value)
                if JsonText(after).value == one.value.value:  # zero, a palindrome, an empty list, null
                    changes.missed.append(f"{one.place} stays {_short(before)}: its rule does not change it")
                else:
                    one.value.replace(after)
                    changes.done.append(f"{one.place}: {_short(before)} → {_short(after)}")
            if not found:
                changes.missed.append(nothing_at(path))
        return changes


def corrupted(value: JsonText) -> str:
    """The JSON text of another value of the same type."""
    source = value.source
    match value.kind:
        case "boolean":
            return "false" if source == "true" else "true"
        case "number":
            return _negated(source)
        case "string":
            text = str(value.value)
            return write(_negated(text) if _NUMBER.fullmatch(text) else text[::-1])
        case "array":
            return "[]"
        case "object":
            return "{}"
        case "null":
            return source


def _negated(number: str) -> str:
    if number == "NaN":  # no JSON, but some write it
        return number
    return number[1:] if number.startswith("-") else f"-{number}"


def _short(source: str) -> str:
    return source if len(source) <= 40 else f"{source[:39]}…"
