"""Wrong length: Content-Length lies."""

from __future__ import annotations

from pathlib import Path

import h2.exceptions
import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Answer
from proxy_addons.faults.wrong_length import WrongLength
from tests.support.calls import ESCROW, ESCROWS, http2
from tests.support.edits import BALANCE, ORIGIN, ask, faulty, headers_of, reply
from tests.support.fake_wire import FakeWire, play
from tests.support.live import live_proxy
from tests.support.sockets import receive, request_bytes, tunnel


async def test_the_bytes_stay_and_the_claim_differs() -> None:
    """Never below zero."""
    wire = FakeWire(answer=Answer(200, (), b"0123456789"))
    played = await play(WrongLength(by=-3), wire)
    assert (wire.done, wire.raw, wire.length) == (["edit raw and close"], b"0123456789", 7)
    assert played.detail == "Content-Length 7 for 10 bytes"
    await play(WrongLength(by=-30), wire)
    assert wire.length == 0
    assert not (await play(WrongLength(), FakeWire(answer=Answer(204)))).delivered


def test_no_difference_is_refused() -> None:
    """In words."""
    with pytest.raises(ValidationError, match="0 is no difference"):
        WrongLength(by=0)
    assert WrongLength(by=-3).describe() == "Content-Length claims 3 bytes fewer than there are"
    assert WrongLength(by=3).describe() == "Content-Length claims 3 bytes more than there are"


@pytest.mark.parametrize("chunked", ["chunked", ""])
def test_too_much_is_claimed_and_the_connection_closes(tmp_path: Path, ca: Path, chunked: str) -> None:
    """An answer in chunks gets a Content-Length for it."""
    with faulty(tmp_path, ca, "{wrong_length: 5}", reply(BALANCE, chunked=bool(chunked))) as proxy:
        seen = ask(proxy)
        (event,) = proxy.exchanges
    assert (seen.body, seen.ending) == (BALANCE, "fin")
    assert headers_of(seen)["content-length"] == str(len(BALANCE) + 5)
    assert (event.delivered, event.status) == (False, 200)


def test_without_a_close_the_client_waits(tmp_path: Path, ca: Path) -> None:
    """For bytes that never come."""
    with (
        faulty(tmp_path, ca, "{wrong_length: {by: 5, close: false}}") as proxy,
        tunnel(proxy.address, proxy.bundle, ORIGIN) as client,
    ):
        client.sendall(request_bytes("GET", "/v1/wallet", host=ORIGIN))
        assert receive(client, 0.4).ending == "silence"


def test_too_little_is_claimed_and_the_rest_comes_all_the_same(tmp_path: Path, ca: Path) -> None:
    """A client that believes it takes the rest for the next answer."""
    with faulty(tmp_path, ca, "{wrong_length: -5}") as proxy:
        seen = ask(proxy)
    assert headers_of(seen)["content-length"] == str(len(BALANCE) - 5)
    assert seen.body == BALANCE


def test_on_http2_such_an_answer_is_malformed(tmp_path: Path, ca: Path) -> None:
    """RFC 9113, 8.1.1."""
    rules = "[{match: {operation: create_escrow}, fault: wrong_length}]"
    refused = pytest.raises(h2.exceptions.InvalidBodyLengthError)  # httpx hands it through
    with live_proxy(tmp_path, ca, rules=rules) as proxy, http2(proxy) as client, refused:
        client.post(ESCROWS, json=ESCROW)
