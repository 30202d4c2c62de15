"""Requests that the proxy sends by itself: repeats of an agent's, and the sandbox's webhooks.

Each goes through the chain like any other exchange and on to its target over a real connection. mitmproxy's
HTTP layer is driven by a client that is not there (`_Absent`): it asks, and throws the answer away. The
exchange is made here, before `identify` sees the flow, so that nothing on the wire can pretend to be one.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, override

from mitmproxy import ctx, http
from mitmproxy.connection import Client, ConnectionState, Server
from mitmproxy.proxy.commands import StartHook
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.events import Event, Start
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers import http as http_layers
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.layers.http._base import HttpConnection, ReceiveHttp
from mitmproxy.proxy.layers.http._events import RequestData, RequestEndOfMessage, RequestHeaders
from mitmproxy.proxy.layers.http._hooks import (
    HttpErrorHook,
    HttpRequestHook,
    HttpResponseHeadersHook,
    HttpResponseHook,
)
from mitmproxy.proxy.mode_specs import ProxyMode, UpstreamMode
from mitmproxy.proxy.server import ConnectionHandler

from proxy_addons.engine.stream import SHAPE_KEY, CrosswindShapedHook
from proxy_addons.exchange import METADATA_KEY, Exchange

if TYPE_CHECKING:
    from mitmproxy.options import Options

    from proxy_addons.engine.clients import Clients
    from proxy_addons.tally import Tally

ANSWER_WITHIN = 10.0
"""Seconds that a target has to begin its answer. What faults hold a request or an answer for does not count."""


class Outgoing:
    """Sends them, and knows the clients that are its own."""

    def __init__(self, clients: Clients, tally: Tally, *, answer_within: float = ANSWER_WITHIN) -> None:
        self._clients = clients
        self._tally = tally
        self._answer_within = answer_within

    async def repeat(self, flow: http.HTTPFlow, exchange: Exchange) -> Exchange:
        """Send an exchange's request once more, as an exchange of its own; that is returned, over."""
        asked = exchange.request
        again = Exchange(
            number=self._tally.next("exchange"),
            agent=exchange.agent,
            protocol=exchange.protocol,
            request=asked,
            calls=[replace(call, status=None, effects=[]) for call in exchange.calls],
            started_at=time.time(),
            http_version=exchange.http_version,
            callback=exchange.callback,
            duplicate_of=exchange.number,
        )
        request = flow.request.copy()
        host_header = request.host_header
        request.scheme, request.host, request.port = asked.scheme, asked.host, asked.port  # a map may have led it away
        if host_header is not None:
            request.host_header = host_header
        client = Client(peername=flow.client_conn.peername, sockname=flow.client_conn.sockname)
        await self._send(request, again, client, listens=False)
        return again

    async def call_back(self, exchange: Exchange, request: http.Request) -> http.HTTPFlow:
        """Send a webhook. Its sender listens to the answer, so that every fault can be played on it."""
        client = Client(peername=("sandbox", 0), sockname=("sandbox", 0))
        return await self._send(request, exchange, client, listens=True)

    async def _send(self, request: http.Request, exchange: Exchange, client: Client, *, listens: bool) -> http.HTTPFlow:
        client.state = ConnectionState.OPEN
        flow = http.HTTPFlow(client, Server(address=None))
        flow.request = request
        flow.is_replay = "request"
        flow.metadata[METADATA_KEY] = exchange
        handler = _Handler(flow, ctx.options, exchange.request.host)
        if exchange.callback:
            self._clients.begin_callback(client)
        if listens:
            self._clients.client_connected(client)
        try:
            await handler.play(self._answer_within)
        finally:
            self._clients.client_disconnected(client)
            self._clients.end_callback(client)
        return flow


class _Absent(HttpConnection):
    """The client's end of an exchange without a client."""

    def __init__(self, flow: http.HTTPFlow, context: Context) -> None:
        super().__init__(context, context.client)
        self._flow = flow

    @override
    def _handle_event(self, event: Event) -> CommandGenerator[None]:
        if not isinstance(event, Start):
            return
        request, body = self._flow.request, self._flow.request.raw_content
        request.timestamp_start = request.timestamp_end = time.time()
        yield ReceiveHttp(RequestHeaders(1, request, end_stream=not body, replay_flow=self._flow))
        if body:
            yield ReceiveHttp(RequestData(1, body))
        yield ReceiveHttp(RequestEndOfMessage(1))


class _Handler(ConnectionHandler):
    """Drives one exchange from its request to its end."""

    layer: http_layers.HttpLayer

    def __init__(self, flow: http.HTTPFlow, options: Options, host: str) -> None:
        context = Context(flow.client_conn, options)
        context.server = Server(address=(flow.request.host, flow.request.port))
        if flow.request.scheme == "https":
            context.server.tls = True
            context.server.sni = host
        mode = ProxyMode.parse(options.mode[0]) if options.mode else None
        super().__init__(context)
        if isinstance(mode, UpstreamMode):
            context.server.via = flow.server_conn.via = (mode.scheme, mode.address)
            self.layer = http_layers.HttpLayer(context, HTTPMode.upstream)
        else:
            self.layer = http_layers.HttpLayer(context, HTTPMode.transparent)
        self.layer.connections[flow.client_conn] = _Absent(flow, context.fork())
        self._flow = flow
        self._asked, self._answered, self._over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def play(self, answer_within: float) -> None:
        """Send it and wait for its end. A target that does not begin to answer in time is hung up on."""
        try:
            await self.server_event(Start())
            await self._asked.wait()
            try:
                async with asyncio.timeout(answer_within):
                    await self._answered.wait()
            except TimeoutError:
                await self._hang_up()
            await self._over.wait()
        finally:
            await self._hang_up()

    @override
    async def handle_hook(self, hook: StartHook) -> None:
        await ctx.master.addons.handle_lifecycle(hook)
        if isinstance(hook, HttpRequestHook):
            self._asked.set()
        elif isinstance(hook, HttpResponseHeadersHook):
            self._answered.set()
        elif isinstance(hook, (HttpErrorHook, CrosswindShapedHook)) or (
            isinstance(hook, HttpResponseHook) and SHAPE_KEY not in self._flow.metadata
        ):
            self._end()

    def _end(self) -> None:
        for event in (self._asked, self._answered, self._over):
            event.set()

    async def _hang_up(self) -> None:
        left = list(self.transports.values())
        handlers = [io.handler for io in left if io.handler is not None]
        for handler in handlers:
            handler.cancel("the exchange is over")
        if handlers:
            await asyncio.wait(handlers)
        for io in left:
            # mitmproxy closes by itself what HTTP/2 leads to HTTP/1: cancelled twice, a handler leaves its socket open.
            if io.writer is not None and not io.writer.is_closing():
                io.writer.close()
