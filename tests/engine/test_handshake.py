"""Spoilt handshakes as bytes on the wire. What clients make of them is in tests/faults/test_tls_failure.py."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from pathlib import Path

import psutil
import pytest

from proxy_addons.decide import Decide
from proxy_addons.engine.certs import certificate
from proxy_addons.engine.handshake import HANDSHAKE_FAILURE, SpoilHandshake
from proxy_addons.observe import Observe
from tests.support.calls import plain
from tests.support.live import LiveProxy, live_proxy
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


def left(proxy: LiveProxy) -> tuple[int, ...]:
    """What the proxy holds on to, seen from its own loop."""

    def count() -> tuple[int, ...]:
        chain = proxy.session.chain
        held = [vars(addon) for addon in chain.addons if isinstance(addon, Decide | SpoilHandshake | Observe)]
        kept = sum(len(value) for each in held for value in each.values() if isinstance(value, dict | set))
        connections = len(proxy.session.master.proxyserver.connections)
        return connections, len(chain.clients), kept, len(asyncio.all_tasks()), psutil.Process().num_fds()

    return proxy.on_loop(count)


@pytest.mark.parametrize("fault", ["refuse", "{tls_failure: alert}", "{tls_failure: expired}"])
def test_a_thousand_of_them_leave_nothing_behind(tmp_path: Path, ca: Path, fault: str) -> None:
    """No task, no socket, no entry in a table."""
    context = ssl.create_default_context(cafile=certificate(ca))

    def shake(client: socket.socket) -> None:
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        context.wrap_socket(client, server_hostname=HOST)

    def fail(count: int) -> None:
        for _ in range(count):
            with socket.create_connection(proxy.address, 10) as client:
                client.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nhost: {HOST}:443\r\n\r\n".encode())
                with pytest.raises((ssl.SSLError, ConnectionResetError)):
                    shake(client)

    with live_proxy(tmp_path, ca, rules=f"[{{fault: {fault}}}]") as proxy:
        fail(5)
        deadline = time.monotonic() + 10
        while (before := left(proxy))[:3] != (0, 0, 0) and time.monotonic() < deadline:
            time.sleep(0.05)
        fail(1000)
        deadline = time.monotonic() + 20
        while (after := left(proxy)) != before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert after == before
        assert len(proxy.exchanges) == 1005
        assert all(event.injections[0].delivered for event in proxy.exchanges)
