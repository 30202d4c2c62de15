"""GOAWAY (RFC 9113, 6.8): an HTTP/2 server says that it takes no new streams on this connection.

The frame goes into the outgoing buffer of the client's HTTP/2 connection and leaves with the next bytes that are
sent there, ahead of them. The connection's own state is left as it is, so that streams under way end well. A
client that opens another stream all the same is served: real servers do so for a while, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperframe.frame import GoAwayFrame
from mitmproxy.proxy.layer import Layer
from mitmproxy.proxy.layers.http import HttpLayer
from mitmproxy.proxy.layers.http._http2 import Http2Server

if TYPE_CHECKING:
    from mitmproxy.addons.proxyserver import Proxyserver
    from mitmproxy.connection import Client


def send_goaway(proxyserver: Proxyserver, client: Client) -> bool:
    """Announce that the client's connection takes no more streams. False when it has gone, or speaks no HTTP/2."""
    handler = proxyserver.connections.get(client.id)
    server = _http2_server(handler.layer, client) if handler is not None else None
    if server is None:
        return False
    last = server.h2_conn.highest_inbound_stream_id
    server.h2_conn._data_to_send += GoAwayFrame(0, last_stream_id=last).serialize()
    return True


def _http2_server(outermost: Layer, client: Client) -> Http2Server | None:
    """Find it among the layers: a tunnel's are kept by the stream that opened it."""
    left, seen = [outermost], set[int]()
    while left:
        for one in left.pop().context.layers:
            if not isinstance(one, HttpLayer) or id(one) in seen:
                continue
            seen.add(id(one))
            speaker = one.connections.get(client)
            if isinstance(speaker, Http2Server):
                return speaker
            left += one.streams.values()
    return None
