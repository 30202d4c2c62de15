"""Answers as they flow: pieces in, pieces out, and an upstream that waits.

What clients see of it is in the tests of the faults that shape: tests/faults/test_bandwidth.py holds the upstream back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from mitmproxy import http
from mitmproxy.test import tflow

from proxy_addons.engine.loop import run_loop
from proxy_addons.engine.stream import (
    HIGH_WATER,
    KEPT,
    Shape,
    ShapedStream,
    Source,
    Wanted,
    install,
    installed,
)
from tests.support.live import live_proxy
from tests.support.sockets import exchange, tunnel
from tests.support.upstream import say, upstream

HOST = "files.test"


async def doubled(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Each piece, and again in capitals."""
    async for piece in pieces:
        yield piece
        yield piece.upper()


async def test_a_shape_gives_what_it_can_and_then_asks_for_more() -> None:
    """None for now; and, when the source has ended, for good."""
    source = Source()
    shape = Shape(source, doubled(source))
    assert await shape.next() is None
    source.feed(b"a")
    assert [await shape.next(), await shape.next(), await shape.next()] == [b"a", b"A", None]
    assert not shape.done
    source.end()
    assert (await shape.next(), shape.done) == (None, True)
    assert await shape.next() is None
    await shape.close()


async def test_a_shape_that_waits_can_be_closed() -> None:
    """Its generator is let go of, and its own clean-up has run by then."""
    cleaned: list[bool] = []

    async def waits(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for piece in pieces:
                yield piece
        finally:
            cleaned.append(True)

    source = Source()
    shape = Shape(source, waits(source))
    assert await shape.next() is None
    await shape.close()
    assert cleaned == [True]
    assert shape.done


@pytest.mark.parametrize(("told", "sent", "satisfied"), [("10", 10, True), ("10", 9, False), ("", 10, False)])
def test_a_client_is_satisfied_with_all_that_it_was_promised(told: str, sent: int, *, satisfied: bool) -> None:
    """Without a promise it has to see the end."""

    async def find() -> bool:
        response = http.Response.make(200)
        del response.headers["content-length"]
        response.headers.update({"content-length": told} if told else {})
        flow = tflow.tflow(resp=response)
        source = Source()
        shape = Shape(source, doubled(source))
        shape.sent = sent
        return Wanted(flow, shape, cast("ShapedStream", None)).satisfied

    assert run_loop(find()) is satisfied


def test_mitmproxy_makes_our_streams() -> None:
    """However often it is asked to."""
    install()
    assert installed()


@pytest.mark.parametrize("size", [KEPT - 1, KEPT + HIGH_WATER])
def test_a_long_answer_flows_and_comes_through_whole(tmp_path: Path, ca: Path, size: int) -> None:
    """And what the upstream said is known either way, though a fault broke it off."""
    rules = "[{match: {path: /cut}, fault: {reset: {after_bytes: 100KB}}}, {fault: {drip: {chunk: 512KB, gap: 1ms}}}]"
    body = bytes(range(256)) * (size // 256)
    with (
        upstream(say(200, body)) as origin,
        live_proxy(tmp_path, ca, rules=rules, maps=[f"{HOST}={origin.url}"]) as proxy,
    ):
        with tunnel(proxy.address, proxy.bundle, HOST) as client:
            assert exchange(client, "GET", "/whole", host=HOST).body == body
            seen = exchange(client, "POST", "/cut", {"a": 1}, host=HOST)
        assert (seen.body, seen.ending) == (body[:100_000], "reset")
        whole, cut = proxy.exchanges
    assert (whole.delivered, whole.status) == (True, 200)
    assert (cut.delivered, cut.status, cut.pristine_status, cut.reached_upstream) == (False, None, 200, True)
    assert cut.committed is True
