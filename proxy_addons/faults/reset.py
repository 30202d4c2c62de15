"""Reset: the connection breaks with a TCP RST.

`at: before` (default): the upstream never hears of the call. `at: after`: it has answered, and nobody
gets to know.

What the client sees: ECONNRESET, on HTTP/1.1 and HTTP/2 alike. On HTTP/2 every stream of the
connection ends, as it would when a load balancer dies.
"""

from __future__ import annotations

from typing import override

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw


class Reset(Fault):
    """Send an RST."""

    at: Phase = Phase.BEFORE

    @override
    @property
    def fatal(self) -> bool:
        return True

    @override
    def describe(self) -> str:
        when = "before the provider is asked" if self.at is Phase.BEFORE else "after the provider did its work"
        return f"the connection is reset {when}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        sent = wire.reset()
        return Played(delivered=sent, detail="RST sent" if sent else "the client had left already", ends=True)
