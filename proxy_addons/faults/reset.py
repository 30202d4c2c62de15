"""Reset: the connection breaks with a TCP RST.

`at: before` (default): the upstream never hears of the call. `at: after`: it has answered, and nobody
gets to know. `after_bytes` or `after_share`: it has answered, and the answer breaks off in the middle.

What the client sees: ECONNRESET, on HTTP/1.1 and HTTP/2 alike; in the middle of an answer behind its head
and a part of its body. On HTTP/2 every stream of the connection ends, as it would when a load balancer dies.
"""

from __future__ import annotations

from typing import ClassVar, override

from proxy_addons.faults.base import Wire
from proxy_addons.faults.cut import Cut


class Reset(Cut):
    """Send an RST."""

    done: ClassVar[str] = "RST sent"

    @override
    def describe(self) -> str:
        return f"the connection is reset {self.where}"

    @override
    def strike(self, wire: Wire) -> bool:
        return wire.reset()
