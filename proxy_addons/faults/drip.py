"""Drip: the answer comes in small pieces with a gap between them.

What the client sees, on HTTP/1.1 and HTTP/2 alike: the head at once, then `chunk` bytes, `gap`, `chunk`
bytes and so on, to the last byte. A client whose time-out counts from byte to byte waits through it all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import override

from pydantic import Field

from proxy_addons.faults.base import Report, Shaper, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Duration, Size, show_duration


class Drip(Shaper):
    """Hand the answer out in small pieces."""

    chunk: Size = Field(default=64, gt=0, description="bytes of each piece")
    gap: Duration = Field(default=0.1, gt=0, le=600, description="silence between two pieces")

    @override
    def describe(self) -> str:
        return f"the answer drips: {self.chunk} bytes every {show_duration(self.gap)}"

    @override
    async def shape(self, pieces: AsyncIterator[bytes], wire: Wire, draw: Draw, report: Report) -> AsyncIterator[bytes]:
        first = True
        async for piece in pieces:
            for start in range(0, len(piece), self.chunk):
                if not first:
                    report(f"dripped, {self.chunk} bytes every {show_duration(self.gap)}")
                    if not await wire.wait(self.gap):
                        return
                first = False
                yield piece[start : start + self.chunk]
