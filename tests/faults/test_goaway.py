"""GOAWAY: a polite request to open a new connection, and what clients make of it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from proxy_addons.exchange import Phase
from proxy_addons.faults.goaway import Goaway
from tests.support.calls import call, http2
from tests.support.fake_wire import FakeWire, play
from tests.support.frames import Http2
from tests.support.live import live_proxy


async def test_it_is_sent_and_ends_nothing() -> None:
    """The call goes on."""
    wire = FakeWire(http2=True)
    played = await play(Goaway(), wire)
    assert (wire.done, played.delivered, played.ends) == (["goaway"], True, False)


async def test_on_http1_it_is_not_delivered() -> None:
    """And the journal says why."""
    wire = FakeWire(http2=False)
    played = await play(Goaway(), wire)
    assert (wire.done, played.delivered) == ([], False)
    assert played.detail == "the agent speaks HTTP/1.1, which knows no GOAWAY"


def test_it_says_what_it_does() -> None:
    """In words, and that no answer is lost by it."""
    assert Goaway().describe() == "an HTTP/2 client is told, ahead of the answer, to open a new connection (GOAWAY)"
    assert not Goaway().fatal


@pytest.mark.parametrize("at", ["before", "after"])
def test_a_client_that_minds_its_frames_gets_both(tmp_path: Path, ca: Path, at: str) -> None:
    """The GOAWAY names this stream as the last one, and the answer comes whole."""
    with live_proxy(tmp_path, ca, rules=f"[{{fault: {{goaway: {{at: {at}}}}}}}]") as proxy, Http2(proxy) as client:
        assert client.get("/v1/pricing") == (200, [("GOAWAY", 1, 0)])
        assert client.body
        (event,) = proxy.exchanges
    assert (event.delivered, event.status) == (True, 200)
    assert [(i.at, i.delivered, i.detail) for i in event.injections] == [(Phase(at), True, "GOAWAY sent")]


def test_httpx_takes_it_for_the_end_of_its_streams(tmp_path: Path, ca: Path) -> None:
    """As the documentation says of clients on h2; the call after it goes over a new connection."""
    with live_proxy(tmp_path, ca, rules="[{fault: goaway, when: {calls: 1}}]") as proxy, http2(proxy) as client:
        with pytest.raises(httpx.ProtocolError):
            client.get("/v1/pricing")
        assert client.get("/v1/pricing").status_code == 200


def test_http1_hears_nothing(tmp_path: Path, ca: Path) -> None:
    """Selected, not delivered."""
    with live_proxy(tmp_path, ca, rules="[{fault: goaway}]") as proxy:
        assert call(proxy).status == 200
        (event,) = proxy.exchanges
    assert [(i.delivered, i.detail) for i in event.injections] == [
        (False, "the agent speaks HTTP/1.1, which knows no GOAWAY")
    ]
