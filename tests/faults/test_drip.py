"""Drip: small pieces with a gap between them, to the last byte."""

from __future__ import annotations

import time
from pathlib import Path

from proxy_addons.faults.drip import Drip
from tests.support.calls import call
from tests.support.fake_wire import FakeWire, shape
from tests.support.live import live_proxy


async def test_pieces_come_with_a_gap_between_them() -> None:
    """However the origin cuts them."""
    shaped = await shape(Drip(chunk=4, gap="1s"), FakeWire(), [b"0123456789", b"ab"])
    assert shaped.pieces == [b"0123", b"4567", b"89", b"ab"]
    assert shaped.at == [0.0, 1.0, 2.0, 3.0]
    assert (shaped.delivered, shaped.detail) == (True, "dripped, 4 bytes every 1s")


async def test_it_ends_when_the_client_leaves() -> None:
    """Nothing more is handed out."""
    assert (await shape(Drip(chunk=4, gap="1s"), FakeWire(patience=1.5), [b"0123456789"])).body == b"01234567"


def test_it_says_what_it_does() -> None:
    """In words."""
    assert Drip(chunk=4, gap="1s").describe() == "the answer drips: 4 bytes every 1s"


def test_an_answer_drips_to_its_end(tmp_path: Path, ca: Path) -> None:
    """Whole, and not before its time."""
    with live_proxy(tmp_path, ca, rules="[{fault: {drip: {chunk: 1KB, gap: 50ms}}}]") as proxy:
        started = time.monotonic()
        seen = call(proxy)
        took = time.monotonic() - started
        (event,) = proxy.exchanges
    assert (seen.status, seen.ending) == (200, "open")
    assert took > 0.05 * ((len(seen.body) - 1) // 1000)
    assert len(seen.body) > 2000
    assert (event.delivered, event.injections[0].delivered) == (True, True)
