"""Duplicate delivery: a webhook of the sandbox's arrives more than once.

Providers promise "at least once": a delivery whose acknowledgement gets lost is sent again. The repeats
carry the same event id, the same body and the same signature, by which a receiver can tell.

What the agent's server sees: the same POST again, `gap` after the one before. Its first answer is the one
that the sandbox hears.
"""

from __future__ import annotations

from typing import ClassVar, override

from proxy_addons.faults.base import Played, Wire
from proxy_addons.faults.duplicate_request import DuplicateRequest
from proxy_addons.rules.draw import Draw


class DuplicateDelivery(DuplicateRequest):
    """Deliver a webhook again."""

    protocols: ClassVar[frozenset[str] | None] = frozenset({"webhook"})

    @override
    def describe(self) -> str:
        return f"the webhook arrives {self._how_often()} more{self._apart()}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        answered = await self._repeat(wire)
        unanswered = f", {self.times - answered} without an answer" if answered < self.times else ""
        return Played(delivered=True, detail=f"delivered {self._how_often()} more{unanswered}")
