"""Pause, resume and reset, on a connection that is open all the while."""

from __future__ import annotations

import socket
from pathlib import Path

from proxy_addons.events.event import Controlled
from tests.support.calls import ESCROW, ESCROWS
from tests.support.live import LiveProxy, live_proxy
from tests.support.sockets import exchange, tunnel


def statuses(client: socket.socket, count: int) -> list[int | None]:
    """So many creates on one connection."""
    return [exchange(client, "POST", ESCROWS, ESCROW).status for _ in range(count)]


def actions(proxy: LiveProxy) -> list[str]:
    """What the journal says that was done."""
    return [event.action for event in proxy.events if isinstance(event, Controlled)]


def test_nothing_fires_while_it_is_paused(tmp_path: Path, ca: Path) -> None:
    """The journal says why, and the rest goes on."""
    with (
        live_proxy(tmp_path, ca, rules="[{fault: {status: 503}}]") as proxy,
        tunnel(proxy.address, proxy.bundle) as client,
    ):
        live = proxy.session.chain.live
        told = statuses(client, 1)
        proxy.on_loop(live.pause)
        assert proxy.on_loop(lambda: live.paused)
        told += statuses(client, 1)
        proxy.on_loop(live.resume)
        told += statuses(client, 1)
        client.close()
        paused = proxy.exchanges[1]
        done = actions(proxy)
    assert told == [503, 201, 503]
    assert [(decision.fired, decision.reason) for decision in paused.decisions] == [(False, "paused")]
    assert done == ["pause", "resume"]


def test_reset_begins_to_count_anew(tmp_path: Path, ca: Path) -> None:
    """Ordinals, attempts and caps; an exchange keeps a number of its own."""
    rules = (
        "[{match: {operation: create_escrow}, when: {calls: [1], max: 1}, fault: {status: 503}},"
        " {match: {operation: create_escrow}, fault: {rate_limit: {limit: 1, per: 1h}}}]"
    )
    with (
        live_proxy(tmp_path, ca, rules=rules) as proxy,
        tunnel(proxy.address, proxy.bundle) as client,
    ):
        told = statuses(client, 2)
        proxy.on_loop(proxy.session.chain.live.reset)
        told += statuses(client, 2)
        client.close()
        events = proxy.exchanges
        done = actions(proxy)
    assert told == [503, 201, 503, 201]
    assert [event.number for event in events] == [1, 2, 3, 4]
    assert [(e.calls[0].nth, e.calls[0].ordinal, e.calls[0].attempt) for e in events] == [(1, 1, 1), (2, 2, 2)] * 2
    assert done == ["reset"]


def test_reset_opens_a_window_again(tmp_path: Path, ca: Path) -> None:
    """Its time counts from the reset on."""
    rules = "[{when: {window: {for: 300ms}}, fault: {status: 503}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy, tunnel(proxy.address, proxy.bundle) as client:
        while statuses(client, 1) == [503]:
            pass
        proxy.on_loop(proxy.session.chain.live.reset)
        assert statuses(client, 1) == [503]


def test_reset_gives_no_money_back(tmp_path: Path, ca: Path) -> None:
    """A budget is for the run."""
    with (
        live_proxy(tmp_path, ca, head="budget: {per_run: '25.00'}") as proxy,
        tunnel(proxy.address, proxy.bundle) as client,
    ):
        told = statuses(client, 1)
        proxy.on_loop(proxy.session.chain.live.reset)
        told.append(exchange(client, "POST", ESCROWS, ESCROW | {"description": "another"}).status)
    assert told == [201, 402]
