import asyncio
import socket
from types import SimpleNamespace
from typing import cast

from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO

from proxy_addons.engine import leftovers


async def test_what_is_left_is_closed() -> None:
    """The other side hears of it, and a handler that left nothing is none the worse."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(5)
    reader, writer = await asyncio.open_connection(sock=ours)
    handler = cast(
        "ConnectionHandler", SimpleNamespace(transports={"a": ConnectionIO(None, reader, writer), "b": ConnectionIO()})
    )

    assert leftovers.close_leftovers(handler) == 1
    await writer.wait_closed()
    assert theirs.recv(1) == b""
    assert leftovers.close_leftovers(handler) == 0
    theirs.close()


def test_every_handler_of_a_client_ends_tidily() -> None:
    """It is put in place once."""
    tidy = ConnectionHandler.handle_client
    leftovers.install()

    assert leftovers.installed()
    assert ConnectionHandler.handle_client is tidy
