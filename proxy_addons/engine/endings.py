"""Whatever begins on a connection has an end, however suddenly the connection goes.

mitmproxy (12.2.3, proxy/server.py and layers/http/_http2.py) loses some ends, on HTTP/2 above all:
- A connection's task waits for a lock to tell the layers of its end. When it is cancelled meanwhile, as it is
  when a write fails or the client goes, they never hear of it, and its socket may stay open.
- A request and a GOAWAY behind it that are read at once: the stream is forgotten before it hears of the end.

Flows would then have neither `response` nor `error`, their exchanges would be missing in the journal, and the
proxy would wait for them when it stops.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.flow import Error
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy.commands import OpenConnection, StartHook
from mitmproxy.proxy.events import ConnectionClosed, Event, OpenConnectionCompleted
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook, HttpRequestHeadersHook, HttpResponseHook
from mitmproxy.proxy.server import ConnectionHandler

from proxy_addons.engine.stream import SHAPE_KEY, CrosswindShapedHook

_server_event = ConnectionHandler.server_event
_handle_connection = ConnectionHandler.handle_connection
_open_connection = ConnectionHandler.open_connection
_hook_task = ConnectionHandler.hook_task
_handle_client = ConnectionHandler.handle_client


@dataclass
class _Ends:
    """What has begun on a client's connection and has no end yet, and of which ends the layers know."""

    told: set[object] = field(default_factory=set)
    flows: dict[str, HTTPFlow] = field(default_factory=dict)
    hooks: set[asyncio.Task[None]] = field(default_factory=set)


_ends: WeakKeyDictionary[ConnectionHandler, _Ends] = WeakKeyDictionary()


def _ends_of(handler: ConnectionHandler) -> _Ends:
    return _ends.setdefault(handler, _Ends())


async def server_event(self: ConnectionHandler, event: Event) -> None:
    """Hand an event over, come what may. The wait for the lock is all in it that can be cancelled."""
    cancelled = None
    while True:
        try:
            await _server_event(self, event)
        except asyncio.CancelledError as error:
            cancelled = error
        else:
            break
    if isinstance(event, ConnectionClosed):
        _ends_of(self).told.add(event.connection)
    elif isinstance(event, OpenConnectionCompleted):
        _ends_of(self).told.add(event.command)
    if cancelled is not None:
        raise cancelled


async def handle_connection(self: ConnectionHandler, connection: Connection) -> None:
    """Serve a connection. At the end its layers know of it, and its socket is closed."""
    told = _ends_of(self).told
    try:
        await _handle_connection(self, connection)
    finally:
        if connection not in told:
            connection.state = ConnectionState.CLOSED
            await self.server_event(ConnectionClosed(connection))
        told.discard(connection)
        _close(self, connection)


async def open_connection(self: ConnectionHandler, command: OpenConnection) -> None:
    """Open a connection and serve it. At the end whoever asked for it knows whether it was there."""
    told = _ends_of(self).told
    try:
        await _open_connection(self, command)
    finally:
        if command not in told:
            await self.server_event(OpenConnectionCompleted(command, "the client left"))
        told.discard(command)
        _close(self, command.connection)


def _close(handler: ConnectionHandler, connection: Connection) -> None:
    io = handler.transports.pop(connection, None)
    if io is not None and io.writer is not None:
        io.writer.close()


async def hook_task(self: ConnectionHandler, hook: StartHook) -> None:
    """Run a hook, and note which flows begin and end with it."""
    ends = _ends_of(self)
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # mitmproxy runs each hook in a task of its own
    ends.hooks.add(task)
    if isinstance(hook, HttpRequestHeadersHook):
        ends.flows[hook.flow.id] = hook.flow
    try:
        await _hook_task(self, hook)
    finally:
        ends.hooks.discard(task)
        if isinstance(hook, HttpErrorHook) or (
            isinstance(hook, HttpResponseHook) and SHAPE_KEY not in hook.flow.metadata
        ):
            ends.flows.pop(hook.flow.id, None)
        elif isinstance(hook, CrosswindShapedHook):
            ends.flows.pop(hook.wanted.flow.id, None)


async def handle_client(self: ConnectionHandler) -> None:
    """Serve a client. What has no end when its connection is over, and nothing under way that leads to one, gets it."""
    await _handle_client(self)
    ends = _ends_of(self)
    while pending := {*ends.hooks, *_hang_up(self)}:
        await asyncio.wait(pending)
    for flow in tuple(ends.flows.values()):
        flow.error = flow.error or Error("the client left")
        await self.handle_hook(HttpErrorHook(flow))


def _hang_up(handler: ConnectionHandler) -> list[asyncio.Task[None]]:
    """Close the connections that were opened for the client, one that a hook opened after it had left among them."""
    tasks = [io.handler for io in handler.transports.values() if io.handler is not None]
    for task in tasks:
        task.cancel("the client left")
    return tasks


def install() -> None:
    """Let mitmproxy's handlers do so. Idempotent."""
    for ours in _OURS:
        setattr(ConnectionHandler, ours.__name__, ours)


def installed() -> bool:
    """Whether they do."""
    return all(vars(ConnectionHandler)[ours.__name__] is ours for ours in _OURS)


_OURS = (server_event, handle_connection, open_connection, hook_task, handle_client)

install()
