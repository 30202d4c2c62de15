"""What a fault does to the wire, over mitmproxy. The only place that uses its private API.

`self_check` proves at start-up that everything private which is used here still exists.

- A reset is an RST: `SO_LINGER (1, 0)` and an abort of the client's transport, after `flow.kill()`, for
  kill alone sends a FIN. On HTTP/2 the RST ends every stream of the connection.
- A close is `flow.kill()`: FIN without an answer on HTTP/1.1 (no close_notify), RST_STREAM on HTTP/2.
- A wait ends early when the client's connection goes. A cancelled HTTP/2 stream does not wake it, so
  every wait has an end of its own.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING

from mitmproxy import flow as mitmflow
from mitmproxy import http
from mitmproxy import version as mitmversion
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy.layers.http import HttpLayer
from mitmproxy.proxy.layers.http._http2 import Http2Connection, Http2Server
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO

from proxy_addons.earlier import EarlierAnswers
from proxy_addons.engine import endings, stream
from proxy_addons.engine.clients import Clients
from proxy_addons.engine.departures import Departures
from proxy_addons.engine.goaway import send_goaway
from proxy_addons.engine.outgoing import Outgoing
from proxy_addons.exchange import Answer, Exchange, Origin, Request
from proxy_addons.tally import Tally

if TYPE_CHECKING:
    from mitmproxy.connection import Client, Server

RST_ON_CLOSE = struct.pack("ii", 1, 0)
SUPPORTED = ((12, 2, 2), (12, 3))
"""From this release of mitmproxy (older ones lack security fixes) to below that one (not reviewed)."""


class EngineError(Exception):
    """The installed mitmproxy is not one that Crosswind knows how to drive."""


def self_check() -> None:
    """Prove that mitmproxy still has the private parts which are used here.

    Raises:
        EngineError: it is of another release, or a part is missing.
    """
    found = tuple(int(part) for part in mitmversion.VERSION.split(".")[:3] if part.isdigit())
    if not SUPPORTED[0] <= found < SUPPORTED[1]:
        raise EngineError(
            f"mitmproxy {mitmversion.VERSION} is installed; Crosswind needs >= 12.2.2 and < 12.3 "
            "(pip install 'mitmproxy>=12.2.2,<12.3')"
        )
    missing = [
        name
        for name, there in {
            "Proxyserver.connections": "connections" in Proxyserver.__annotations__,
            "ConnectionHandler.transports": "transports" in ConnectionHandler.__annotations__,
            "ConnectionIO.writer": "writer" in ConnectionIO.__dataclass_fields__,
            "ConnectionIO.reader": "reader" in ConnectionIO.__dataclass_fields__,
            "HTTPFlow.kill": "killable" in dir(mitmflow.Flow) and callable(http.HTTPFlow.kill),
            "HttpLayer.make_stream": stream.installed(),
            "HttpLayer.connections": "connections" in HttpLayer.__annotations__,
            "Http2Server.h2_conn": "h2_conn" in Http2Connection.__annotations__,
            "BufferedH2Connection.stream_buffers": "stream_buffers" in BufferedH2Connection.__annotations__,
            "H2Connection._data_to_send": hasattr(BufferedH2Connection(Http2Server.h2_conf), "_data_to_send"),
            "ConnectionHandler.handle_client": endings.installed(),
        }.items()
        if not there
    ]
    if missing:
        raise EngineError(f"mitmproxy {mitmversion.VERSION} lacks {', '.join(missing)}: Crosswind cannot drive it")


def abort(proxyserver: Proxyserver, client: Client, server: Server | None = None) -> bool:
    """Send an RST on the client's connection, or on that to `server`. False when it is gone already."""
    handler = proxyserver.connections.get(client.id)
    io = handler.transports.get(server or handler.client) if handler is not None else None
    writer = io.writer if io is not None else None
    if not isinstance(writer, asyncio.StreamWriter) or writer.is_closing():
        return False
    peer = writer.get_extra_info("socket")
    if peer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
    writer.transport.abort()
    return True


def abort_peer(proxyserver: Proxyserver, peer: object) -> None:
    """Send an RST to the client with this address: its connection would hang after a crash."""
    for handler in list(proxyserver.connections.values()):
        if handler.client.peername == peer:
            abort(proxyserver, handler.client)


def disconnect_all(proxyserver: Proxyserver, clients: Clients | None = None) -> None:
    """Cancel every connection's handler: each is closed, and its `client_disconnected` fires.

    `clients` is told that none of them hung up.
    """
    for handler in list(proxyserver.connections.values()):
        if clients is not None:
            clients.cut(handler.client)
        io = handler.transports.get(handler.client)
        if io is not None and io.handler is not None:
            io.handler.cancel("the proxy stops")


def answer_of(response: http.Response) -> Answer:
    """The response as plain data. A body with a broken encoding is taken as it came."""
    return Answer(response.status_code, fields_of(response.headers), body_of(response))


def fields_of(headers: http.Headers) -> tuple[tuple[str, str], ...]:
    """Headers as text, names in lower case. Straight from their bytes: this runs twice a call."""
    return tuple(
        (name.decode("latin-1").lower(), value.decode("utf-8", "surrogateescape")) for name, value in headers.fields
    )


def body_of(message: http.Message) -> bytes:
    """The body, decoded from its content encoding; as it came where that encoding is broken."""
    if "content-encoding" in message.headers:
        return message.get_content(strict=False) or b""
    return message.raw_content or b""


@dataclass
class Surroundings:
    """What every wire of a run shares."""

    clients: Clients
    proxyserver: Proxyserver
    tally: Tally
    outgoing: Outgoing
    departures: Departures
    earlier: EarlierAnswers


class FlowWire:
    """One flow, seen as a `faults.base.Wire`. Each method does what its namesake there says."""

    def __init__(self, flow: http.HTTPFlow, exchange: Exchange, around: Surroundings) -> None:
        self._flow = flow
        self._exchange = exchange
        self._around = around

    @property
    def request(self) -> Request:
        """See `Wire.request`."""
        return self._exchange.request

    @property
    def answer(self) -> Answer | None:
        """See `Wire.answer`."""
        return None if self._flow.response is None else answer_of(self._flow.response)

    @property
    def http2(self) -> bool:
        """See `Wire.http2`."""
        return self._flow.request.is_http2

    @property
    def tally(self) -> Tally:
        """See `Wire.tally`."""
        return self._around.tally

    def now(self) -> float:
        """See `Wire.now`."""
        return time.monotonic()

    def wall_clock(self) -> float:
        """See `Wire.wall_clock`."""
        return time.time()

    async def wait(self, seconds: float) -> bool:
        """See `Wire.wait`."""
        return not await self._around.clients.wait_gone(self._flow.client_conn, seconds)

    async def wait_for_others(self, count: int, seconds: float) -> int:
        """See `Wire.wait_for_others`."""
        gone = self._around.clients.wait_gone(self._flow.client_conn, seconds)
        return await self._around.departures.wait(self._exchange, count, seconds, gone)

    async def ask_again(self) -> Answer | None:
        """See `Wire.ask_again`."""
        return (await self._around.outgoing.repeat(self._flow, self._exchange)).pristine

    def earlier_answer(self) -> Answer | None:
        """See `Wire.earlier_answer`."""
        noted = self._exchange.pristine is not None
        return self._exchange.earlier if noted else self._around.earlier.answer(self._exchange)

    def stamp(self, headers: Sequence[tuple[str, str]]) -> None:
        """See `Wire.stamp`."""
        self._exchange.stamps += headers

    def edit_request(self, headers: Sequence[tuple[str, str]]) -> None:
        """See `Wire.edit_request`."""
        self._flow.request.headers = _fields(headers)

    def respond(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        """See `Wire.respond`."""
        made = http.Response.make(status, body, _fields(headers))
        made.http_version = self._flow.request.http_version
        if "date" not in made.headers:
            made.headers["date"] = formatdate(self.wall_clock(), usegmt=True)  # RFC 9110, 6.6.1
        if self._flow.response is None:
            self._exchange.origin = Origin.FAULT
        else:
            self._exchange.replaced = True
        self._flow.response = made

    @property
    def raw_body(self) -> bytes:
        """See `Wire.raw_body`."""
        return self._answered().raw_content or b""

    def edit(self, body: bytes | None = None, headers: Sequence[tuple[str, str]] | None = None) -> None:
        """See `Wire.edit`."""
        response = self._answered()
        if headers is not None:
            response.headers = _fields(headers)
        if body is not None:
            response.content = body  # encodes it again and mends Content-Length

    def edit_raw(self, body: bytes, *, length: int | None = None, close: bool = False) -> None:
        """See `Wire.edit_raw`."""
        response = self._answered()
        response.raw_content = body
        if length is not None and length != len(body):
            self._exchange.broken = True
            response.headers.pop("transfer-encoding", None)
        if "transfer-encoding" not in response.headers:
            response.headers["content-length"] = str(len(body) if length is None else length)
        if close and not self.http2:
            response.headers["connection"] = "close"

    def goaway(self) -> bool:
        """See `Wire.goaway`."""
        return send_goaway(self._around.proxyserver, self._flow.client_conn)

    def reset(self) -> bool:
        """See `Wire.reset`."""
        self._kill()
        self._around.clients.cut(self._flow.client_conn)
        sent = abort(self._around.proxyserver, self._flow.client_conn)
        return sent or self._exchange.callback  # the sandbox is told so, for it has no socket here

    def close(self) -> None:
        """See `Wire.close`."""
        self._kill()
        if not self.http2:
            self._around.clients.cut(self._flow.client_conn)

    def _answered(self) -> http.Response:
        if self._flow.response is None:
            raise TypeError("there is no answer yet: only a fault that plays after may edit it")
        return self._flow.response

    def _kill(self) -> None:
        if self._flow.killable:
            self._flow.kill()


def _fields(headers: Sequence[tuple[str, str]]) -> http.Headers:
    return http.Headers([(name.encode("latin-1"), value.encode("utf-8", "surrogateescape")) for name, value in headers])
