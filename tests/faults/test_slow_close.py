"""Slow close: all bytes at once, the end later, as each framing lets a client see it."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from proxy_addons.exchange import Answer
from proxy_addons.faults.slow_close import SlowClose
from tests.support.fake_wire import FakeWire, shape
from tests.support.frames import Http2
from tests.support.live import LiveProxy, live_proxy
from tests.support.sockets import exchange, request_bytes, tunnel
from tests.support.upstream import say, upstream

HOST = "files.test"
RULES = "[{match: {path: /slow}, fault: {slow_close: 600ms}}]"


async def test_the_end_comes_late() -> None:
    """Nothing else does."""
    shaped = await shape(SlowClose(hold="2s"), FakeWire(answer=Answer(200)), [b"a", b"b"])
    assert (shaped.pieces, shaped.at, shaped.ended_at) == ([b"a", b"b"], [0.0, 0.0], 2.0)
    assert (shaped.delivered, shaped.detail) == (True, "the end held back for 2s")


async def test_a_client_that_does_not_wait_is_noted() -> None:
    """It was delivered all the same."""
    shaped = await shape(SlowClose(hold="2s"), FakeWire(patience=1), [b"a"])
    assert (shaped.delivered, shaped.detail) == (True, "the client left within 2s of the last byte")


def test_it_says_what_it_does() -> None:
    """In words."""
    assert SlowClose(hold="2s").describe() == "the answer arrives whole, and its end 2s later"


def framed(framing: str) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    """An answer with its end marked in one of three ways."""

    def respond(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        handler.send_response(200)
        body = b"hello"
        if framing == "chunked":
            handler.send_header("transfer-encoding", "chunked")
            body = b"5\r\nhello\r\n0\r\n\r\n"
        elif framing == "length":
            handler.send_header("content-length", "5")
        else:
            handler.close_connection = True
        handler.end_headers()
        handler.wfile.write(body)

    return respond


def arrivals(proxy: LiveProxy) -> tuple[float, float, bytes]:
    """Seconds until the body was there, and until the end was; and the bytes."""
    with tunnel(proxy.address, proxy.bundle, HOST) as client:
        client.sendall(request_bytes("GET", "/slow", host=HOST))
        started, data, body_at = time.monotonic(), b"", 0.0
        while not data.endswith(b"0\r\n\r\n"):
            try:
                chunk = client.recv(4096)
            except OSError:
                break
            if not chunk:
                break
            data += chunk
            body_at = body_at or (time.monotonic() - started if b"hello" in data else 0.0)
        return body_at, time.monotonic() - started, data


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_a_client_waits_for_the_end(tmp_path: Path, ca: Path, framing: str) -> None:
    """For the last chunk, or for the FIN."""
    with (
        upstream(framed(framing)) as origin,
        live_proxy(tmp_path, ca, rules=RULES, maps=[f"{HOST}={origin.url}"]) as proxy,
    ):
        body_at, ended_at, data = arrivals(proxy)
        (event,) = proxy.exchanges
    assert b"hello" in data
    assert body_at < 0.4
    assert 0.55 < ended_at < 1.5
    assert (event.delivered, event.injections[0].delivered) == (True, True)
    assert event.injections[0].detail == "the end held back for 600ms"


def test_with_a_length_the_next_call_waits(tmp_path: Path, ca: Path) -> None:
    """The answer is complete by its Content-Length; the connection is not ready yet."""
    with (
        upstream(framed("length")) as origin,
        live_proxy(tmp_path, ca, rules=RULES, maps=[f"{HOST}={origin.url}"]) as proxy,
        tunnel(proxy.address, proxy.bundle, HOST) as client,
    ):
        started = time.monotonic()
        assert exchange(client, "GET", "/slow", host=HOST).body == b"hello"
        assert time.monotonic() - started < 0.4
        assert exchange(client, "GET", "/fast", host=HOST).body == b"hello"
        assert 0.55 < time.monotonic() - started < 1.5


@pytest.mark.parametrize("empty", [False, True])
def test_on_http2_end_stream_comes_late(tmp_path: Path, ca: Path, *, empty: bool) -> None:
    """In a frame of its own, behind an empty body too."""
    with (
        upstream(say(200, b"" if empty else b"hello")) as origin,
        live_proxy(tmp_path, ca, rules=RULES, maps=[f"{HOST}={origin.url}"]) as proxy,
        Http2(proxy, HOST) as client,
    ):
        started = time.monotonic()
        assert client.get("/slow") == (200, [])
        times = [at - started for at, _ in client.arrived]
    assert bool(client.body) is not empty
    assert times[-2] < 0.4
    assert 0.55 < times[-1] < 1.5


def test_a_client_that_leaves_with_the_whole_answer_has_it(tmp_path: Path, ca: Path) -> None:
    """The journal counts it as delivered."""
    with live_proxy(tmp_path, ca, rules="[{fault: {slow_close: 20s}}]") as proxy:
        with tunnel(proxy.address, proxy.bundle) as client:
            assert exchange(client, "GET", "/v1/pricing").status == 200
            time.sleep(0.3)
        (event,) = proxy.exchanges
    assert (event.delivered, event.status, event.client_aborted) == (True, 200, False)
    assert event.injections[0].detail == "the client left within 20s of the last byte"
    assert event.closed_at - event.started_at < 5
