"""Stream malform: an event of a streamed answer is broken, and the stream goes on.

`event: 3` is the third of server-sent events. `how`: `cut_json` (default) half of its data is missing ·
`wrong_field` its data stands under a name that nobody knows · `invalid_utf8` bytes in its data are no UTF-8 ·
`no_blank_line` the blank line behind it is missing, so that it runs into the next one · `missing` it does not
come at all, as a gap in the sequence. With `after_bytes: 2KB` such bytes are put there, into any answer.

What the client sees, on HTTP/1.1 and HTTP/2 alike: a well-formed response with a stream that is not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Literal, Self, override

from pydantic import Field, model_validator

from proxy_addons.faults.base import Report, Shaper, Wire
from proxy_addons.faults.streams import Place, Reader, no_events
from proxy_addons.rules.draw import Draw
from proxy_addons.sse import Line, lines
from proxy_addons.units import Size

_NO_UTF8 = b"\xff\xfe\xc3\x28"

type How = Literal["cut_json", "wrong_field", "invalid_utf8", "no_blank_line", "missing"]

_IN_WORDS: dict[str, str] = {
    "cut_json": "lacks half of its data",
    "wrong_field": "has its data under an unknown name",
    "invalid_utf8": "is no UTF-8",
    "no_blank_line": "runs into the next one",
    "missing": "is missing",
}


class StreamMalform(Shaper):
    """Break an event of a streamed answer."""

    shorthand: ClassVar[str | None] = "how"

    event: int | None = Field(
        default=None, ge=1, strict=True, description="which event of a text/event-stream; the first when left out"
    )
    after_bytes: Size | None = Field(default=None, description="behind so many bytes, of any answer")
    how: How = Field(default="cut_json", description="what is wrong with it")

    @model_validator(mode="after")
    def _one_count(self) -> Self:
        if self.after_bytes is None:
            return self
        if self.event is not None:
            raise ValueError("counts events and bytes at once; write event or after_bytes")
        if self.how != "invalid_utf8":
            raise ValueError(f"{self.how} is done to an event; after_bytes goes with `how: invalid_utf8`")
        return self

    @override
    @property
    def resizes(self) -> bool:
        return True

    @override
    @property
    def reads_events(self) -> bool:
        return self.after_bytes is None

    @override
    def describe(self) -> str:
        if self.after_bytes is not None:
            return f"the stream holds bytes that are no UTF-8 behind byte {self.after_bytes}"
        return f"event {self.event or 1} of the stream {_IN_WORDS[self.how]}"

    @override
    async def shape(self, pieces: AsyncIterator[bytes], wire: Wire, draw: Draw, report: Report) -> AsyncIterator[bytes]:
        reader = Reader(pieces)
        if self.after_bytes is not None:
            async for piece in reader.before(Place(after_bytes=self.after_bytes)):
                yield piece
            if reader.reached:
                report(f"bytes that are no UTF-8 put behind byte {self.after_bytes}")
                yield _NO_UTF8
        elif why := no_events(wire.answer):
            report(why, delivered=False)
        else:
            number = self.event or 1
            async for piece in reader.before(Place(after_events=number - 1)):
                yield piece
            async for piece in self._broken(reader, number, report):
                yield piece
        async for piece in reader.rest():
            yield piece

    async def _broken(self, reader: Reader, number: int, report: Report) -> AsyncIterator[bytes]:
        """What comes up to the event, and the event, broken."""
        while (block := await reader.block()) is not None:
            if not block.counts:
                yield block.raw
                continue
            report(f"event {number} {_IN_WORDS[self.how]}")
            if broken := malformed(block.raw, self.how):
                yield broken
            return


def malformed(raw: bytes, how: How) -> bytes:
    """An event, broken; empty when it is missing."""
    if how == "missing":
        return b""
    held = lines(raw)
    if how == "no_blank_line":
        return b"".join(line.raw for line in held[:-1])
    last = max(place for place, line in enumerate(held) if line.name == b"data")
    return b"".join(_broken(line, how) if place == last else line.raw for place, line in enumerate(held))


def _broken(line: Line, how: How) -> bytes:
    half = len(line.value) // 2
    match how:
        case "cut_json":
            return b"data: " + line.value[:half] + line.end
        case "wrong_field":
            return b"dta: " + line.value + line.end
        case _:
            return b"data: " + line.value[:half] + _NO_UTF8 + line.value[half:] + line.end
