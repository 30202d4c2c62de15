"""Lost response: the provider carries it out, and the agent never learns of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Phase
from proxy_addons.faults.lost_response import LostResponse
from tests.support.calls import create, escrows
from tests.support.fake_wire import FakeWire, play
from tests.support.live import LiveProxy, live_proxy

WORDS = [
    ("reset", ["reset"], "answer dropped, RST sent"),
    ("close", ["close"], "answer dropped, connection closed"),
    ("timeout", ["wait", "close"], "answer dropped, silence for 2s"),
    ("bad_gateway", ["respond"], "answer dropped, 502 sent"),
]


@pytest.mark.parametrize(("instead", "done", "detail"), WORDS)
async def test_each_way_to_lose_it_does_one_thing(instead: str, done: list[str], detail: str) -> None:
    """And ends the exchange."""
    wire = FakeWire()
    played = await play(LostResponse.model_validate({"instead": instead, "hold": "2s"}), wire)
    assert wire.done == done
    assert (played.delivered, played.detail, played.ends) == (True, detail, True)


async def test_a_client_that_left_before_the_reset_was_not_reset() -> None:
    """It was selected, and did not take place."""
    played = await play(LostResponse(), FakeWire(patience=0))
    assert (played.delivered, played.detail, played.ends) == (False, "the client had left", True)


async def test_silence_lasts_as_long_as_the_client() -> None:
    """Or as the hold."""
    wire = FakeWire(patience=1)
    played = await play(LostResponse(instead="timeout"), wire)
    assert wire.waited == 1
    assert played.detail == "answer dropped, silence until the client left"


async def test_the_502_looks_like_a_load_balancers() -> None:
    """HTML, not JSON: agents parse what they get."""
    wire = FakeWire()
    await play(LostResponse(instead="bad_gateway"), wire)
    assert wire.answer is not None
    assert (wire.answer.status, wire.answer.header("content-type")) == (502, "text/html")
    assert wire.answer.body.startswith(b"<html>")


def test_it_plays_after_alone() -> None:
    """Before there is no answer to lose."""
    assert LostResponse().at is Phase.AFTER
    with pytest.raises(ValidationError):
        LostResponse.model_validate({"at": "before"})


@pytest.mark.parametrize(
    ("instead", "words"),
    [
        ("reset", "a connection reset"),
        ("close", "a closed connection"),
        ("timeout", "silence"),
        ("bad_gateway", "502 Bad Gateway"),
    ],
)
def test_it_says_what_the_agent_gets_instead(instead: str, words: str) -> None:
    """And that the provider carries it out."""
    fault = LostResponse.model_validate({"instead": instead})
    assert fault.describe() == f"the provider carries it out, then the answer is lost: the agent gets {words} instead"
    assert fault.fatal


def check_books_and_journal(proxy: LiveProxy, status: int | None) -> None:
    """The escrow is there; the agent was not told."""
    proxy.stop()
    assert escrows(proxy) == 1
    (event,) = proxy.exchanges
    assert (event.commit, event.committed, event.reached_upstream) == ("committed", True, True)
    assert (event.delivered, event.status, event.pristine_status) == (False, status, 201)
    assert [effect.kind for effect in event.calls[0].effects] == ["opens"]
    assert event.injections[0].delivered


@pytest.mark.parametrize(("instead", "ending"), [("reset", "reset"), ("close", "fin")])
def test_the_escrow_is_there_and_the_connection_broke(tmp_path: Path, ca: Path, instead: str, ending: str) -> None:
    """Nothing of the answer arrived."""
    with live_proxy(tmp_path, ca, rules=f"[{{fault: {{lost_response: {instead}}}}}]") as proxy:
        seen = create(proxy)
        assert (seen.data, seen.ending) == (b"", ending)
        check_books_and_journal(proxy, None)


def test_the_escrow_is_there_and_the_agent_waited_in_vain(tmp_path: Path, ca: Path) -> None:
    """Silence until it gave up."""
    with live_proxy(tmp_path, ca, rules="[{fault: {lost_response: timeout}}]") as proxy:
        seen = create(proxy, timeout=0.1)
        assert (seen.data, seen.ending) == (b"", "silence")
        check_books_and_journal(proxy, None)


def test_the_escrow_is_there_and_the_agent_is_told_502(tmp_path: Path, ca: Path) -> None:
    """By what looks like a load balancer."""
    with live_proxy(tmp_path, ca, rules="[{fault: {lost_response: bad_gateway}}]") as proxy:
        seen = create(proxy)
        assert (seen.status, seen.ending) == (502, "open")
        assert b"escrow" not in seen.body
        check_books_and_journal(proxy, 502)
