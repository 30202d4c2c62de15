"""Bandwidth: bytes arrive at the rate that was asked for, and the upstream is held back for real."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import psutil
import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Answer, Phase, Request
from proxy_addons.faults.bandwidth import Bandwidth
from tests.support.calls import create
from tests.support.fake_wire import FakeWire, play, shape
from tests.support.live import LiveProxy, live_proxy
from tests.support.sockets import request_bytes, tunnel
from tests.support.upstream import Respond, Upstream, say, upstream

HOST = "files.test"
CHUNK = b"x" * 65536
MB = 1_000_000


async def test_bytes_are_spread_evenly() -> None:
    """A tick's worth at a time, and the whole in the time that the line takes."""
    shaped = await shape(Bandwidth(down="10KB/s"), FakeWire(answer=Answer(200)), [b"x" * 4000, b"y" * 6000])
    assert shaped.body == b"x" * 4000 + b"y" * 6000
    assert max(len(piece) for piece in shaped.pieces) == 500
    assert shaped.at == pytest.approx([0.05 * n for n in range(1, 21)])
    assert (shaped.delivered, shaped.detail) == (True, "paced at 10KB/s")


async def test_time_that_the_origin_took_counts() -> None:
    """An origin that is as slow as the line is not slowed down further."""
    shaped = await shape(Bandwidth(down="10KB/s"), FakeWire(), [b"x" * 1000] * 10, gap=0.1)
    assert shaped.ended_at == pytest.approx(1.1)


async def test_a_pause_of_the_origin_is_no_credit() -> None:
    """Behind it the bytes do not arrive in a burst."""
    shaped = await shape(Bandwidth(down="10KB/s"), FakeWire(), [b"x" * 1000, b"y" * 10_000], gap=10)
    assert shaped.ended_at == pytest.approx(20 + 0.1 + 1 - 0.2)


async def test_pacing_ends_when_the_client_leaves() -> None:
    """Nothing more is handed out."""
    shaped = await shape(Bandwidth(down="10KB/s"), FakeWire(patience=0.22), [b"x" * 10_000])
    assert len(shaped.body) == 2000


async def test_a_request_is_held_back_by_its_size() -> None:
    """And so long only."""
    wire = FakeWire(request=Request("POST", "https", "a", 443, "/", body=b"x" * 500))
    played = await play(Bandwidth(up="1KB/s"), wire)
    assert (wire.waited, played.delivered, played.detail) == (0.5, True, "500 bytes held for 500ms")
    assert not played.ends
    assert (await play(Bandwidth(up="1KB/s"), FakeWire(request=wire.request, patience=0.1))).ends


async def test_a_request_without_a_body_is_not_held_back() -> None:
    """There is nothing to carry."""
    assert not (await play(Bandwidth(up="1KB/s"), FakeWire())).delivered


@pytest.mark.parametrize(
    ("settings", "sides"),
    [
        ({"down": "1KB/s"}, (Phase.AFTER,)),
        ({"up": "1KB/s"}, (Phase.BEFORE,)),
        ({"up": "1KB/s", "down": "1KB/s"}, (Phase.BEFORE, Phase.AFTER)),
    ],
)
def test_it_strikes_where_it_slows(settings: dict[str, str], sides: tuple[Phase, ...]) -> None:
    """On both sides with both."""
    fault = Bandwidth.model_validate(settings)
    assert (fault.sides, fault.shaping is not None) == (sides, "down" in settings)


def test_it_says_what_it_slows() -> None:
    """In words; and without a rate it is refused."""
    both = Bandwidth(down="64KB/s", up="500B/s")
    assert both.describe() == "the request is held back as on a line of 500B/s and the answer arrives at 64KB/s"
    assert Bandwidth(down="1.5GB/s").describe() == "the answer arrives at 1.5GB/s"
    with pytest.raises(ValidationError, match="slows nothing; write down, up or both"):
        Bandwidth()


def offer(size: int, sent: list[int], *, chunked: bool = False) -> Respond:
    """An answer of `size` bytes; `sent` counts what the upstream could get rid of."""

    def respond(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        handler.send_response(200)
        handler.send_header(*(("transfer-encoding", "chunked") if chunked else ("content-length", str(size))))
        handler.end_headers()
        with contextlib.suppress(OSError):
            for start in range(0, size, len(CHUNK)):
                piece = CHUNK[: size - start]
                handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                sent.append(len(piece))
            if chunked:
                handler.wfile.write(b"0\r\n\r\n")

    return respond


@contextmanager
def stream(proxy: LiveProxy, *, http2: bool) -> Iterator[httpx.Response]:
    """The answer as it comes."""
    context = ssl.create_default_context(cafile=proxy.bundle)
    with (
        httpx.Client(http2=http2, proxy=proxy.url, verify=context, timeout=20) as client,
        client.stream("GET", f"https://{HOST}/file") as response,
    ):
        assert response.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        yield response


@pytest.fixture
def serve(tmp_path: Path, ca: Path) -> Callable[..., contextlib.AbstractContextManager[tuple[LiveProxy, Upstream]]]:
    """A proxy with one bandwidth rule in front of an upstream."""

    @contextmanager
    def run(settings: str, respond: Respond) -> Iterator[tuple[LiveProxy, Upstream]]:
        rules = f"[{{fault: {{bandwidth: {settings}}}}}]"
        with upstream(respond) as origin, live_proxy(tmp_path, ca, rules=rules, maps=[f"{HOST}={origin.url}"]) as proxy:
            yield proxy, origin

    return run


EACH_VERSION = pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])


@EACH_VERSION
@pytest.mark.parametrize("size", [300_000, 1_600_000], ids=["kept", "flowing"])
def test_an_answer_takes_as_long_as_the_line(serve: Callable[..., object], size: int, *, http2: bool) -> None:
    """Whole, from the first byte to the last, at the rate that was asked for."""
    rate = size / 1.5
    with serve(f"{{down: {rate:.0f}B/s}}", offer(size, [])) as (proxy, _):  # type: ignore[attr-defined]
        with stream(proxy, http2=http2) as response:
            started = time.monotonic()
            first = next(arriving := response.iter_raw())
            first_at = time.monotonic() - started
            length = len(first) + sum(map(len, arriving))
            took = time.monotonic() - started
        (event,) = proxy.exchanges
    assert length == size
    assert len(first) < size / 4
    assert first_at < 0.5
    assert 1.35 < took < 2.5
    assert (event.delivered, event.injections[0].delivered) == (True, True)


@EACH_VERSION
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_the_upstream_is_held_back(serve: Callable[..., object], *, chunked: bool, http2: bool) -> None:
    """Of 100 MB the upstream gets rid of little while a client reads at 1 MB/s, and memory does not grow."""
    sent: list[int] = []
    with serve("{down: 1MB/s}", offer(100 * MB, sent, chunked=chunked)) as (proxy, _):  # type: ignore[attr-defined]
        before = psutil.Process().memory_info().rss
        with stream(proxy, http2=http2) as response:
            started, length = time.monotonic(), 0
            for piece in response.iter_raw():
                length += len(piece)
                if time.monotonic() - started > 2:
                    break
            grown = psutil.Process().memory_info().rss - before
        (event,) = proxy.exchanges
    assert 1.5 * MB < length < 2.6 * MB
    assert sum(sent) < 16 * MB, "more than socket buffers hold"
    assert grown < 24 * MB
    assert event.client_aborted
    assert not event.delivered


def test_an_http2_client_that_does_not_read_holds_the_upstream_back(serve: Callable[..., object]) -> None:
    """Its window is full, and what is behind it is not piled up."""
    sent: list[int] = []
    with (
        serve("{down: 500MB/s}", offer(100 * MB, sent)) as (proxy, _),  # type: ignore[attr-defined]
        stream(proxy, http2=True) as response,
    ):
        next(response.iter_raw())
        time.sleep(1.5)
        assert sum(sent) < 16 * MB


def test_another_stream_of_the_connection_is_not_held_up(tmp_path: Path, ca: Path) -> None:
    """Calls on the same HTTP/2 connection go on while an answer that is far behind trickles in."""
    rules = "[{match: {path: /file}, fault: {bandwidth: {down: 20KB/s}}}]"
    with (
        upstream(offer(5 * MB, [])) as origin,
        live_proxy(tmp_path, ca, rules=rules, maps=[f"{HOST}={origin.url}"]) as proxy,
    ):
        context = ssl.create_default_context(cafile=proxy.bundle)
        with (
            httpx.Client(http2=True, proxy=proxy.url, verify=context, timeout=20) as client,
            client.stream("GET", f"https://{HOST}/file") as response,
        ):
            next(response.iter_raw())
            time.sleep(0.3)
            for _ in range(3):
                started = time.monotonic()
                with client.stream("GET", f"https://{HOST}/other") as other:
                    assert other.status_code == 200
                assert time.monotonic() - started < 1
            assert proxy.on_loop(lambda: len(proxy.session.chain.clients)) == 1


def test_an_upload_is_held_back(serve: Callable[..., object]) -> None:
    """The upstream hears of it later."""
    with serve("{up: 50KB/s}", say()) as (proxy, origin):  # type: ignore[attr-defined]
        with tunnel(proxy.address, proxy.bundle, HOST) as client:
            client.sendall(request_bytes("POST", "/in", "x" * 20_000, host=HOST))
            time.sleep(0.2)
            assert origin.asked == []
            assert client.recv(100).startswith(b"HTTP/1.1 200")
        (event,) = proxy.exchanges
    assert event.closed_at - event.started_at == pytest.approx(0.4, abs=0.1)
    assert [(i.at, i.delivered) for i in event.injections] == [(Phase.BEFORE, True)]


def test_both_directions_in_one_rule(tmp_path: Path, ca: Path) -> None:
    """Two injections, one on each side."""
    with live_proxy(tmp_path, ca, rules="[{fault: {bandwidth: {up: 1KB/s, down: 10KB/s}}}]") as proxy:
        assert create(proxy).status == 201
        (event,) = proxy.exchanges
    assert [(i.fault, i.at, i.delivered) for i in event.injections] == [
        ("bandwidth", Phase.BEFORE, True),
        ("bandwidth", Phase.AFTER, True),
    ]
