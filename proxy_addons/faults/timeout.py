"""Timeout: a black hole. Nothing comes back, until the client gives up or `hold` is over.

`at: before` (default): the request vanishes. `at: after`: the upstream did its work and the answer
vanishes. When `hold` is over the connection is closed, so that no client can hang for ever.

What the client sees: silence; then its own time-out, or the end of the connection after `hold` (a
stream reset on HTTP/2, where a cancelled stream keeps its place on our side until then).
"""

from __future__ import annotations

from typing import ClassVar, override

from pydantic import Field

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Side, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Duration, show_duration


class Timeout(Fault):
    """Answer nothing for a while, then close."""

    shorthand: ClassVar[str | None] = "hold"

    at: Side = Phase.BEFORE
    hold: Duration = Field(
        default=60.0, gt=0, le=3600, description="the longest silence, then the connection is closed"
    )

    @override
    @property
    def fatal(self) -> bool:
        return True

    @override
    def describe(self) -> str:
        what = (
            "the request vanishes" if self.at is Phase.BEFORE else "the provider does its work and the answer vanishes"
        )
        return f"{what}: silence for {show_duration(self.hold)} at most"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        stayed = await wire.wait(self.hold)
        wire.close()
        detail = f"silent for {show_duration(self.hold)}, then closed" if stayed else "silent until the client left"
        return Played(delivered=True, detail=detail, ends=True)
