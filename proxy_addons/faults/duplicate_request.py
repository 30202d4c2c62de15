"""Duplicate request: the provider gets the call more than once, and the agent sends it once.

A retry somewhere in the network (a proxy, a load balancer, a client's own connection pool) repeats the
request once the provider has carried it out. The repeats carry the same headers and the same body: an
idempotency key that the agent sent saves it, and nothing else does.

What the client sees, on HTTP/1.1 and HTTP/2 alike: one answer, the first, after the repeats are done.
"""

from __future__ import annotations

from typing import ClassVar, Literal, override

from pydantic import Field

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Duration, show_duration


class DuplicateRequest(Fault):
    """Let the provider have the request again."""

    shorthand: ClassVar[str | None] = "times"

    at: Literal[Phase.AFTER] = Phase.AFTER
    times: int = Field(default=1, ge=1, le=20, description="how many times more the provider gets it")
    gap: Duration = Field(default=0.0, ge=0, le=600, description="before each repeat")

    @override
    def describe(self) -> str:
        return f"the provider gets the request {self._how_often()} more{self._apart()}, the agent one answer"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        answered = await self._repeat(wire)
        unanswered = f", {self.times - answered} without an answer" if answered < self.times else ""
        detail = f"sent to the provider {self._how_often()} more{unanswered}"
        return Played(delivered=True, detail=detail)

    async def _repeat(self, wire: Wire) -> int:
        """Send it so often, whether or not the agent still waits; how many repeats were answered."""
        answered = 0
        for _ in range(self.times):
            await wire.wait(self.gap)
            answered += await wire.ask_again() is not None
        return answered

    def _how_often(self) -> str:
        return "once" if self.times == 1 else f"{self.times} times"

    def _apart(self) -> str:
        return f", {show_duration(self.gap)} apart" if self.gap else ""
