"""Who is waited for, and that nobody is forgotten."""

from __future__ import annotations

import asyncio

from proxy_addons.engine.departures import Departures
from proxy_addons.exchange import Exchange, Request


def an_exchange(number: int, *, callback: bool = False, duplicate_of: int | None = None) -> Exchange:
    """One that is over, or waits."""
    asked = Request("GET", "https", "a.test", 443, "/")
    return Exchange(number, "a", "rest", asked, [], 0.0, callback=callback, duplicate_of=duplicate_of)


async def passed(departures: Departures, *ends: Exchange, count: int = 2, seconds: float = 0.05) -> int:
    """How many of these pass exchange 5, which waits for `count`."""
    waiting = asyncio.ensure_future(departures.wait(an_exchange(5), count, seconds, asyncio.Event().wait()))
    await asyncio.sleep(0)
    assert len(departures) == 1
    for end in ends:
        departures.note(end)
    found = await waiting
    assert len(departures) == 0
    return found


async def test_later_exchanges_of_the_same_way_count() -> None:
    """Not earlier ones, not webhooks, not the network's repeats."""
    others = [an_exchange(4), an_exchange(6, callback=True), an_exchange(7, duplicate_of=5)]
    assert await passed(Departures(), *others, an_exchange(8)) == 1
    assert await passed(Departures(), an_exchange(6), an_exchange(7), seconds=60) == 2


async def test_one_that_leaves_is_not_held() -> None:
    """The wait ends with the client."""
    departures, gone = Departures(), asyncio.Event()
    waiting = asyncio.ensure_future(departures.wait(an_exchange(1), 1, 60, gone.wait()))
    await asyncio.sleep(0)
    gone.set()
    assert await waiting == 0
    assert len(departures) == 0


async def test_a_wait_that_is_cancelled_leaves_nothing() -> None:
    """As when the proxy stops."""
    departures = Departures()
    waiting = asyncio.ensure_future(departures.wait(an_exchange(1), 1, 60, asyncio.Event().wait()))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert len(departures) == 0
