"""Requests of the proxy's own: real connections, whole bodies, an end in any case."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from pathlib import Path

import httpx

from proxy_addons.exchange import Commit
from tests.support.calls import call, own_certificate
from tests.support.live import live_proxy
from tests.support.upstream import say, upstream

RULES = "[{fault: duplicate_request}]"


def test_a_repeat_goes_over_tls_as_the_original_did(tmp_path: Path, ca: Path) -> None:
    """Its server's certificate is checked by the host's own name, and its answer read whole."""
    key, authority = own_certificate(tmp_path / "other-ca", "127.0.0.1")
    with (
        upstream(say(200, b"x" * 300_000, "text/plain"), certificate=key) as server,
        live_proxy(
            tmp_path / "run",
            ca,
            rules=RULES,
            maps=[f"api.example.com=https://localhost:{server.port}"],
            insecure=True,
            upstream_ca=authority,
        ) as proxy,
    ):
        assert call(proxy, "POST", "/orders", {"amount": "1"}, host="api.example.com").status == 200
        first, repeat = proxy.exchanges
    assert len(server.asked) == 2
    assert (first.commit, repeat.commit) == (Commit.COMMITTED, Commit.COMMITTED)


def test_a_repeat_of_an_http2_call_with_an_encoded_body(tmp_path: Path, ca: Path) -> None:
    """The very bytes again, and the agent's one answer on HTTP/2."""
    body = gzip.compress(b'{"amount":"1.00"}' * 5000)
    with (
        upstream(say(201)) as server,
        live_proxy(tmp_path, ca, rules=RULES, maps=[f"api.example.com={server.url}"]) as proxy,
    ):
        context = ssl.create_default_context(cafile=proxy.bundle)
        with httpx.Client(http2=True, proxy=proxy.url, verify=context) as client:
            told = client.post(
                "https://api.example.com/orders",
                content=body,
                headers={"content-encoding": "gzip", "content-type": "application/json"},
            )
    assert (told.status_code, told.http_version) == (201, "HTTP/2")
    assert [asked[3] for asked in server.asked] == [body, body]


def test_a_target_that_is_silent_is_hung_up_on(tmp_path: Path, ca: Path) -> None:
    """The agent has its answer after that time, and nothing is left open."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        kept: list[socket.socket] = []

        def serve() -> None:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}")
            kept.append(connection)
            again, _ = listener.accept()
            again.recv(65536)
            kept.append(again)  # and say nothing

        thread = threading.Thread(target=serve)
        thread.start()
        with live_proxy(tmp_path, ca, rules=RULES, maps=[f"api.example.com=http://127.0.0.1:{port}"]) as proxy:
            chain = proxy.session.chain
            proxy.on_loop(lambda: setattr(chain.outgoing, "_answer_within", 0.3))
            started = time.monotonic()
            assert call(proxy, "POST", "/orders", {"amount": "1"}, host="api.example.com").status == 201
            took = time.monotonic() - started
            thread.join(5)
            while kept[1].recv(65536):
                pass  # to the end: it was closed
            while proxy.on_loop(lambda: chain.observe.open_exchanges or len(chain.clients)):
                time.sleep(0.01)
            _, repeat = proxy.exchanges
        for connection in kept:
            connection.close()
    assert 0.3 <= took < 5
    assert (repeat.commit, repeat.delivered, repeat.duplicate_of) == (Commit.AMBIGUOUS, False, 1)
