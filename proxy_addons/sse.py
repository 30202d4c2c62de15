"""Server-sent events, taken apart as they arrive (WHATWG HTML, "Server-sent events").

Rules that `Splitter` keeps:
- Every byte that goes in comes out once, in order, unchanged: the blocks joined are the stream.
- A block ends with its blank line, whichever of CR, LF and CRLF ends its lines. It is handed out with the
  byte that completes it: the LF behind a CR may come later, and is then a block of its own.
- A block counts as an event when a client would dispatch one, that is, when it has a `data` line. Comments
  that keep a connection alive, and a lone `retry` or `id`, do not count.
- No more than `LONGEST` bytes are kept. Of a longer block the parts are handed out as they come, and the
  last one counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 1_048_576
"""Bytes of a block that are kept until it is whole."""

_BOM = b"\xef\xbb\xbf"
_END = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_EMPTY = re.compile(rb"(?>\r\n|\n|\r)")
_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")


@dataclass(frozen=True, slots=True)
class Block:
    """Bytes up to and with a blank line. `counts` says whether it is an event that a client dispatches."""

    raw: bytes
    counts: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a block. `name` is empty for a comment; `end` is what ends it, empty for an unfinished one."""

    name: bytes
    value: bytes
    end: bytes
    raw: bytes


class Splitter:
    """Bytes in, whole blocks out."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._looked = 0
        self._begun = False
        self._after_cr = False
        self._in_parts = False

    def feed(self, data: bytes) -> list[Block]:
        """The blocks that this piece completes."""
        found: list[Block] = []
        if self._after_cr and data:
            self._after_cr = False
            if data.startswith(b"\n"):
                found.append(Block(b"\n", counts=False))
                data = data[1:]
        self._kept += data
        while (end := self._end()) is not None:
            found.append(self._take(end))
        if len(self._kept) > LONGEST:
            self._in_parts = True
            found.append(Block(self.rest(), counts=False))
        return found

    def rest(self) -> bytes:
        """What is kept of an unfinished block; it is not kept any longer."""
        rest = bytes(self._kept)
        self._kept.clear()
        self._looked = 0
        return rest

    def _end(self) -> int | None:
        """Where the first block ends."""
        if not self._in_parts and (empty := _EMPTY.match(self._kept)):
            return empty.end()
        found = _END.search(self._kept, self._looked)
        self._looked = max(0, len(self._kept) - 2)  # a CRLF may be the end of a line that is yet to be blank
        return found.end() if found else None

    def _take(self, end: int) -> Block:
        raw = bytes(self._kept[:end])
        del self._kept[:end]
        self._looked = 0
        self._after_cr = not self._kept and raw.endswith(b"\r")
        counts = self._in_parts or _has_data(raw if self._begun else raw.removeprefix(_BOM))
        self._begun, self._in_parts = True, False
        return Block(raw, counts)


def lines(raw: bytes) -> list[Line]:
    """The lines of a block, the blank one among them; their `raw` joined is the block."""
    found = []
    for match in _LINE.finditer(raw):
        if match[0]:
            name, colon, value = match[1].partition(b":")
            found.append(Line(name, value.removeprefix(b" ") if colon else b"", match[2], match[0]))
    return found


def event(data: str, name: str = "") -> bytes:
    """Write one event."""
    head = f"event: {name}\n" if name else ""
    return (head + "".join(f"data: {line}\n" for line in data.split("\n")) + "\n").encode()


def _has_data(raw: bytes) -> bool:
    return any(line.name == b"data" for line in lines(raw))
