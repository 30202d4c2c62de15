"""Answers that arrive in another order than they were asked for, at the agents' sockets."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from proxy_addons.faults.reorder import Reorder
from tests.support.calls import ESCROW, ESCROWS, call, create
from tests.support.live import LiveProxy, live_proxy
from tests.support.sockets import exchange, tunnel


def rules(**settings: object) -> str:
    """Hold answers to `create_escrow`."""
    written = ", ".join(f"{name}: {value}" for name, value in settings.items())
    return f"[{{match: {{operation: create_escrow}}, fault: {{reorder: {{{written}}}}}}}]"


def wait_until_held(proxy: LiveProxy) -> None:
    """Until one answer is held back."""
    while not proxy.on_loop(lambda: len(proxy.session.chain.departures)):
        time.sleep(0.005)


def test_an_answer_waits_for_two_later_ones(tmp_path: Path, ca: Path) -> None:
    """The escrow exists at once; its answer is the third to arrive."""
    arrived: list[str] = []
    with live_proxy(tmp_path, ca, rules=rules(after=2, hold="20s")) as proxy:

        def first() -> None:
            with tunnel(proxy.address, proxy.bundle) as client:
                assert exchange(client, "POST", ESCROWS, ESCROW).status == 201
                arrived.append("first")

        thread = threading.Thread(target=first)
        thread.start()
        wait_until_held(proxy)
        with tunnel(proxy.address, proxy.bundle) as client:
            for name in ("second", "third"):
                assert exchange(client, "GET", "/v1/pricing").status == 200
                arrived.append(name)
            thread.join(10)
        held = proxy.exchanges[0]
    assert arrived == ["second", "third", "first"]
    assert (held.injections[0].delivered, held.injections[0].detail) == (True, "let go after 2 later")
    assert held.delivered


def test_nothing_later_lets_it_go_in_the_end(tmp_path: Path, ca: Path) -> None:
    """After `hold`, and the journal says that the order was kept."""
    with live_proxy(tmp_path, ca, rules=rules(hold="300ms")) as proxy:
        started = time.monotonic()
        assert create(proxy).status == 201
        took = time.monotonic() - started
        (event,) = proxy.exchanges
    assert 0.3 <= took < 5
    assert (event.injections[0].delivered, event.injections[0].detail) == (False, "only 0 of 1 passed within 300ms")


def test_a_client_that_leaves_is_not_waited_for(tmp_path: Path, ca: Path) -> None:
    """Its place is given up at once."""
    with live_proxy(tmp_path, ca, rules=rules(hold="60s")) as proxy:
        client = tunnel(proxy.address, proxy.bundle)
        assert exchange(client, "POST", ESCROWS, ESCROW, timeout=0.2).ending == "silence"
        client.close()
        while proxy.on_loop(lambda: len(proxy.session.chain.departures)):
            time.sleep(0.005)
        (event,) = proxy.exchanges
    assert event.injections[0].detail == "the client left when 0 of 1 had passed"
    assert event.client_aborted


def test_an_earlier_exchange_does_not_count(tmp_path: Path, ca: Path) -> None:
    """Only what began later has overtaken it."""
    slow = "{match: {operation: get_balance}, fault: {latency: 400ms}}"
    with live_proxy(tmp_path, ca, rules=f"[{slow}, {rules(hold='1s')[1:]}") as proxy:
        earlier = threading.Thread(target=call, args=(proxy, "GET", "/v1/billing/wallets/a/balance"))
        earlier.start()
        while not proxy.on_loop(lambda: proxy.session.chain.observe.open_exchanges):
            time.sleep(0.005)
        assert create(proxy).status == 201
        earlier.join(10)
        held = proxy.exchanges[1]
    assert held.injections[0].detail == "only 0 of 1 passed within 1s"


def test_it_says_what_it_does() -> None:
    """In the words of a report."""
    assert Reorder().describe() == "the answer is held until a later one has passed, for 5s at most"
    assert (
        Reorder(at="before", after=3, hold="1m").describe()
        == "the request is held until 3 later ones have passed, for 1m at most"
    )
