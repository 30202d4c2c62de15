"""Hooks reach their handlers: all of them, in order, whatever one of them does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import override

import pytest
from mitmproxy import exceptions, hooks
from mitmproxy.proxy.layers.http._hooks import HttpRequestHook
from mitmproxy.test import tflow

from proxy_addons.engine.dispatch import FastAddonManager
from proxy_addons.engine.master import Listen, ProxyMaster


@dataclass
class KnockHook(hooks.Hook):
    """An event of these tests' own."""

    heard: list[str]


class Door:
    """An addon that writes its name down when it is knocked at."""

    def __init__(self, name: str) -> None:
        self.name = name

    def knock(self, heard: list[str]) -> None:
        """Hear it."""
        heard.append(self.name)


class SlowDoor(Door):
    """It takes a turn of the loop."""

    @override
    async def knock(self, heard: list[str]) -> None:  # type: ignore[override]  # a hook may be either
        await asyncio.sleep(0)
        heard.append(self.name)


class BrokenDoor(Door):
    """A defect."""

    @override
    def knock(self, heard: list[str]) -> None:
        heard.append(self.name)
        raise KeyError("hinge")


class SlowBrokenDoor(Door):
    """A defect that shows later."""

    @override
    async def knock(self, heard: list[str]) -> None:  # type: ignore[override]  # a hook may be either
        await asyncio.sleep(0)
        heard.append(self.name)
        raise KeyError("hinge")


class LastDoor(Door):
    """Nobody behind it is to hear."""

    @override
    def knock(self, heard: list[str]) -> None:
        heard.append(self.name)
        raise exceptions.AddonHalt


class RefusingDoor(Door):
    """A wrong setting."""

    @override
    def knock(self, heard: list[str]) -> None:
        raise exceptions.OptionsError("no such door")


class Corridor(Door):
    """An addon with addons of its own."""

    def __init__(self, name: str, *doors: Door) -> None:
        super().__init__(name)
        self.addons = list(doors)


class Painted:
    """It has the name of the event, but no handler."""

    name = "painted"
    knock = "on wood"


@pytest.fixture
async def manager(ca: Path) -> FastAddonManager:
    """The manager of a master that serves nothing."""
    found = ProxyMaster(Listen("127.0.0.1", 0, ca)).addons
    assert isinstance(found, FastAddonManager)
    return found


async def knock(manager: FastAddonManager) -> list[str]:
    """Trigger the event once; who heard it."""
    heard: list[str] = []
    await manager.trigger_event(KnockHook(heard))
    return heard


async def test_handlers_are_called_in_order(manager: FastAddonManager) -> None:
    """Those of addons within addons behind their own."""
    manager.add(Door("a"), Corridor("b", Door("b1"), Door("b2")), Door("c"))
    assert await knock(manager) == ["a", "b", "b1", "b2", "c"]


async def test_a_handler_that_waits_is_awaited(manager: FastAddonManager) -> None:
    """Before the next one has its turn."""
    manager.add(SlowDoor("slow"), Door("quick"))
    assert await knock(manager) == ["slow", "quick"]


@pytest.mark.engine_error("Addon error: 'hinge'")
@pytest.mark.parametrize("broken", [BrokenDoor, SlowBrokenDoor])
async def test_a_handler_that_raises_is_logged_and_the_next_one_runs(
    manager: FastAddonManager, caplog: pytest.LogCaptureFixture, broken: type[Door]
) -> None:
    """In the words that mitmproxy uses, which the run listens for, with the traceback."""
    manager.add(Door("a"), broken("broken"), Door("c"))
    assert await knock(manager) == ["a", "broken", "c"]
    (record,) = caplog.records
    assert (record.getMessage(), record.name) == ("Addon error: 'hinge'", "mitmproxy.addonmanager")
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)


async def test_a_handler_may_keep_the_event_from_the_rest(manager: FastAddonManager) -> None:
    """By AddonHalt, which is no error."""
    manager.add(Door("a"), LastDoor("last"), Door("c"))
    assert await knock(manager) == ["a", "last"]


async def test_a_wrong_setting_stops_the_start(manager: FastAddonManager) -> None:
    """OptionsError goes up to whoever starts the engine."""
    manager.add(RefusingDoor("a"))
    with pytest.raises(exceptions.OptionsError, match="no such door"):
        await knock(manager)


async def test_handlers_are_found_anew_when_addons_come_and_go(manager: FastAddonManager) -> None:
    """What is remembered is forgotten then."""
    first, second = Door("a"), Door("b")
    manager.add(first)
    assert await knock(manager) == ["a"]
    manager.add(second)
    assert await knock(manager) == ["a", "b"]
    manager.remove(first)
    assert await knock(manager) == ["b"]
    manager.register(late := Door("c"))
    manager.chain.append(late)
    assert await knock(manager) == ["b", "c"]


async def test_what_cannot_be_called_is_no_handler(manager: FastAddonManager) -> None:
    """And an event that nobody handles is none to anybody."""
    assert await knock(manager) == []
    manager.add(Painted(), Door("a"))
    assert await knock(manager) == ["a"]


class Watcher:
    """Hears of flows, and of each change to one, as a user interface does."""

    name = "watcher"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def request(self, _flow: object) -> None:
        """Note it."""
        self.seen.append("request")

    def update(self, flows: list[object]) -> None:
        """Note how many."""
        self.seen.append(f"update of {len(flows)}")


async def test_a_flows_event_is_followed_by_an_update_for_those_who_listen(manager: FastAddonManager) -> None:
    """As in mitmproxy."""
    watcher = Watcher()
    manager.add(watcher)
    await manager.handle_lifecycle(HttpRequestHook(tflow.tflow()))
    assert watcher.seen == ["request", "update of 1"]


async def test_an_event_of_no_flow_is_followed_by_no_update(manager: FastAddonManager) -> None:
    """There is nothing that changed."""
    watcher, heard = Watcher(), list[str]()
    manager.add(watcher, Door("a"))
    await manager.handle_lifecycle(KnockHook(heard))
    assert (heard, watcher.seen) == (["a"], [])
