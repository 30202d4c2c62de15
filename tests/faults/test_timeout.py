"""Timeout: silence, until the client gives up or the hold is over."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Phase
from proxy_addons.faults.timeout import Timeout
from tests.support.calls import ESCROW, ESCROWS, create, escrows, http2
from tests.support.fake_wire import FakeWire, play
from tests.support.live import live_proxy


async def test_it_waits_and_then_closes() -> None:
    """So that no client can hang for ever."""
    wire = FakeWire()
    played = await play(Timeout(hold="5s"), wire)
    assert (wire.done, wire.waited) == (["wait", "close"], 5.0)
    assert (played.delivered, played.detail, played.ends) == (True, "silent for 5s, then closed", True)


async def test_a_client_that_gives_up_ends_it() -> None:
    """As it is meant to."""
    wire = FakeWire(patience=1)
    played = await play(Timeout(), wire)
    assert wire.waited == 1
    assert (played.delivered, played.detail, played.ends) == (True, "silent until the client left", True)


@pytest.mark.parametrize("hold", ["0s", "2h"])
def test_a_hold_has_bounds(hold: str) -> None:
    """Above zero, an hour at most."""
    with pytest.raises(ValidationError):
        Timeout(hold=hold)


def test_it_says_what_vanishes() -> None:
    """The request, or the answer."""
    assert Timeout().describe() == "the request vanishes: silence for 1m at most"
    assert Timeout(at=Phase.AFTER, hold="5s").describe() == (
        "the provider does its work and the answer vanishes: silence for 5s at most"
    )
    assert Timeout().fatal


@pytest.mark.parametrize(("at", "held"), [("before", 0), ("after", 1)])
def test_when_the_hold_is_over_the_connection_ends_without_a_word(tmp_path: Path, ca: Path, at: str, held: int) -> None:
    """No earlier, and no later than the client has patience."""
    with live_proxy(tmp_path, ca, rules=f"[{{fault: {{timeout: {{hold: 80ms, at: {at}}}}}}}]") as proxy:
        before = time.monotonic()
        seen = create(proxy)
        assert time.monotonic() - before >= 0.08
        assert (seen.data, seen.ending) == (b"", "fin")
        assert escrows(proxy) == held
        (event,) = proxy.exchanges
    assert (event.committed, event.delivered, event.status) == (bool(held), False, None)
    assert (event.client_aborted, event.injections[0].detail) == (False, "silent for 80ms, then closed")


@pytest.mark.parametrize(("at", "held"), [("before", 0), ("after", 1)])
def test_a_client_that_gives_up_is_noted(tmp_path: Path, ca: Path, at: str, held: int) -> None:
    """It is what a careful agent does, and the exchange is over then."""
    with live_proxy(tmp_path, ca, rules=f"[{{fault: {{timeout: {{at: {at}}}}}}}]") as proxy:
        assert create(proxy, timeout=0.1).ending == "silence"
        proxy.stop()
        assert escrows(proxy) == held
        (event,) = proxy.exchanges
    assert event.client_aborted
    assert event.injections[0].detail == "silent until the client left"
    assert event.closed_at - event.started_at < 10


def test_on_http2_the_stream_alone_ends(tmp_path: Path, ca: Path) -> None:
    """The connection serves the next call."""
    rules = "[{match: {operation: create_escrow}, fault: {timeout: 50ms}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy, http2(proxy) as client:
        client.get("/v1/pricing")
        with pytest.raises(httpx.RemoteProtocolError, match="StreamReset"):
            client.post(ESCROWS, json=ESCROW)
        assert client.get("/v1/pricing").status_code == 200
