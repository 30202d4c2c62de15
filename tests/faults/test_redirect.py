"""Redirect: elsewhere, or in circles."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Phase, Request
from proxy_addons.faults.redirect import Redirect
from tests.support.calls import ESCROW, ESCROWS, create, escrows, http2
from tests.support.fake_wire import FakeWire, play
from tests.support.live import live_proxy

ASKED = Request("GET", "https", "api.example.com", 443, "/a b/ü", (("q", "x y"), ("r", "&")))


@pytest.mark.parametrize(
    ("settings", "location"),
    [
        ({"to": "/v2"}, "/v2"),
        ({"to": "https://other.example.com/v2?a=b"}, "https://other.example.com/v2?a=b"),
        ({"host": "other.example.com:8443"}, "https://other.example.com:8443/a%20b/%C3%BC?q=x+y&r=%26"),
        ({"loop": True}, "https://api.example.com/a%20b/%C3%BC?q=x+y&r=%26"),
    ],
)
async def test_the_location_is_where_it_leads(settings: dict[str, object], location: str) -> None:
    """The path and the query go along to another host."""
    wire = FakeWire(request=ASKED)
    played = await play(Redirect.model_validate(settings), wire)
    assert wire.answer is not None
    assert (wire.answer.status, wire.answer.header("location")) == (307, location)
    assert (played.delivered, played.ends, played.detail) == (True, True, f"answered 307 to {location}")


async def test_a_port_of_its_own_stays() -> None:
    """In a loop."""
    wire = FakeWire(request=Request("GET", "http", "api.example.com", 8080, "/x"))
    await play(Redirect(loop=True), wire)
    assert wire.answer is not None
    assert wire.answer.header("location") == "http://api.example.com:8080/x"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "leads to one place"),
        ({"to": "/x", "loop": True}, "write `to`, `host` or `loop: true`, and only one of them"),
        ({"to": "/a b"}, "write them percent-encoded"),
        ({"to": "/x\r\nset-cookie: a"}, "write them percent-encoded"),
        ({"host": "http://x"}, "should match pattern"),
        ({"to": "/x", "code": 304}, "Input should be 301, 302, 303, 307 or 308"),
    ],
)
def test_settings_that_do_not_fit_are_errors(settings: dict[str, object], said: str) -> None:
    """In words."""
    with pytest.raises(ValidationError) as caught:
        Redirect.model_validate(settings)
    assert said in str(caught.value)


def test_it_says_where_to() -> None:
    """And whether the provider did its work. Only a loop certainly leads to nothing."""
    assert Redirect(to="/v2").describe() == (
        "the agent is redirected to /v2 (307 Temporary Redirect), instead of asking the provider"
    )
    assert Redirect(loop=True, code=302, at=Phase.AFTER).describe() == (
        "the agent is redirected back to the same address (302 Found), although the provider did its work"
    )
    assert (Redirect(to="/v2").fatal, Redirect(loop=True).fatal) == (False, True)


@pytest.mark.parametrize(("at", "held"), [("before", 0), ("after", 1)])
def test_on_the_wire_it_is_a_redirect(tmp_path: Path, ca: Path, at: str, held: int) -> None:
    """On either side of the provider's work."""
    rules = f"[{{fault: {{redirect: {{to: /v2, code: 308, at: {at}}}}}}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        seen = create(proxy)
        assert escrows(proxy) == held
    assert (seen.status, seen.ending) == (308, "open")
    assert b"\r\nlocation: /v2\r\n" in seen.data


def test_a_client_that_follows_a_loop_gives_up(tmp_path: Path, ca: Path) -> None:
    """On HTTP/2, and by itself."""
    with live_proxy(tmp_path, ca, rules="[{fault: {redirect: {loop: true}}}]") as proxy:
        with http2(proxy) as client:
            client.max_redirects = 5
            with pytest.raises(httpx.TooManyRedirects):
                client.post(ESCROWS, json=ESCROW, follow_redirects=True)
        assert len(proxy.exchanges) == 6
