"""Who answers: the embedded sandbox, a mapped upstream, the real one; and what is known of it afterwards."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.support.calls import ESCROW, ESCROWS, call, create, escrows, http2, own_certificate, plain
from tests.support.live import live_proxy
from tests.support.sockets import HOST, receive, request_bytes, tunnel
from tests.support.upstream import Respond, say, upstream

MAPPED = "api.example"
ORDER = {"item": "book"}


def chunk(data: bytes) -> bytes:
    """One chunk of a body of unknown length."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Held:
    """An answer whose second half is held back until `go` is called."""

    def __init__(self, content_type: str, *, breaks_off: bool = False) -> None:
        self._content_type = content_type
        self._breaks_off = breaks_off
        self._gate = threading.Event()
        self.go = self._gate.set

    def __call__(self, handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        handler.send_response(200)
        handler.send_header("content-type", self._content_type)
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(chunk(b"data: 1\n\n"))
        handler.wfile.flush()
        self._gate.wait(20)
        if self._breaks_off:
            handler.close_connection = True
        else:
            handler.wfile.write(chunk(b"data: 2\n\n") + b"0\r\n\r\n")


@pytest.fixture
def held() -> Iterator[list[Held]]:
    """Held answers that are let go at the end, whatever happened."""
    made: list[Held] = []
    yield made
    for one in made:
        one.go()


def until(client: socket.socket, wanted: bytes) -> bytes:
    """Read until these bytes came."""
    data = b""
    while wanted not in data:
        piece = client.recv(65536)
        assert piece, data
        data += piece
    return data


# Who answers


def test_the_embedded_sandbox_answers_for_its_host(tmp_path: Path, ca: Path) -> None:
    """From its books, and without a connection to anybody."""
    with live_proxy(tmp_path, ca) as proxy:
        assert create(proxy).status == 201
        assert escrows(proxy) == 1
        (event,) = proxy.exchanges
    assert (event.origin, event.reached_upstream, event.commit) == ("sandbox", True, "committed")
    assert (event.status, event.pristine_status, event.delivered, event.error) == (201, 201, True, "")
    assert [(e.kind, e.amount, e.payer) for e in event.calls[0].effects] == [("opens", "25.0", "buyer")]


@pytest.mark.parametrize("origin", ["sandbox", "upstream"])
def test_a_map_wins_over_the_sandbox(tmp_path: Path, ca: Path, origin: str) -> None:
    """Whoever the origin is."""
    with upstream() as server, live_proxy(tmp_path, ca, origin=origin, maps=[f"{HOST}={server.url}"]) as proxy:
        assert create(proxy).status == 200
        assert (len(server.asked), escrows(proxy)) == (1, 0)
        assert proxy.exchanges[0].origin == "upstream"


def test_a_mapped_call_arrives_as_it_was_sent(tmp_path: Path, ca: Path) -> None:
    """Host header, method, path, query and body are the agent's; scheme, address and port are the map's."""
    with upstream() as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        call(proxy, "PUT", "/v1/orders/7?dry=1&dry=2", ORDER, {"x-trace": "t"}, host=MAPPED)
        ((method, path, headers, body),) = server.asked
        (event,) = proxy.exchanges
    assert (method, path, body) == ("PUT", "/v1/orders/7?dry=1&dry=2", b'{"item": "book"}')
    assert (headers["host"], headers["x-trace"]) == (MAPPED, "t")
    assert (event.host, event.origin, event.reached_upstream) == (MAPPED, "upstream", True)
    assert (event.request_bytes, event.response_bytes) == (len(body), 11)


def test_a_mapped_call_over_http2_arrives_over_http1(tmp_path: Path, ca: Path) -> None:
    """With the host header that the agent meant."""
    with upstream() as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        with http2(proxy) as client:
            answer = client.post(f"https://{MAPPED}/orders", json=ORDER)
        ((_, path, headers, _),) = server.asked
    assert (answer.http_version, answer.json()) == ("HTTP/2", {"ok": True})
    assert (path, headers["host"]) == ("/orders", MAPPED)


def test_an_upstream_with_a_private_ca_is_trusted_when_it_is_named(tmp_path: Path, ca: Path) -> None:
    """By `upstream_ca`; the name in the certificate is the target's."""
    pem, upstream_ca = own_certificate(tmp_path / "upstream", "localhost")
    with upstream(certificate=pem) as server:
        maps = [f"{MAPPED}=https://localhost:{server.port}"]
        with live_proxy(tmp_path / "run", ca, maps=maps, upstream_ca=upstream_ca) as proxy:
            assert call(proxy, host=MAPPED).status == 200
        assert [headers["host"] for _, _, headers, _ in server.asked] == [MAPPED]


@pytest.mark.parametrize(("insecure", "status", "asked"), [(False, 502, 0), (True, 200, 1)])
def test_an_upstream_that_nobody_trusts_is_not_asked(
    tmp_path: Path, ca: Path, status: int, asked: int, *, insecure: bool
) -> None:
    """Unless verification is switched off, which the journal says in its first line."""
    pem, _ = own_certificate(tmp_path / "upstream", "localhost")
    with upstream(certificate=pem) as server:
        maps = [f"{MAPPED}=https://localhost:{server.port}"]
        with live_proxy(tmp_path / "run", ca, maps=maps, insecure=insecure) as proxy:
            assert call(proxy, "POST", "/orders", ORDER, host=MAPPED).status == status
            (event,) = proxy.exchanges
        assert len(server.asked) == asked
    assert (event.status, event.reached_upstream, event.committed) == (status, insecure, insecure)
    assert ("ertificate verify failed" in event.error) is not insecure
    assert getattr(proxy.events[0], "insecure", None) is insecure


# What is known afterwards


@pytest.mark.parametrize(
    ("respond", "status", "commit"),
    [
        (say(200), 200, "committed"),
        (say(404), 404, "none"),
        (say(503), 503, "ambiguous"),
        (say(302), 302, "none"),
    ],
)
def test_the_status_tells_what_a_write_did(
    tmp_path: Path, ca: Path, respond: Respond, status: int, commit: str
) -> None:
    """A 5xx may have done its work."""
    with upstream(respond) as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        assert call(proxy, "POST", "/orders", ORDER, host=MAPPED).status == status
        assert call(proxy, "GET", "/orders", host=MAPPED).status == status
        write, read = proxy.exchanges
    assert (write.commit, write.pristine_status, write.delivered) == (commit, status, True)
    assert read.commit == "none"


def test_a_connection_that_is_refused_reached_nobody(tmp_path: Path, ca: Path) -> None:
    """The agent is told 502, and the journal that nothing was done."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with live_proxy(tmp_path, ca, maps=[f"{MAPPED}=http://127.0.0.1:{port}"]) as proxy:
        assert call(proxy, "POST", "/orders", ORDER, host=MAPPED).status == 502
        (event,) = proxy.exchanges
    assert (event.reached_upstream, event.commit, event.committed) == (False, "none", False)
    assert (event.status, event.pristine_status, event.delivered) == (502, None, False)
    assert (event.origin, event.client_aborted) == ("upstream", False)
    assert "refused" in event.error.lower()


def test_a_name_that_nobody_knows_reached_nobody(tmp_path: Path, ca: Path) -> None:
    """RFC 2606: `.invalid` never resolves."""
    with live_proxy(tmp_path, ca, head="scope: {hosts: [nowhere.invalid]}") as proxy:
        assert call(proxy, "POST", "/orders", ORDER, host="nowhere.invalid").status == 502
        (event,) = proxy.exchanges
    assert (event.reached_upstream, event.commit, event.status) == (False, "none", 502)


def hang_up(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
    """No answer at all."""
    handler.close_connection = True


def hang_up_in_the_middle(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
    """Three bytes of a hundred."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc")
    handler.close_connection = True


def speak_gibberish(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
    """What is no HTTP."""
    handler.wfile.write(b"\x00\xff gibberish\r\n\r\n")
    handler.close_connection = True


@pytest.mark.parametrize("respond", [hang_up, hang_up_in_the_middle, speak_gibberish])
def test_an_upstream_that_breaks_off_may_have_done_its_work(tmp_path: Path, ca: Path, respond: Respond) -> None:
    """Nobody can know, when the call was a write."""
    with upstream(respond) as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        assert call(proxy, "POST", "/orders", ORDER, host=MAPPED).status == 502
        assert call(proxy, "GET", "/orders", host=MAPPED).status == 502
        assert len(server.asked) == 2
        write, read = proxy.exchanges
    assert (write.commit, write.committed, write.reached_upstream) == ("ambiguous", None, True)
    assert (write.status, write.pristine_status, write.delivered) == (502, None, False)
    assert write.error
    assert (read.commit, read.committed) == ("none", False)


def test_an_answer_with_a_broken_encoding_passes_as_it_came(tmp_path: Path, ca: Path) -> None:
    """It says gzip and is not: that is the agent's affair, not ours."""

    def respond(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        handler.send_response(200)
        handler.send_header("content-encoding", "gzip")
        handler.send_header("content-length", "5")
        handler.end_headers()
        handler.wfile.write(b"plain")

    with upstream(respond) as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        seen = call(proxy, "POST", "/orders", ORDER, host=MAPPED)
        assert (seen.status, seen.body) == (200, b"plain")
        assert proxy.exchanges[0].commit == "committed"


# Answers that flow


@pytest.mark.parametrize("kind", ["text/event-stream", "Text/Event-Stream; charset=utf-8", "application/x-ndjson"])
def test_a_stream_flows_as_it_comes(tmp_path: Path, ca: Path, held: list[Held], kind: str) -> None:
    """The first event is there while the upstream still holds the second."""
    held.append(answer := Held(kind))
    with upstream(answer) as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        with tunnel(proxy.address, proxy.bundle, MAPPED) as client:
            client.sendall(request_bytes("GET", "/events", host=MAPPED))
            first = until(client, b"data: 1\n\n")
            assert b"data: 2" not in first
            answer.go()
            assert b"data: 2\n\n" in until(client, b"0\r\n\r\n")
        (event,) = proxy.exchanges
    assert (event.status, event.delivered, event.origin) == (200, True, "upstream")


def test_a_stream_out_of_scope_flows_whatever_it_is(tmp_path: Path, ca: Path, held: list[Held]) -> None:
    """Nothing of it is kept."""
    held.append(answer := Held("application/octet-stream"))
    with upstream(answer) as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        with socket.create_connection(proxy.address, 10) as client:
            client.sendall(request_bytes("GET", f"{server.url}/file", host=f"127.0.0.1:{server.port}"))
            until(client, b"data: 1\n\n")
            answer.go()
            until(client, b"data: 2\n\n")
        assert proxy.exchanges == []


def test_a_stream_that_breaks_off_was_begun_and_not_delivered(tmp_path: Path, ca: Path, held: list[Held]) -> None:
    """The agent saw a 200 and half of it."""
    held.append(answer := Held("text/event-stream", breaks_off=True))
    with upstream(answer) as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        with tunnel(proxy.address, proxy.bundle, MAPPED) as client:
            client.sendall(request_bytes("POST", "/events", ORDER, host=MAPPED))
            until(client, b"data: 1\n\n")
            answer.go()
            assert receive(client).ending == "fin"
        (event,) = proxy.exchanges
    assert (event.status, event.delivered, event.commit) == (200, False, "ambiguous")
    assert "peer closed connection" in event.error


def test_a_stream_waits_for_a_fault_that_wants_it_whole(tmp_path: Path, ca: Path, held: list[Held]) -> None:
    """What was let through cannot be taken back."""
    held.append(answer := Held("text/event-stream"))
    rules = "[{fault: {lost_response: close}}]"
    with upstream(answer) as server, live_proxy(tmp_path, ca, rules=rules, maps=[f"{MAPPED}={server.url}"]) as proxy:
        with tunnel(proxy.address, proxy.bundle, MAPPED) as client:
            client.sendall(request_bytes("POST", "/events", ORDER, host=MAPPED))
            answer.go()
            seen = receive(client)
            assert (seen.data, seen.ending) == (b"", "fin")
        assert len(server.asked) == 1
        assert (proxy.exchanges[0].pristine_status, proxy.exchanges[0].delivered) == (200, False)


def test_a_large_answer_arrives_whole(tmp_path: Path, ca: Path) -> None:
    """Five megabytes, byte by byte the same."""
    body = bytes(range(256)) * 20_000
    with (
        upstream(say(200, body, "application/octet-stream")) as server,
        live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy,
    ):
        assert call(proxy, host=MAPPED).body == body
        assert plain(proxy, f"{server.url}/x").body == body
        assert proxy.exchanges[0].response_bytes == len(body)


def test_a_client_that_left_before_its_turn_is_not_served(tmp_path: Path, ca: Path) -> None:
    """Held back by a fault, it went away: neither sandbox nor upstream hears of the call."""
    with (
        upstream() as server,
        live_proxy(tmp_path, ca, rules="[{fault: {latency: 30s}}]", maps=[f"{MAPPED}={server.url}"]) as proxy,
    ):
        for host in (HOST, MAPPED):
            with tunnel(proxy.address, proxy.bundle, host) as client:
                client.sendall(request_bytes("POST", ESCROWS, ESCROW, host=host))
                while not proxy.on_loop(lambda: proxy.session.chain.observe.open_exchanges):
                    pass
        proxy.stop()
        assert (escrows(proxy), server.asked) == (0, [])
        assert [(e.reached_upstream, e.committed, e.origin) for e in proxy.exchanges] == [(False, False, None)] * 2
