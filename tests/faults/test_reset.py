"""Reset: the connection breaks, before the upstream hears of the call or after it did its work."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from proxy_addons.exchange import Phase
from proxy_addons.faults.reset import Reset
from tests.support.calls import create, escrows, http2
from tests.support.fake_wire import FakeWire, play
from tests.support.live import live_proxy


async def test_it_resets_once_and_ends_the_exchange() -> None:
    """Without a draw and without a wait."""
    wire = FakeWire()
    played = await play(Reset(), wire)
    assert wire.done == ["reset"]
    assert (played.delivered, played.detail, played.ends) == (True, "RST sent", True)


async def test_nobody_is_reset_who_has_left() -> None:
    """It was selected, and did not take place."""
    played = await play(Reset(), FakeWire(patience=0))
    assert (played.delivered, played.detail, played.ends) == (False, "the client had left already", True)


def test_it_says_on_which_side_it_strikes() -> None:
    """And that no good answer comes on either."""
    assert Reset().describe() == "the connection is reset before the provider is asked"
    assert Reset(at=Phase.AFTER).describe() == "the connection is reset after the provider did its work"
    assert Reset().fatal


@pytest.mark.parametrize(("at", "held"), [("before", 0), ("after", 1)])
def test_the_agent_sees_a_reset_whatever_the_provider_did(tmp_path: Path, ca: Path, at: str, held: int) -> None:
    """Not one byte of an answer arrives."""
    with live_proxy(tmp_path, ca, rules=f"[{{fault: {{reset: {{at: {at}}}}}}}]") as proxy:
        seen = create(proxy)
        assert (seen.data, seen.ending) == (b"", "reset")
        assert escrows(proxy) == held
        (event,) = proxy.exchanges
    assert (event.committed, event.reached_upstream) == (bool(held), bool(held))
    assert (event.delivered, event.status, event.client_aborted, event.error) == (False, None, False, "")
    assert (event.injections[0].delivered, event.injections[0].at) == (True, at)


@pytest.mark.parametrize(("place", "arrive"), [("after_bytes: 40", 40), ("after_share: 0.5", None)])
def test_a_reset_in_the_middle_of_an_answer(tmp_path: Path, ca: Path, place: str, arrive: int | None) -> None:
    """The head and so many bytes arrive, then an RST; what was committed is known all the same."""
    with live_proxy(tmp_path, ca, rules=f"[{{fault: {{reset: {{{place}}}}}}}]") as proxy:
        seen = create(proxy)
        assert (seen.status, seen.ending) == (201, "reset")
        length = int(seen.data.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        assert len(seen.body) == (arrive or length // 2)
        assert escrows(proxy) == 1
        (event,) = proxy.exchanges
    assert (event.committed, event.pristine_status, event.delivered, event.status) == (True, 201, False, None)
    assert (event.error, event.client_aborted) == ("", False)
    assert [(i.delivered, i.detail, i.at) for i in event.injections] == [
        (True, f"RST sent after {arrive or length // 2} bytes", Phase.AFTER)
    ]


def test_a_reset_behind_the_end_of_an_answer_is_not_delivered(tmp_path: Path, ca: Path) -> None:
    """A short answer comes through whole, and the journal says so."""
    with live_proxy(tmp_path, ca, rules="[{fault: {reset: {after_bytes: 1MB}}}]") as proxy:
        seen = create(proxy)
        assert (seen.status, seen.ending) == (201, "open")
        (event,) = proxy.exchanges
    assert (event.delivered, event.status) == (True, 201)
    assert [(i.delivered, i.detail) for i in event.injections] == [(False, "the answer ended too early for it")]


def test_a_reset_in_the_middle_of_an_http2_answer(tmp_path: Path, ca: Path) -> None:
    """The connection breaks behind the head."""
    with live_proxy(tmp_path, ca, rules="[{fault: {reset: {after_bytes: 10}}}]") as proxy, http2(proxy) as client:
        with client.stream("GET", "/v1/pricing") as response:
            assert (response.status_code, response.http_version) == (200, "HTTP/2")
            with pytest.raises(httpx.ReadError):
                response.read()
        (event,) = proxy.exchanges
    assert event.injections[0].detail == "RST sent after 10 bytes"
