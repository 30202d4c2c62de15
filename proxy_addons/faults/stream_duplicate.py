"""Stream duplicate: an event of a streamed answer comes twice, as it does after a reconnection.

`event: 3` is the third of server-sent events, `event: every` all of them; `times` is how many copies come
behind it, each the same to the byte, its `id` too. `after_bytes: 2KB` repeats the piece that crosses this
place of any answer, as the origin sent it.

What the client sees, on HTTP/1.1 and HTTP/2 alike: a well-formed stream that says something twice. A client
that adds up deltas without a look at `id` or `sequence_number` says it twice as well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal, Self, override

from pydantic import Field, model_validator

from proxy_addons.faults.base import Report, Shaper, Wire
from proxy_addons.faults.streams import Place, Reader, no_events
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Size


class StreamDuplicate(Shaper):
    """Send an event of a streamed answer twice."""

    event: Annotated[int, Field(ge=1, strict=True)] | Literal["every"] | None = Field(
        default=None, description="which event of a text/event-stream, from 1, or every; the first when left out"
    )
    after_bytes: Size | None = Field(default=None, description="the piece behind so many bytes, of any answer")
    times: int = Field(default=1, ge=1, le=100, strict=True, description="copies that come behind it")

    @model_validator(mode="after")
    def _one_count(self) -> Self:
        if self.event is not None and self.after_bytes is not None:
            raise ValueError("counts events and bytes at once; write event or after_bytes")
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
        return f"{self._which} of the stream comes {self.times + 1} times"

    @property
    def _which(self) -> str:
        if self.after_bytes is not None:
            return f"what follows byte {self.after_bytes}"
        return "every event" if self.event == "every" else f"event {self.event or 1}"

    @override
    async def shape(self, pieces: AsyncIterator[bytes], wire: Wire, draw: Draw, report: Report) -> AsyncIterator[bytes]:
        reader = Reader(pieces)
        if self.after_bytes is not None:
            async for piece in self._after_bytes(reader, self.after_bytes, report):
                yield piece
        elif why := no_events(wire.answer):
            report(why, delivered=False)
        else:
            async for piece in self._events(reader, report):
                yield piece
        async for piece in reader.rest():
            yield piece

    async def _events(self, reader: Reader, report: Report) -> AsyncIterator[bytes]:
        """The stream, up to the last event that is to come twice."""
        number = 0
        while (block := await reader.block()) is not None:
            number += block.counts
            yield block.raw
            if block.counts and self.event in {number, "every", None}:
                for _ in range(self.times):
                    yield block.raw
                report(f"event {number} sent {self.times + 1} times")
                if self.event != "every":
                    return

    async def _after_bytes(self, reader: Reader, place: int, report: Report) -> AsyncIterator[bytes]:
        async for piece in reader.before(Place(after_bytes=place)):
            yield piece
        if reader.reached:
            async for piece in reader.rest():
                for _ in range(self.times + 1):
                    yield piece
                report(f"{len(piece)} bytes behind byte {place} sent {self.times + 1} times")
                return
