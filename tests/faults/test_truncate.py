"""Truncate: the answer ends too early."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import h2.exceptions
import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Answer
from proxy_addons.faults.truncate import Truncate
from tests.support.calls import ESCROW, ESCROWS, http2
from tests.support.edits import BALANCE, ask, faulty, headers_of, reply, zipped
from tests.support.fake_wire import FakeWire, play
from tests.support.live import live_proxy


@pytest.mark.parametrize(("keep", "left"), [(0.25, b"01"), (3, b"012"), ("4B", b"0123"), (0, b"")])
async def test_a_share_or_a_size_is_kept(keep: float | str, left: bytes) -> None:
    """And Content-Length promises the whole."""
    wire = FakeWire(answer=Answer(200, (), b"01234567"))
    played = await play(Truncate(keep=keep), wire)
    assert (wire.done, wire.raw, wire.length) == (["edit raw and close"], left, 8)
    assert played.detail == f"{len(left)} of 8 bytes, broken framing"


async def test_clean_framing_is_mended() -> None:
    """The client sees a whole answer with broken content."""
    wire = FakeWire(answer=Answer(200, (), b"01234567"))
    await play(Truncate(framing="clean"), wire)
    assert (wire.done, wire.answer and wire.answer.body) == (["edit"], b"0123")
    assert not Truncate(framing="clean").fatal


@pytest.mark.parametrize("keep", [8, "1KB"])
async def test_what_is_short_already_stays(keep: object) -> None:
    """Not delivered."""
    played = await play(Truncate.model_validate({"keep": keep}), FakeWire(answer=Answer(200, (), b"01234567")))
    assert (played.delivered, played.detail) == (False, "the answer has 8 bytes, no more than are kept")
    assert not (await play(Truncate(), FakeWire(answer=Answer(204)))).delivered


@pytest.mark.parametrize("keep", [1.5, -0.5, -1, "half", True])
def test_what_is_no_share_and_no_size_is_refused(keep: object) -> None:
    """In words."""
    with pytest.raises(ValidationError):
        Truncate.model_validate({"keep": keep})


def test_it_says_how_much_is_left() -> None:
    """And how it ends."""
    assert Truncate().describe() == "the answer ends after 50% and the connection closes"
    assert Truncate(keep=10, framing="clean").describe() == "the answer ends after 10 bytes and says that it is whole"


@pytest.mark.parametrize("chunked", ["chunked", ""])
def test_on_the_wire_the_rest_never_comes(tmp_path: Path, ca: Path, chunked: str) -> None:
    """Content-Length promises the whole, and the connection closes."""
    with faulty(tmp_path, ca, "{truncate: 20}", reply(BALANCE, chunked=bool(chunked))) as proxy:
        seen = ask(proxy)
        (event,) = proxy.exchanges
    assert (seen.status, seen.body, seen.ending) == (200, BALANCE[:20], "fin")
    assert headers_of(seen)["content-length"] == str(len(BALANCE))
    assert (event.delivered, event.injections[0].delivered) == (False, True)


def test_on_the_wire_clean_framing_is_whole_and_the_encoding_stays(tmp_path: Path, ca: Path) -> None:
    """It is the text that is cut, and not the gzip."""
    with faulty(tmp_path, ca, "{truncate: {keep: 20, framing: clean}}", zipped(BALANCE)) as proxy:
        seen = ask(proxy)
        (event,) = proxy.exchanges
    assert seen.ending == "open"
    assert gzip.decompress(seen.body) == BALANCE[:20]
    assert event.delivered


def test_broken_framing_cuts_what_is_on_the_wire(tmp_path: Path, ca: Path) -> None:
    """In the middle of the gzip."""
    with faulty(tmp_path, ca, "truncate", zipped(BALANCE)) as proxy:
        seen = ask(proxy)
    with pytest.raises(EOFError):
        gzip.decompress(seen.body)
    assert BALANCE.startswith(zlib.decompressobj(31).decompress(seen.body))


def test_on_http2_it_is_a_protocol_error(tmp_path: Path, ca: Path) -> None:
    """Content-Length and the frames disagree."""
    rules = "[{match: {operation: create_escrow}, fault: truncate}]"
    refused = pytest.raises(h2.exceptions.InvalidBodyLengthError)  # httpx hands it through
    with live_proxy(tmp_path, ca, rules=rules) as proxy, http2(proxy) as client, refused:
        client.post(ESCROWS, json=ESCROW)
