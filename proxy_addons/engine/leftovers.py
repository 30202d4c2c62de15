"""Connections to upstreams that mitmproxy forgets to close.

Its handler of a connection closes the socket at its very end. One that is cancelled twice in a row, as when a
stream is broken off and its client leaves, or while a hook of it runs, never comes there. Whatever is left when
the client's handler ends is closed here.
"""

from __future__ import annotations

import asyncio
from functools import wraps
from typing import TYPE_CHECKING

from mitmproxy.proxy.server import ConnectionHandler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_MARK = "crosswind_closes_leftovers"


def close_leftovers(handler: ConnectionHandler) -> int:
    """Close every transport that the handler still has; how many there were."""
    left = 0
    for io in handler.transports.values():
        if isinstance(io.writer, asyncio.StreamWriter) and not io.writer.is_closing():
            io.writer.close()
            left += 1
    handler.transports.clear()
    return left


def _tidy(
    handle_client: Callable[[ConnectionHandler], Awaitable[None]],
) -> Callable[[ConnectionHandler], Awaitable[None]]:
    @wraps(handle_client)
    async def tidy(self: ConnectionHandler) -> None:
        try:
            await handle_client(self)
        finally:
            close_leftovers(self)

    setattr(tidy, _MARK, True)
    return tidy


def install() -> None:
    """Let mitmproxy's handlers of clients end tidily. Idempotent."""
    if not installed():
        ConnectionHandler.handle_client = _tidy(ConnectionHandler.handle_client)  # type: ignore[method-assign,assignment]


def installed() -> bool:
    """Whether they do."""
    return hasattr(ConnectionHandler.handle_client, _MARK)


install()
