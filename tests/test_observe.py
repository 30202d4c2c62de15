"""One event for each exchange, and the truth about what never became one."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.support.calls import ESCROW, ESCROWS, call, connect, create, raw_http2
from tests.support.live import LiveProxy, live_proxy
from tests.support.sockets import HOST, exchange, receive, request_bytes, tunnel
from tests.support.upstream import Respond, upstream

MAPPED = "api.example"
SILENT = "the connection ended without an HTTP request"
GONE_IN_HANDSHAKE = "The client disconnected during the handshake"


class Slow:
    """An upstream that answers once it is let go; `asked` tells that a call has arrived."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go = threading.Event()

    def __call__(self, handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        self.asked.set()
        self.go.wait(20)
        handler.close_connection = True


@pytest.fixture
def slow() -> Iterator[Slow]:
    """It is let go at the end, whatever happened."""
    made = Slow()
    yield made
    made.go.set()


def idle(proxy: LiveProxy) -> None:
    """Wait until no exchange is open."""
    while proxy.on_loop(lambda: proxy.session.chain.observe.open_exchanges):
        pass


def busy(proxy: LiveProxy, count: int = 1) -> None:
    """Wait until that many are."""
    while proxy.on_loop(lambda: proxy.session.chain.observe.open_exchanges) < count:
        pass


def still_serves(proxy: LiveProxy) -> None:
    """Whatever came before."""
    assert call(proxy).status == 200


# What an event tells


def test_an_event_tells_what_happened_and_when(tmp_path: Path, ca: Path) -> None:
    """Times in order, sizes in bytes, everything by its name."""
    before = time.time()
    with live_proxy(tmp_path, ca) as proxy:
        seen = create(proxy)
        (event,) = proxy.exchanges
    assert event.answered_at is not None
    assert before <= event.started_at <= event.answered_at <= event.closed_at <= time.time()
    assert (event.method, event.host, event.path, event.protocol) == ("POST", HOST, ESCROWS, "greenhelix")
    assert event.request_bytes == len('{"payer": "buyer", "payee": "seller", "amount": "25.00"}')
    assert event.response_bytes == len(seen.body)
    assert (event.refusal, event.error, event.client_aborted, event.retry_after) == ("", "", False, None)


def test_exchanges_are_numbered_from_one(tmp_path: Path, ca: Path) -> None:
    """On one connection and on several."""
    with live_proxy(tmp_path, ca) as proxy:
        with tunnel(proxy.address, proxy.bundle) as client:
            for _ in range(2):
                exchange(client, "GET", "/v1/pricing")
        still_serves(proxy)
        assert [event.number for event in proxy.exchanges] == [1, 2, 3]


def test_secrets_are_not_written_down(tmp_path: Path, ca: Path) -> None:
    """Neither those in the body nor those in the headers."""
    with live_proxy(tmp_path, ca) as proxy:
        create(proxy, {"authorization": "Bearer s3cr3t-1"}, api_key="s3cr3t-2")
        proxy.stop()
        assert "s3cr3t" not in (tmp_path / "journal.jsonl").read_text()


def test_each_call_of_a_batch_has_its_own_status_and_effects(tmp_path: Path, ca: Path) -> None:
    """One answer, told apart."""
    params = [ESCROW | {"amount": "1.00"}, ESCROW | {"amount": "-1.00"}]
    tools = [{"tool": "create_escrow", "params": one} for one in params]
    with live_proxy(tmp_path, ca) as proxy:
        assert call(proxy, "POST", "/v1/batch", {"calls": tools}).status == 200
        (event,) = proxy.exchanges
    good, bad = event.calls
    assert good.status is not None
    assert bad.status is not None
    assert (good.status < 300, [effect.kind for effect in good.effects]) == (True, ["opens"])
    assert (bad.status >= 400, bad.effects) == (True, [])
    assert event.committed is True


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (" 07 ", 7.0),
        ("9" * 400, 1e9),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0.0),
        ("Sun Nov  6 08:49:37 1994", 0.0),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("\u00b2", None),
        ("Mon, 99 Foo 2030", None),
        ("1 Jan 2030 00:00:00 +9999", None),
        ("", None),
    ],
)
def test_retry_after_is_in_seconds_or_unknown(tmp_path: Path, ca: Path, written: str, seconds: float | None) -> None:
    """Whatever an upstream writes there: RFC 9110, 10.2.3 and 5.6.7."""
    with (
        upstream(throttle(written)) as server,
        live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy,
    ):
        assert call(proxy, host=MAPPED).status == 429
        (event,) = proxy.exchanges
    assert (event.status, event.retry_after) == (429, seconds)


def throttle(retry_after: str) -> Respond:
    """Answer 429 with this Retry-After, in UTF-8."""

    def respond(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        head = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\nretry-after: %b\r\n\r\n"
        handler.wfile.write(head % retry_after.encode())

    return respond


def test_a_retry_after_date_is_counted_from_the_answer(tmp_path: Path, ca: Path) -> None:
    """In seconds, as an agent would wait."""
    at = time.time() + 3600
    with (
        upstream(throttle(formatdate(at, usegmt=True))) as server,
        live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy,
    ):
        call(proxy, host=MAPPED)
        (event,) = proxy.exchanges
    assert event.retry_after == pytest.approx(int(at) - event.closed_at, abs=1e-3)


# Clients that leave


def test_a_client_that_gives_up_on_the_upstream_is_noted(tmp_path: Path, ca: Path, slow: Slow) -> None:
    """What became of a write nobody knows."""
    with upstream(slow) as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        with tunnel(proxy.address, proxy.bundle, MAPPED) as client:
            client.sendall(request_bytes("POST", "/orders", {"a": 1}, host=MAPPED))
            assert slow.asked.wait(10)
        idle(proxy)
        (event,) = proxy.exchanges
    assert (event.client_aborted, event.status, event.delivered) == (True, None, False)
    assert (event.commit, event.reached_upstream) == ("ambiguous", True)
    assert "disconnected" in event.error


def test_a_client_that_waits_for_an_upstream_that_breaks_off_did_not_give_up(
    tmp_path: Path, ca: Path, slow: Slow
) -> None:
    """It is told 502."""
    slow.go.set()
    with upstream(slow) as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        assert call(proxy, "POST", "/orders", {"a": 1}, host=MAPPED).status == 502
        (event,) = proxy.exchanges
    assert (event.client_aborted, event.status) == (False, 502)


def test_a_client_that_leaves_while_it_uploads_made_no_call(tmp_path: Path, ca: Path) -> None:
    """The journal says whom it wanted, and what was missing."""
    with live_proxy(tmp_path, ca) as proxy:
        with tunnel(proxy.address, proxy.bundle) as client:
            client.sendall(f"POST {ESCROWS} HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 100\r\n\r\nabc".encode())
            busy(proxy)
        idle(proxy)
        still_serves(proxy)
        (noise,) = proxy.noise
        assert [event.method for event in proxy.exchanges] == ["GET"]
    assert noise.host == HOST
    assert "received 3 bytes, expected 100" in noise.reason


def test_a_cancelled_http2_stream_is_a_client_that_gave_up(tmp_path: Path, ca: Path, slow: Slow) -> None:
    """Though its connection stays."""
    with upstream(slow) as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        with raw_http2(proxy, MAPPED) as (wire, _):
            wire.ask(1, "POST", "/orders")
            assert slow.asked.wait(10)
            wire.cancel(1)
            idle(proxy)
        (event,) = proxy.exchanges
    assert (event.http_version, event.client_aborted, event.status) == ("HTTP/2.0", True, None)
    assert (event.commit, event.delivered) == ("ambiguous", False)


def test_a_stream_that_a_reset_took_along_did_not_give_up(tmp_path: Path, ca: Path, slow: Slow) -> None:
    """Its client was cut off by our doing."""
    rules = "[{match: {operation: create_escrow}, fault: reset}]"
    with upstream(slow) as server, live_proxy(tmp_path, ca, rules=rules, maps=[f"{HOST}={server.url}"]) as proxy:
        with raw_http2(proxy, HOST) as (wire, client):
            wire.ask(1, "GET", "/v1/pricing")
            assert slow.asked.wait(10)
            wire.ask(3, "POST", ESCROWS)
            assert receive(client).ending == "reset"
        idle(proxy)
        found = [(event.method, event.delivered, event.client_aborted) for event in proxy.exchanges]
    assert found == [("GET", False, False), ("POST", False, False)]


# What never became a call


def test_half_a_tls_hello_is_noted(tmp_path: Path, ca: Path) -> None:
    """Inside a tunnel the host is known, outside it is not."""
    hello = bytes.fromhex("160301020001000100")
    with live_proxy(tmp_path, ca) as proxy:
        inside, _ = connect(proxy, f"{HOST}:443")
        inside.sendall(hello)
        inside.close()
        outside = knock(proxy)
        outside.sendall(hello)
        outside.close()
        still_serves(proxy)
        heard = sorted((noise.host, noise.reason) for noise in proxy.noise)
    assert [host for host, _ in heard] == ["", HOST]
    assert all(reason.startswith(GONE_IN_HANDSHAKE) for _, reason in heard)


def knock(proxy: LiveProxy) -> socket.socket:
    """A bare connection, on which nothing was said yet."""
    return socket.create_connection(proxy.address, 10)


@pytest.mark.parametrize(
    "sent",
    [b"", b"\x00\xff\x00 nonsense\r\n\r\n", b"GET http://sandbox.greenhelix.net/ HTTP/1.1\r\nho", b"SSH-2.0-x\r\n"],
    ids=["nothing", "nonsense", "half a request", "another protocol"],
)
def test_a_connection_without_a_request_is_noted(tmp_path: Path, ca: Path, sent: bytes) -> None:
    """With where it came from."""
    with live_proxy(tmp_path, ca) as proxy:
        client = knock(proxy)
        client.sendall(sent)
        address = "{}:{}".format(*client.getsockname())
        client.close()
        still_serves(proxy)
        assert [(noise.reason, noise.client, noise.host) for noise in proxy.noise] == [(SILENT, address, "")]


def test_nonsense_is_told_that_it_is(tmp_path: Path, ca: Path) -> None:
    """With a 400, as a web server would."""
    with live_proxy(tmp_path, ca) as proxy, knock(proxy) as client:
        client.sendall(b"\x00\xff\x00 nonsense\r\n\r\n")
        assert receive(client).status == 400


def test_a_client_that_does_not_trust_our_ca_is_noted(tmp_path: Path, ca: Path) -> None:
    """The most common slip of all, with the host that it wanted."""
    with live_proxy(tmp_path, ca) as proxy:
        raw, _ = connect(proxy, f"{HOST}:443")
        with raw, pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(raw, server_hostname=HOST)
        still_serves(proxy)
        (noise,) = proxy.noise
    assert noise.host == HOST
    assert noise.reason.startswith(f"The client does not trust the proxy's certificate for {HOST}")


# Bodies of every kind


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"not json at all", "application/json"),
        (b"\xff\xfe\x00\x01", "application/octet-stream"),
        (b'{"a":' * 100_000, "application/json"),
        (b'{"amount": 1e999999, "payer": "\\ud800"}', "application/json"),
        (b"[]", "application/json"),
        (b"", "application/json"),
    ],
    ids=["text", "binary", "deep", "odd values", "list", "empty"],
)
def test_a_body_that_is_no_object_is_a_call_all_the_same(
    tmp_path: Path, ca: Path, body: bytes, content_type: str
) -> None:
    """It is named by its route, refused by the sandbox, and counted by its bytes."""
    head = f"POST {ESCROWS} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}"
    with live_proxy(tmp_path, ca) as proxy:
        with tunnel(proxy.address, proxy.bundle) as client:
            client.sendall(f"{head}\r\n\r\n".encode() + body)
            assert receive(client).status == 422
        still_serves(proxy)
        event = proxy.exchanges[0]
    assert (event.calls[0].operation, event.status, event.request_bytes) == ("create_escrow", 422, len(body))
    assert (event.commit, event.delivered) == ("none", True)


def test_fifty_megabytes_are_a_call_and_no_fifty_megabytes_of_journal(tmp_path: Path, ca: Path) -> None:
    """The proxy stays up, and writes down that the input was left out."""
    body = b'{"payer": "a", "payee": "b", "amount": "1", "note": "%b"}' % (b"y" * 50_000_000)
    with live_proxy(tmp_path, ca) as proxy:
        with tunnel(proxy.address, proxy.bundle, timeout=60) as client:
            client.sendall(f"POST {ESCROWS} HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: {len(body)}\r\n\r\n".encode())
            client.sendall(body)
            assert receive(client, 60).status == 413
        still_serves(proxy)
        event = proxy.exchanges[0]
    assert (event.status, event.request_bytes, event.commit) == (413, len(body), "none")
    assert "omitted" in event.calls[0].input
    assert (tmp_path / "journal.jsonl").stat().st_size < 10_000
