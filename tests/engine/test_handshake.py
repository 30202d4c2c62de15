"""Spoilt handshakes as bytes on the wire. What clients make of them is in tests/faults/test_tls_failure.py."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from proxy_addons.engine.handshake import HANDSHAKE_FAILURE
from tests.support.calls import plain
from tests.support.live import live_proxy
from tests.support.sockets import HOST
from tests.support.upstream import upstream


def hello() -> bytes:
    """A ClientHello, as OpenSSL writes it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    shaking = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname=HOST)
    with pytest.raises(ssl.SSLWantReadError):
        shaking.do_handshake()
    return outgoing.read()


def test_an_alert_is_an_alert_and_then_the_end(tmp_path: Path, ca: Path) -> None:
    """Seven bytes and a FIN."""
    with live_proxy(tmp_path, ca, rules="[{fault: tls_failure}]") as proxy:
        with socket.create_connection(proxy.address, 10) as client:
            client.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nhost: {HOST}:443\r\n\r\n".encode())
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
            client.sendall(hello())
            data = b""
            while chunk := client.recv(4096):
                data += chunk
        assert data == HANDSHAKE_FAILURE
        assert [event.injections[0].delivered for event in proxy.exchanges] == [True]


def test_a_call_without_a_tunnel_is_left_alone(tmp_path: Path, ca: Path) -> None:
    """There is no handshake to spoil."""
    with (
        upstream() as origin,
        live_proxy(tmp_path, ca, rules="[{fault: tls_failure}]", maps=[f"plain.test={origin.url}"]) as proxy,
    ):
        assert plain(proxy, "http://plain.test/").status == 200
        assert [event.injections for event in proxy.exchanges] == [[]]
