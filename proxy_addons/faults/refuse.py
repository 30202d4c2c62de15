"""Refuse: no connection comes about.

It strikes when a connection is opened, before any call exists. The proxy learns at CONNECT where a client wants to
go, and answers with an RST. Pooled connections are covered, too: a call that arrives on a connection that is open
already counts as another opening, is drawn for as one, and gets the RST when it is hit, before the upstream hears
of it. So it makes no difference to how often a rule fires whether a client keeps its connections.

What the client sees: ECONNRESET where the tunnel should open (most clients report a proxy or connection error),
or, on a kept connection, where the answer should be. On HTTP/2 every stream of that connection ends.
"""

from __future__ import annotations

from typing import ClassVar, override

from proxy_addons.faults.base import Opening, Played, Wire
from proxy_addons.rules.draw import Draw


class Refuse(Opening):
    """Refuse the connection."""

    covers_open: ClassVar[bool] = True

    @override
    @property
    def fatal(self) -> bool:
        return True

    @override
    def describe(self) -> str:
        return "the connection is refused"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        sent = wire.reset()
        return Played(delivered=sent, detail="RST sent" if sent else "the client had left already", ends=True)
