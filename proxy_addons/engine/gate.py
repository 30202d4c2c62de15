"""Backpressure: an upstream is not read on while a shaped answer of its is far behind.

The gate stands before the reader of an upstream connection. While it is closed mitmproxy does not read, the
socket's buffers fill up, and TCP tells the upstream to wait. Clients and other connections go on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mitmproxy.addons.proxyserver import Proxyserver
    from mitmproxy.connection import Client, Server

    from proxy_addons.engine.stream import ShapedStream


class GatedReader:
    """An upstream's reader that does not read on while a shaped answer of its is far behind."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._streams: set[ShapedStream] = set()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # it stands in for the reader
        return getattr(self._reader, name)

    def watch(self, stream: ShapedStream) -> None:
        """Mind how far behind this answer is."""
        self._streams.add(stream)

    def forget(self, stream: ShapedStream) -> None:
        """Mind it no longer: it is over."""
        self._streams.discard(stream)
        stream.progress.set()

    async def read(self, count: int = -1) -> bytes:
        """Wait until every shaped answer is below the high-water mark, and read."""
        for stream in tuple(self._streams):
            while stream in self._streams and stream.behind:
                stream.progress.clear()
                await stream.progress.wait()
        return await self._reader.read(count)


def gate(proxyserver: Proxyserver, client: Client, server: Server) -> GatedReader | None:
    """The upstream's reader, gated so that shaped answers hold it back. None when there is no such connection.

    It must be asked for once before the first byte is read: mitmproxy keeps to the reader that it finds then.
    """
    handler = proxyserver.connections.get(client.id)
    io = handler.transports.get(server) if handler is not None else None
    if io is None or not isinstance(io.reader, asyncio.StreamReader | GatedReader):
        return None
    if isinstance(io.reader, GatedReader):
        return io.reader
    io.reader = gated = GatedReader(io.reader)  # type: ignore[assignment]  # it stands in for it
    return gated
