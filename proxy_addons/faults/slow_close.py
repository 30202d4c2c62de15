"""Slow close: the answer is complete, and its end comes late.

What the client sees. All bytes at once, then nothing for `hold`, then the end. HTTP/2: END_STREAM comes late.
HTTP/1.1, chunked: the last chunk comes late; without Content-Length: the FIN does; and a client waits in both
cases. With Content-Length a client knows by itself that the answer is complete and does not wait: what is late
then is the connection's being ready for the next call, or its FIN.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, override

from pydantic import Field

from proxy_addons.faults.base import Report, Shaper, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Duration, show_duration


class SlowClose(Shaper):
    """Let the end of an answer come late."""

    shorthand: ClassVar[str | None] = "hold"

    hold: Duration = Field(default=5.0, gt=0, le=3600, description="between the last byte and the end")

    @override
    def describe(self) -> str:
        return f"the answer arrives whole, and its end {show_duration(self.hold)} later"

    @override
    async def shape(self, pieces: AsyncIterator[bytes], wire: Wire, draw: Draw, report: Report) -> AsyncIterator[bytes]:
        async for piece in pieces:
            yield piece
        report(f"the end held back for {show_duration(self.hold)}")
        if not await wire.wait(self.hold):
            report(f"the client left within {show_duration(self.hold)} of the last byte")
