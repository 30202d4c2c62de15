"""Close: the connection ends with a FIN where an answer should be, or the rest of one."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from proxy_addons.exchange import Phase
from proxy_addons.faults.close import Close
from tests.support.calls import create, escrows, http2
from tests.support.fake_wire import FakeWire, play
from tests.support.live import live_proxy


async def test_it_closes_once_and_ends_the_exchange() -> None:
    """Without a wait."""
    wire = FakeWire()
    played = await play(Close(), wire)
    assert wire.done == ["close"]
    assert (played.delivered, played.detail, played.ends) == (True, "connection closed", True)


def test_it_says_on_which_side_it_strikes() -> None:
    """In words."""
    assert Close().describe() == "the connection is closed before the provider is asked"
    assert Close(at=Phase.AFTER).describe() == "the connection is closed after the provider did its work"


@pytest.mark.parametrize(("at", "held"), [("before", 0), ("after", 1)])
def test_the_agent_sees_the_end_instead_of_an_answer(tmp_path: Path, ca: Path, at: str, held: int) -> None:
    """A FIN, no RST, and not one byte."""
    with live_proxy(tmp_path, ca, rules=f"[{{fault: {{close: {{at: {at}}}}}}}]") as proxy:
        seen = create(proxy)
        assert (seen.data, seen.ending) == (b"", "fin")
        assert escrows(proxy) == held
        (event,) = proxy.exchanges
    assert (event.committed, event.delivered, event.status) == (bool(held), False, None)
    assert (event.injections[0].delivered, event.injections[0].at) == (True, at)


def test_a_close_in_the_middle_of_an_answer(tmp_path: Path, ca: Path) -> None:
    """The head and so many bytes arrive, then a FIN; what was committed is known all the same."""
    with live_proxy(tmp_path, ca, rules="[{fault: {close: {after_bytes: 40}}}]") as proxy:
        seen = create(proxy)
        assert (seen.status, len(seen.body), seen.ending) == (201, 40, "fin")
        (event,) = proxy.exchanges
    assert (event.committed, event.delivered, event.error, event.client_aborted) == (True, False, "", False)
    assert [(i.delivered, i.detail) for i in event.injections] == [(True, "connection closed after 40 bytes")]


@pytest.mark.parametrize("settings", ["{at: before}", "{after_bytes: 40}"])
def test_on_http2_the_stream_alone_is_reset(tmp_path: Path, ca: Path, settings: str) -> None:
    """The next call goes over the same connection."""
    rules = f"[{{match: {{operation: create_escrow}}, fault: {{close: {settings}}}}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy, http2(proxy) as client:
        assert client.get("/v1/pricing").http_version == "HTTP/2"
        with pytest.raises(httpx.RemoteProtocolError, match="StreamReset"):
            client.post("/v1/payments/escrows", json={"payer": "a", "payee": "b", "amount": "1.00"})
        assert client.get("/v1/pricing").status_code == 200
        assert proxy.on_loop(lambda: len(proxy.session.chain.clients)) == 1
