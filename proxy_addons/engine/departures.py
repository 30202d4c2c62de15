"""Who was let go after whom: how a fault waits until later exchanges have passed this one.

A waiter is kept for as long as it waits, and no longer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field

from proxy_addons.exchange import Exchange


@dataclass(eq=False)
class _Waiter:
    number: int
    callback: bool
    wanted: int
    passed: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)


class Departures:
    """Notes the end of each exchange, and wakes those who wait for it.

    Later is what has a higher number and goes the same way: the agents' calls, or the sandbox's webhooks. A
    repeat of a call is nobody's answer and does not count.
    """

    def __init__(self) -> None:
        self._waiters: set[_Waiter] = set()

    def __len__(self) -> int:
        return len(self._waiters)

    def note(self, exchange: Exchange) -> None:
        """An exchange is over."""
        if exchange.duplicate_of is not None:
            return
        for waiter in self._waiters:
            if waiter.callback is exchange.callback and exchange.number > waiter.number:
                waiter.passed += 1
                if waiter.passed >= waiter.wanted:
                    waiter.enough.set()

    async def wait(self, exchange: Exchange, count: int, seconds: float, gone: Awaitable[object]) -> int:
        """Wait until `count` later ones are over, or `seconds` are, or `gone` is done; how many there were."""
        waiter = _Waiter(exchange.number, exchange.callback, count)
        self._waiters.add(waiter)
        left = asyncio.ensure_future(gone)
        enough = asyncio.ensure_future(waiter.enough.wait())
        try:
            await asyncio.wait((left, enough), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiters.discard(waiter)
            left.cancel()
            enough.cancel()
        return waiter.passed
