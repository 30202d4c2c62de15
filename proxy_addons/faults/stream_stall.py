"""Stream stall: a streamed answer falls silent in the middle.

`after_events: 3` counts server-sent events, `after_bytes: 2KB` the bytes of any answer; what comes before is
handed out as the origin sends it. `hold` is how long it is silent, `then` what comes after: `go_on` (default),
the rest of the answer; `close` or `reset`, none of it.

What the client sees, on HTTP/1.1 and HTTP/2 alike: the beginning, then nothing on an open connection. A
client whose time-out counts from byte to byte gives up, one that has only a time-out for the first does not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal, override

from pydantic import Field

from proxy_addons.faults.base import Report, Shaper, Wire
from proxy_addons.faults.streams import Place, Reader, no_events
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Duration, show_duration

_IN_WORDS = {"go_on": "then it goes on", "close": "then it is closed", "reset": "then an RST"}


class StreamStall(Place, Shaper):
    """Let a streamed answer fall silent."""

    hold: Duration = Field(default=60.0, gt=0, le=3600, description="how long it is silent")
    then: Literal["go_on", "close", "reset"] = Field(default="go_on", description="what comes after the silence")

    @override
    @property
    def fatal(self) -> bool:
        return self.then != "go_on"

    @override
    @property
    def reads_events(self) -> bool:
        return self.events is not None

    @override
    def describe(self) -> str:
        return f"the stream is silent for {show_duration(self.hold)} {self.words}, {_IN_WORDS[self.then]}"

    @override
    async def shape(self, pieces: AsyncIterator[bytes], wire: Wire, draw: Draw, report: Report) -> AsyncIterator[bytes]:
        reader = Reader(pieces)
        if self.events is not None and (why := no_events(wire.answer)):
            report(why, delivered=False)
        else:
            async for piece in reader.before(self):
                yield piece
            if not reader.reached:
                return
            report(f"silent {self.words}")
            stayed = await wire.wait(self.hold)
            silent = f"silent for {show_duration(self.hold)} {self.words}"
            report(f"{silent}, {_IN_WORDS[self.then]}" if stayed else f"silent {self.words} until the client left")
            if self.then == "reset":
                wire.reset()
            elif self.then == "close" or not stayed:
                wire.close()
            if self.then != "go_on" or not stayed:
                return
        async for piece in reader.rest():
            yield piece
