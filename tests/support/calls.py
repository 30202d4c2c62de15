"""Calls through a live proxy, in one line each, and what the sandbox's books say afterwards."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mitmproxy.certs import CertStore

from proxy_addons.engine.certs import certificate, ensure_ca
from tests.support.live import LiveProxy
from tests.support.sockets import HOST, Seen, receive, request_bytes, tunnel

ESCROWS = "/v1/payments/escrows"
ESCROW = {"payer": "buyer", "payee": "seller", "amount": "25.00"}


def call(
    proxy: LiveProxy,
    method: str = "GET",
    path: str = "/v1/pricing",
    body: object = None,
    headers: dict[str, str] | None = None,
    *,
    host: str = HOST,
    user: str = "",
    timeout: float = 10,
) -> Seen:
    """One call in a tunnel of its own. `user` is a header line of the CONNECT."""
    with tunnel(proxy.address, proxy.bundle, host, user=user) as client:
        client.sendall(request_bytes(method, path, body, headers, host))
        return receive(client, timeout)


def create(proxy: LiveProxy, headers: dict[str, str] | None = None, *, timeout: float = 10, **fields: object) -> Seen:
    """Create an escrow in the sandbox."""
    return call(proxy, "POST", ESCROWS, ESCROW | fields, headers, timeout=timeout)


def plain(
    proxy: LiveProxy, url: str, method: str = "GET", body: object = None, headers: dict[str, str] | None = None
) -> Seen:
    """One call over plain HTTP, as a client asks a proxy for it: with the whole URL."""
    host = url.partition("://")[2].partition("/")[0]
    with socket.create_connection(proxy.address, 10) as client:
        client.sendall(request_bytes(method, url, body, headers, host))
        return receive(client)


def connect(proxy: LiveProxy, authority: str) -> tuple[socket.socket, Seen]:
    """Ask for a tunnel, and see what the proxy says to that."""
    client = socket.create_connection(proxy.address, 10)
    client.sendall(f"CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = client.recv(1)
        assert chunk, head
        head += chunk
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    body = b""
    while len(body) < int(length.partition(b":")[2]):
        body += client.recv(4096)
    return client, Seen(head + body, "open")


@contextmanager
def http2(proxy: LiveProxy) -> Iterator[httpx.Client]:
    """A client that speaks HTTP/2."""
    context = ssl.create_default_context(cafile=proxy.bundle)
    with httpx.Client(http2=True, proxy=proxy.url, verify=context, base_url=f"https://{HOST}") as client:
        yield client


def escrows(proxy: LiveProxy) -> int:
    """How many escrows the sandbox's books hold."""
    return len(proxy.session.chain.sandbox.ledger.escrows)


def own_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Make a CA of an upstream's own. Returns key with certificate for `host`, and the CA's certificate."""
    ensure_ca(folder)
    entry = CertStore.from_store(folder, "mitmproxy", 2048).get_cert(host, [x509.DNSName(host)])
    key = entry.privatekey.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    both = folder / f"{host}.pem"
    both.write_bytes(key + entry.cert.to_pem())
    return both, certificate(folder)
