"""GOAWAY: the server asks an HTTP/2 client to go on with a new connection, as it does before it restarts.

It leaves ahead of the next bytes on the connection, as a rule those of this call's answer; `at: after` is for
rules that look at the answer first.

What the client sees. HTTP/2: GOAWAY (NO_ERROR) and then, on the same connection, the streams under way to their
ends; a client that does it well ends those and opens a new connection for the next call. Clients on Python's h2,
such as httpx, take it for the end of the streams under way as well, and raise a protocol error. HTTP/1.1: nothing,
and the injection is journaled as not delivered.
"""

from __future__ import annotations

from typing import override

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Side, Wire
from proxy_addons.rules.draw import Draw


class Goaway(Fault):
    """Ask an HTTP/2 client to open a new connection."""

    at: Side = Phase.BEFORE

    @override
    def describe(self) -> str:
        return "an HTTP/2 client is told, ahead of the answer, to open a new connection (GOAWAY)"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        if not wire.http2:
            return Played(delivered=False, detail="the agent speaks HTTP/1.1, which knows no GOAWAY")
        sent = wire.goaway()
        return Played(delivered=sent, detail="GOAWAY sent" if sent else "the client had left already")
