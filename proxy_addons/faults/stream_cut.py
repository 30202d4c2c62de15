"""Stream cut: a streamed answer breaks off in the middle.

`after_events: 3` counts server-sent events, `after_bytes: 2KB` the bytes of any answer; what comes before is
handed out as the origin sends it. With `mid_event` the event that follows is cut in half as well.

What the client sees: `end: reset` (default) ECONNRESET, which on HTTP/2 ends every stream of the connection ·
`close` on HTTP/1.1 the end of the connection without the last chunk or byte, on HTTP/2 the reset of this
stream · `clean`, on both alike, a stream that is whole as far as HTTP can tell, and lacks its last events. It
ends when the origin's does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal, Self, override

from pydantic import Field, model_validator

from proxy_addons.faults.base import Report, Shaper, Wire
from proxy_addons.faults.streams import FLUSH, Place, Reader, no_events
from proxy_addons.rules.draw import Draw

_IN_WORDS = {"reset": "RST sent", "close": "closed", "clean": "ended as if it were whole"}


class StreamCut(Place, Shaper):
    """Break a streamed answer off."""

    end: Literal["reset", "close", "clean"] = Field(default="reset", description="how it ends")
    mid_event: bool = Field(default=False, description="whether half of the next event comes as well")

    @model_validator(mode="after")
    def _events_have_a_middle(self) -> Self:
        if self.mid_event and self.after_bytes is not None:
            raise ValueError("mid_event needs after_events; with after_bytes the place is exact already")
        return self

    @override
    @property
    def fatal(self) -> bool:
        return True

    @override
    @property
    def resizes(self) -> bool:
        return self.end == "clean"

    @override
    @property
    def reads_events(self) -> bool:
        return self.events is not None

    @override
    def describe(self) -> str:
        half = " and half of the next" if self.mid_event else ""
        return f"the stream is cut {self.words}{half} ({_IN_WORDS[self.end]})"

    @override
    async def shape(self, pieces: AsyncIterator[bytes], wire: Wire, draw: Draw, report: Report) -> AsyncIterator[bytes]:
        reader = Reader(pieces)
        if self.events is not None and (why := no_events(wire.answer)):
            report(why, delivered=False)
            async for piece in reader.rest():
                yield piece
            return
        async for piece in reader.before(self):
            yield piece
        while reader.reached and self.mid_event and (block := await reader.block()) is not None:
            yield block.raw if not block.counts else block.raw[: len(block.raw) // 2]
            if block.counts:
                break
        if not reader.reached:
            return
        if self.end == "clean":
            async for piece in reader.rest():
                if piece:
                    report(f"cut {self.words}, {_IN_WORDS[self.end]}")
        else:
            await self._break_off(wire, report)

    async def _break_off(self, wire: Wire, report: Report) -> None:
        if not await wire.wait(FLUSH):
            report("the client left before its place came", delivered=False)
            return
        report(f"cut {self.words}, {_IN_WORDS[self.end]}")
        if self.end == "reset":
            wire.reset()
        else:
            wire.close()
