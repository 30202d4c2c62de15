"""Who is connected, and who has left: what faults wait on, and what tells a hang-up from a cut of ours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakSet

from mitmproxy.connection import ConnectionState

if TYPE_CHECKING:
    from mitmproxy import http
    from mitmproxy.connection import Client

_CANCELLED = "stream reset by client (CANCEL)"
"""What mitmproxy calls an HTTP/2 stream that was cancelled, by the client in all likelihood."""


class Clients:
    """Which clients are connected, and a way to wait until one leaves. An addon without a name of its own."""

    name = "crosswind-clients"

    def __init__(self) -> None:
        self._gone: dict[str, asyncio.Event] = {}
        self._cut: WeakSet[Client] = WeakSet()
        self._callbacks: set[str] = set()

    def client_connected(self, client: Client) -> None:
        """Remember a new connection."""
        self._gone[client.id] = asyncio.Event()

    def client_disconnected(self, client: Client) -> None:
        """Wake whoever waits on it, and forget it."""
        gone = self._gone.pop(client.id, None)
        if gone is not None:
            gone.set()

    def __len__(self) -> int:
        return len(self._gone)

    def connected(self, client: Client) -> bool:
        """Whether the client's connection is still there."""
        return client.id in self._gone

    def begin_callback(self, client: Client) -> None:
        """Note that this is no connection, but the sandbox that sends a webhook."""
        self._callbacks.add(client.id)

    def end_callback(self, client: Client) -> None:
        """Forget it."""
        self._callbacks.discard(client.id)

    def calls_back(self, client: Client) -> bool:
        """Whether it is the sandbox, sending a webhook."""
        return client.id in self._callbacks

    def cut(self, client: Client) -> None:
        """Note that its connection ends by our doing, unless it has ended already."""
        if client.state & ConnectionState.CAN_READ:
            self._cut.add(client)

    def hung_up(self, flow: http.HTTPFlow) -> bool:
        """Whether the client itself no longer waits: it closed its connection, or cancelled its HTTP/2 stream.

        The connection's state is ahead of `client_disconnected`, which comes last.
        """
        client = flow.client_conn
        if flow.error is not None and flow.error.msg == _CANCELLED:
            return True
        return not client.state & ConnectionState.CAN_READ and client not in self._cut

    async def wait_gone(self, client: Client, seconds: float) -> bool:
        """Wait until the client leaves, `seconds` at most. True when it left."""
        gone = self._gone.get(client.id)
        if gone is None:
            return True
        try:
            async with asyncio.timeout(seconds):
                await gone.wait()
        except TimeoutError:
            return False
        return True
