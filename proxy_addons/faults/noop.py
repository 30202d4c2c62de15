"""Nothing, on purpose: the baseline of every benchmark, and a way to count what a rule would hit.

The client sees no difference, on HTTP/1.1 and on HTTP/2 alike.
"""

from __future__ import annotations

from typing import override

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Side, Wire
from proxy_addons.rules.draw import Draw


class Noop(Fault):
    """Do nothing."""

    at: Side = Phase.BEFORE

    @override
    def describe(self) -> str:
        return "does nothing, but counts"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        return Played(delivered=True, detail="nothing was done")
