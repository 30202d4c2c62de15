"""A wire for faults that are played without a network: it notes what was done, and time passes at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from proxy_addons.exchange import Request
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw, seed_key

DRAW = Draw(seed_key(42), "rule", "buyer", "create_escrow", "f", 1)


@dataclass
class FakeWire:
    """`done` holds what a fault did, in order. The client leaves once it has waited for `patience` seconds."""

    patience: float = math.inf
    request: Request = field(default_factory=lambda: Request("POST", "https", "api.example.com", 443, "/v1/orders"))
    done: list[str] = field(default_factory=list)
    waited: float = 0.0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def wait(self, seconds: float) -> bool:
        """Let time pass."""
        self.done.append("wait")
        self.waited += min(seconds, self.patience)
        return seconds < self.patience

    def respond(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        """Keep the answer."""
        self.done.append("respond")
        self.status, self.headers, self.body = status, dict(headers), body

    def reset(self) -> bool:
        """A client that has no patience at all has left before."""
        self.done.append("reset")
        return self.patience > 0

    def close(self) -> None:
        """Note it."""
        self.done.append("close")


async def play(fault: Fault, wire: FakeWire, draw: Draw = DRAW) -> Played:
    """Play a fault on it."""
    return await fault.play(cast("Wire", wire), draw)
