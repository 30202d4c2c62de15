"""Ends that mitmproxy would lose reach the layers, and every flow has one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import override

import pytest
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy.commands import Command, StartHook
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.events import ConnectionClosed, Event
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook, HttpRequestHeadersHook
from mitmproxy.proxy.server import ConnectionHandler
from mitmproxy.test import tflow

from proxy_addons.engine import endings


class Listener:
    """A layer that hears everything and says nothing."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    def handle_event(self, event: Event) -> Iterator[Command]:
        self.heard.append(event)
        return iter(())


class Handler(ConnectionHandler):
    """A handler of a client that is not there."""

    def __init__(self) -> None:
        client = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), state=ConnectionState.OPEN)
        super().__init__(Context(client, Options()))
        self.listener = Listener()
        self.layer = self.listener  # type: ignore[assignment]  # it is one in all that is asked of it
        self.hooks: list[StartHook] = []

    @override
    async def handle_hook(self, hook: StartHook) -> None:
        self.hooks.append(hook)


async def test_a_cancelled_task_still_tells_of_the_end() -> None:
    """The layers hear the event, and the task ends as cancelled all the same."""
    handler = Handler()
    event = ConnectionClosed(handler.client)
    async with handler._server_event_lock:  # noqa: SLF001  # what makes it wait
        telling = asyncio.ensure_future(handler.server_event(event))
        await asyncio.sleep(0)
        telling.cancel()
        await asyncio.sleep(0)
        assert (telling.done(), handler.listener.heard) == (False, [])
    with pytest.raises(asyncio.CancelledError):
        await telling
    assert handler.listener.heard == [event]


async def test_a_flow_without_an_end_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once its client's connection is over and nothing is under way, the chain hears of its error."""

    async def over(_handler: ConnectionHandler) -> None:
        """The connection's end."""

    monkeypatch.setattr(endings, "_handle_client", over)
    handler, flow = Handler(), tflow.tflow()
    await handler.hook_task(HttpRequestHeadersHook(flow))
    await handler.handle_client()
    assert isinstance(handler.hooks[-1], HttpErrorHook)
    assert flow.error is not None
    assert flow.error.msg == "the client left"


def test_it_is_installed_once() -> None:
    """A second time changes nothing."""
    endings.install()
    assert endings.installed()
