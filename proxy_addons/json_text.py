"""JSON that is edited as text: what is not touched keeps every byte, from `275.0` to the blanks.

A value is split into its members only where somebody looks inside; the rest stays a slice of the text.

Rules it keeps:
- What was read and not edited is written back byte for byte.
- Numbers are never read into floats: they move, if at all, as the text that they were.
- Of a key that stands twice, the last one is meant, as with every reader of JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from proxy_addons.exchange import JSON

type Kind = Literal["object", "array", "string", "number", "boolean", "null"]

_KINDS: dict[str, Kind] = {"{": "object", "[": "array", '"': "string", "t": "boolean", "f": "boolean", "n": "null"}
_SCANNER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, strict=False)
_DIGITS = 4000
"""Python reads whole numbers of at most 4,300 digits."""
_BLANK = re.compile(r"[ \t\n\r]*")


def write(value: JSON) -> str:
    """A value as JSON text; letters as they are, unless they cannot be encoded."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isascii() or _encodable(text) else json.dumps(value)


def _int(digits: str) -> float:
    """A whole number; one that Python would refuse to read, for its length, as a float."""
    return int(digits) if len(digits) < _DIGITS else float(digits)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(eq=False, slots=True)
class Member:
    """A value within an object or an array. `label` is its key with the colon, as written; empty in an array."""

    before: str
    key: str
    label: str
    value: JsonText
    after: str

    def rename(self, key: str) -> None:
        """Give it another key."""
        self.label = write(key) + self.label[_SCANNER.raw_decode(self.label)[1] :]
        self.key = key


class JsonText:
    """One value, as its text."""

    __slots__ = ("_inside", "_members", "_source")

    def __init__(self, source: str) -> None:
        self._source = source
        self._members: list[Member] | None = None
        self._inside = ""

    @property
    def kind(self) -> Kind:
        """What it is."""
        return _KINDS.get(self._source[0], "number")

    @property
    def source(self) -> str:
        """Its text as it stands now."""
        if self._members is None:
            return self._source
        texts = (f"{one.before}{one.label}{one.value.source}{one.after}" for one in self._members)
        return f"{self._source[0]}{','.join(texts) or self._inside}{self._source[-1]}"

    @property
    def value(self) -> JSON:
        """It, read as any reader of JSON would."""
        read: JSON = json.loads(self.source, parse_int=_int)
        return read

    @property
    def members(self) -> list[Member]:
        """What is in it, in order; nothing in what is no object or array."""
        if self._members is None:
            if self.kind not in {"object", "array"}:
                return []
            self._members = self._split()
        return self._members

    def member(self, step: str) -> Member | None:
        """The member with this key, or at this index."""
        if self.kind == "array":
            numbered = step.isascii() and step.isdigit() and len(step) < 9
            return self.members[int(step)] if numbered and int(step) < len(self.members) else None
        return next((one for one in reversed(self.members) if one.key == step), None)

    def replace(self, text: str) -> None:
        """Put other JSON in its place."""
        self._source, self._members = text, None

    def drop(self, member: Member) -> None:
        """Take a member out; the layout closes up behind it."""
        at = self.members.index(member)
        del self.members[at]
        if not self.members:
            self._inside = ""
        elif at == len(self.members):
            self.members[-1].after = member.after

    def add(self, key: str, text: str) -> Member:
        """Put a member last, laid out like its neighbour. `key` counts for nothing in an array."""
        label = "" if self.kind == "array" else f"{write(key)}: "
        new = Member("", key, label, JsonText(text), "")
        if self.members:
            last = self.members[-1]
            many = len(self.members) > 1
            alone = last.before or (" " if last.label.endswith(" ") else "")
            new.before, new.after, last.after = self.members[1].before if many else alone, last.after, ""
            if label:
                new.label = write(key) + last.label[_SCANNER.raw_decode(last.label)[1] :]
        self.members.append(new)
        return new

    def _split(self) -> list[Member]:
        text, keyed, found, at = self._source, self.kind == "object", list[Member](), 1
        while True:
            start, at = at, _skip(text, at)
            if text[at] in "]}":
                self._inside = text[start:at]
                return found
            before, key, label = text[start:at], "", ""
            if keyed:
                key, behind = _SCANNER.raw_decode(text, at)
                value_at = _skip(text, _skip(text, behind) + 1)
                label, at = text[at:value_at], value_at
            _, end = _SCANNER.raw_decode(text, at)
            comma = _skip(text, end)
            found.append(Member(before, key, label, JsonText(text[at:end]), text[end:comma]))
            if text[comma] != ",":
                return found
            at = comma + 1


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return at if blank is None else blank.end()


class Document:
    """A whole JSON text in its encoding.

    Raises:
        ValueError: it is no JSON.
    """

    def __init__(self, body: bytes) -> None:
        self.encoding = json.detect_encoding(body)
        text = body.decode(self.encoding)
        try:
            start = _skip(text, 0)
            _, end = _SCANNER.raw_decode(text, start)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        if _skip(text, end) != len(text):
            raise ValueError("more than one value")
        self._before, self._after = text[:start], text[end:]
        self.root = JsonText(text[start:end])

    @property
    def text(self) -> str:
        """All of it as it stands now."""
        return f"{self._before}{self.root.source}{self._after}"

    def encode(self) -> bytes:
        """All of it as it stands now, in the encoding that it came in."""
        return self.text.encode(self.encoding)
