"""Reorder: an answer that came first is let go after later ones.

It is held until `after` exchanges that began later are over, `hold` at most: a run in which nothing
follows is held up for that long and no longer. `at: before` holds the request back instead, and with it
a webhook of the sandbox's. Agents' calls wait for agents' calls, webhooks for webhooks.

What the client sees: the same answer, behind those to its later calls. On HTTP/2 they may share its
connection; on HTTP/1.1 they come on others, for one connection keeps its order.
"""

from __future__ import annotations

from typing import ClassVar, override

from pydantic import Field

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Side, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Duration, show_duration

_HEAD_START = 0.01
"""Seconds that the last one to pass gets: it travels on another connection, or in the same moment."""


class Reorder(Fault):
    """Hold one back until others have passed."""

    shorthand: ClassVar[str | None] = "after"

    at: Side = Phase.AFTER
    after: int = Field(default=1, ge=1, le=1000, description="how many later exchanges pass first")
    hold: Duration = Field(default=5.0, gt=0, le=3600, description="the longest wait, when they do not come")

    @override
    def describe(self) -> str:
        what = "request" if self.at is Phase.BEFORE else "answer"
        others = "a later one has passed" if self.after == 1 else f"{self.after} later ones have passed"
        return f"the {what} is held until {others}, for {show_duration(self.hold)} at most"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        passed = await wire.wait_for_others(self.after, self.hold)
        if passed >= self.after:
            await wire.wait(_HEAD_START)
            return Played(delivered=True, detail=f"let go after {passed} later")
        if not await wire.wait(0):
            detail = f"the client left when {passed} of {self.after} had passed"
            return Played(delivered=False, detail=detail, ends=True)
        held = show_duration(self.hold)
        return Played(delivered=False, detail=f"only {passed} of {self.after} passed within {held}")
