"""Latency: the call takes longer, and nothing is lost.

`at: before` (default) holds the request back, so that a client that gives up leaves no trace upstream;
`at: after` holds the answer back, so that the upstream has committed by the time the client gives up.

What the client sees, on HTTP/1.1 and HTTP/2 alike: the same answer, later. Other streams of an HTTP/2
connection are not held up.
"""

from __future__ import annotations

from typing import ClassVar, override

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Side, Wire
from proxy_addons.faults.delay import Delay
from proxy_addons.rules.draw import Draw
from proxy_addons.units import show_duration


class Latency(Delay, Fault):
    """Hold the request or the answer back."""

    shorthand: ClassVar[str | None] = "delay"

    at: Side = Phase.BEFORE

    @override
    def describe(self) -> str:
        return f"the {'request' if self.at is Phase.BEFORE else 'answer'} is delayed {self.describe_delay()}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        seconds = self.seconds(draw.uniform("latency"))
        stayed = await wire.wait(seconds)
        if stayed:
            return Played(delivered=seconds > 0, detail=f"held for {show_duration(round(seconds, 6))}")
        return Played(delivered=True, detail=f"the client left within {show_duration(round(seconds, 6))}", ends=True)
