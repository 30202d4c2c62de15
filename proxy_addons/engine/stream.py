"""Answers as they flow: every piece that goes to a client can wait, change, repeat or never come.

A fault that shapes a stream is an async generator over pieces (see `faults.base.Shaper`). mitmproxy's
layers are synchronous, so `ShapedStream`, which takes the place of its `HttpStream`, asks for each next
piece with a blocking hook of our own. HTTP/1.1 and HTTP/2 alike, and only the one stream waits.

An answer is kept whole up to `KEPT` bytes, so that what it committed is known before a fault breaks it. What is
longer flows: while its client is behind, the gate on the upstream's reader closes, and TCP does the rest. The
gate is the upstream connection's: where that one speaks HTTP/2, its other streams are held up as well.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, override

from mitmproxy.http import HTTPFlow
from mitmproxy.proxy import layer
from mitmproxy.proxy.commands import StartHook
from mitmproxy.proxy.layers import http as http_layers
from mitmproxy.proxy.layers.http import HttpLayer, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http2 import Http2Server

if TYPE_CHECKING:
    from mitmproxy.proxy.context import Context
    from mitmproxy.proxy.events import Event

HIGH_WATER = 256 * 1024
"""Bytes that may wait for a slow client before the upstream is no longer read."""

KEPT = 1024 * 1024
"""Bytes of an answer that are kept before it is handed out as it comes."""

SHAPE_KEY = "crosswind-shape"
"""Where `flow.metadata` keeps the `Shape` of an answer that is to be shaped."""


class Source:
    """What the upstream sent so far, as an async iterator: it waits for more, and ends with the answer."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self._ended = False
        self.starved = asyncio.Event()
        self.backlog = 0

    def feed(self, data: bytes) -> None:
        """Add a piece."""
        self._pieces.append(data)
        self.backlog += len(data)
        self._wake()

    def end(self) -> None:
        """No more will come."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        self.starved.clear()
        self._arrived.set()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._ended:
                raise StopAsyncIteration
            self._arrived.clear()
            self.starved.set()
            await self._arrived.wait()
        piece = self._pieces.popleft()
        self.backlog -= len(piece)
        return piece


class Shape:
    """The shaping of one answer: pieces in by `source`, pieces out by `next`.

    `whole` says that another fault waits for the whole answer, which therefore does not flow before it is there.
    """

    def __init__(self, source: Source, pieces: AsyncIterator[bytes], *, whole: bool = False) -> None:
        self.source = source
        self.whole = whole
        self.sent = 0
        self.arrived = False
        self._pieces = pieces
        self._next: asyncio.Task[bytes] | None = None
        self.done = False

    async def next(self) -> bytes | None:
        """The next piece; None when more input is needed, or (`done`) none will come."""
        if self.done:
            return None
        if self._next is None:
            self._next = asyncio.ensure_future(self._pieces.__anext__())
        starved = asyncio.ensure_future(self.source.starved.wait())
        try:
            await asyncio.wait((self._next, starved), return_when=asyncio.FIRST_COMPLETED)
        finally:
            starved.cancel()
        if not self._next.done():
            return None
        task, self._next = self._next, None
        try:
            return task.result()
        except StopAsyncIteration:
            self.done = True
            return None

    async def close(self) -> None:
        """Let go of the generator, whether or not it came to its end."""
        self.done = True
        task, self._next = self._next, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))  # a generator that still runs cannot be closed
        aclose = getattr(self._pieces, "aclose", None)
        if aclose is not None:
            await aclose()


@dataclass
class Wanted:
    """What a `ShapedStream` asks the chain for, and the piece that it got: None, when there is none for now."""

    flow: HTTPFlow
    shape: Shape
    stream: ShapedStream
    piece: bytes | None = None

    @property
    def satisfied(self) -> bool:
        """Whether the client has the end of the answer, or all that Content-Length promised it, and may leave."""
        if self.shape.arrived:
            return True
        told = self.flow.response.headers.get("content-length", "") if self.flow.response is not None else ""
        return told.isascii() and told.isdigit() and self.shape.sent >= int(told)


@dataclass
class CrosswindPieceHook(StartHook):
    """A shaped answer needs its next piece."""

    wanted: Wanted


@dataclass
class CrosswindShapedHook(StartHook):
    """A shaped answer is over, one way or the other."""

    wanted: Wanted


class ShapedStream(HttpStream):
    """mitmproxy's stream of one exchange, which hands out a shaped answer piece by piece."""

    def __init__(self, context: Context, stream_id: int) -> None:
        super().__init__(context, stream_id)
        self.progress = asyncio.Event()

    @property
    def backlog(self) -> int:
        """Bytes of the answer that wait behind the piece that is being shaped."""
        return sum(len(event.data) for event in self._paused_event_queue if isinstance(event, ResponseData))

    @property
    def behind(self) -> bool:
        """Whether so much waits that no more should be read."""
        return not self._over and self.backlog > HIGH_WATER

    @property
    def unsent(self) -> int:
        """Bytes that were handed out, and for which the client's HTTP/2 window has no room yet."""
        parent = self.context.layers[self.context.layers.index(self) - 1]
        speaker = parent.connections.get(self.context.client) if isinstance(parent, HttpLayer) else None
        waiting = speaker.h2_conn.stream_buffers.get(self.stream_id, ()) if isinstance(speaker, Http2Server) else ()
        return sum(len(part.data) for part in waiting)

    @override
    def check_body_size(self, request: bool) -> layer.CommandGenerator[bool]:
        if (yield from super().check_body_size(request)):
            return True
        shape = None if request else self._shape()
        if shape is not None and not shape.whole and len(self.response_body_buf) > KEPT:
            kept = bytes(self.response_body_buf)
            self.response_body_buf.clear()
            assert self.flow.response is not None  # noqa: S101  # its body is what was kept
            self.flow.response.stream = True
            yield from self.start_response_stream()
            yield from self.state_stream_response_body(ResponseData(self.stream_id, kept))
        return False

    @override
    def _handle_event(self, event: Event) -> layer.CommandGenerator[None]:
        inner = super()._handle_event(event)
        reply: Any = None
        while True:
            try:
                command = inner.send(reply)
            except StopIteration:
                return
            reply = None
            shape = self._shape() if isinstance(command, SendHttp) else None
            if shape is None or command.connection is not self.context.client:
                reply = yield command
            elif isinstance(command.event, ResponseHeaders):
                command.event.end_stream = False  # HTTP/2: the end of an empty answer, too, is the shape's to give
                yield command
            elif isinstance(command.event, ResponseData):
                shape.source.feed(command.event.data)
                yield from self._hand_out(shape)
            elif isinstance(command.event, ResponseEndOfMessage):
                shape.source.end()
                yield from self._hand_out(shape)
                if not self._over:
                    shape.arrived = self.context.client.connected
                    yield command
                    yield from self._end(shape)
            else:
                yield command

    def _shape(self) -> Shape | None:
        flow = getattr(self, "flow", None)
        return flow.metadata.get(SHAPE_KEY) if flow is not None else None

    @property
    def _over(self) -> bool:
        return bool(self.client_state == self.state_errored)

    def _hand_out(self, shape: Shape) -> layer.CommandGenerator[None]:
        """Send pieces until the shape wants more input, has no more, or broke the exchange."""
        while not shape.done and not self._over:
            wanted = Wanted(self.flow, shape, self)
            yield CrosswindPieceHook(wanted)
            self.progress.set()
            if self._broken():
                yield from self._break(shape)
            elif wanted.piece is None:
                return
            else:
                shape.sent += len(wanted.piece)
                yield SendHttp(ResponseData(self.stream_id, wanted.piece), self.context.client)

    def _broken(self) -> bool:
        """Whether a fault killed the flow, or the client left in the meantime."""
        return self.flow.error is not None or any(
            isinstance(event, RequestProtocolError) for event in self._paused_event_queue
        )

    def _break(self, shape: Shape) -> layer.CommandGenerator[None]:
        if self.server_state != self.state_done and self.flow.server_conn.connected:
            cancel = RequestProtocolError(self.stream_id, "killed", ErrorCode.CANCEL)
            yield SendHttp(cancel, self.context.server)
        yield SendHttp(ResponseProtocolError(self.stream_id, "killed", ErrorCode.KILL), self.context.client)
        self.flow.live = False
        self.client_state = self.server_state = self.state_errored
        yield from self._end(shape)

    def _end(self, shape: Shape) -> layer.CommandGenerator[None]:
        self.flow.metadata.pop(SHAPE_KEY, None)
        yield CrosswindShapedHook(Wanted(self.flow, shape, self))


def install() -> None:
    """Let mitmproxy make `ShapedStream`s. Idempotent."""
    http_layers.HttpStream = ShapedStream  # type: ignore[misc]  # mypy: a type is no variable


def installed() -> bool:
    """Whether mitmproxy makes them: it must, and by that name."""
    made_by = http_layers.HttpLayer.make_stream.__code__.co_names
    return http_layers.HttpStream is ShapedStream and "HttpStream" in made_by


install()
