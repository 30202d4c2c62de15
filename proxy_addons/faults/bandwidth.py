"""Bandwidth: a slow line, downwards, upwards or both.

`down` paces the answer: its bytes arrive at this rate, spread evenly, and while they do no more is read from
the upstream than a small buffer holds. `up` paces the request: it is held back for as long as its body would
take at this rate, and then sent on at once; what the upstream sees is a late request, not a slow one.

What the client sees, on HTTP/1.1 and HTTP/2 alike: the head at once, then a body that trickles in; with `up`
all of it later. The rate is each answer's own: two at once on one connection get twice as much.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Literal, Self, override

from pydantic import Field, model_validator

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Report, Shapes, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Rate, show_duration

_TICK = 0.05
"""Seconds between two pieces: short enough to look even, long enough to cost little."""
_CREDIT = 0.2
"""Seconds of line time that an origin which paused may make good: its pause does not add up to a burst."""


class Bandwidth(Fault):
    """Slow the line down."""

    shorthand: ClassVar[str | None] = "down"

    at: Literal[Phase.AFTER] = Phase.AFTER
    down: Rate | None = Field(default=None, description="rate at which the answer arrives")
    up: Rate | None = Field(default=None, description="rate for which the request is held back")

    @model_validator(mode="after")
    def _slows_something(self) -> Self:
        if self.down is None and self.up is None:
            raise ValueError("slows nothing; write down, up or both, like {down: 64KB/s}")
        return self

    @override
    @property
    def sides(self) -> tuple[Phase, ...]:
        before = () if self.up is None else (Phase.BEFORE,)
        return before if self.down is None else (*before, Phase.AFTER)

    @override
    @property
    def shaping(self) -> Shapes | None:
        return None if self.down is None else self

    @override
    def describe(self) -> str:
        up = "" if self.up is None else f"the request is held back as on a line of {_shown(self.up)}"
        down = "" if self.down is None else f"the answer arrives at {_shown(self.down)}"
        return " and ".join(part for part in (up, down) if part)

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        size = len(wire.request.body)
        if self.up is None or not size:
            return Played(delivered=False, detail="the request has no body to hold back")
        seconds = size / self.up
        if await wire.wait(seconds):
            return Played(delivered=True, detail=f"{size} bytes held for {show_duration(round(seconds, 6))}")
        return Played(delivered=True, detail=f"the client left within {show_duration(round(seconds, 6))}", ends=True)

    async def shape(
        self,
        pieces: AsyncIterator[bytes],
        wire: Wire,
        draw: Draw,  # noqa: ARG002  # a rate is not left to chance
        report: Report,
    ) -> AsyncIterator[bytes]:
        """See `Shapes.shape`. Each byte is due when the line could have carried it; time that has passed counts."""
        assert self.down is not None  # noqa: S101  # else nothing is shaped
        slice_size = max(1, int(self.down * _TICK))
        due = wire.now()
        async for piece in pieces:
            due = max(due, wire.now() - _CREDIT)
            for start in range(0, len(piece), slice_size):
                part = piece[start : start + slice_size]
                due += len(part) / self.down
                early = due - wire.now()
                if early > 0 and not await wire.wait(early):
                    return
                report(f"paced at {_shown(self.down)}")
                yield part


def _shown(rate: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if rate >= size:
            return f"{rate / size:.10g}{unit}/s"
    return f"{rate:.10g}B/s"
