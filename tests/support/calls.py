"""Calls through a live proxy, in one line each, and what the sandbox's books say afterwards."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h2.connection
import h2.errors
import h2.events
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


class RawHttp2:
    """An HTTP/2 connection stream by stream: what is asked, cancelled and answered on each."""

    def __init__(self, client: ssl.SSLSocket, host: str) -> None:
        self._client, self._host = client, host
        self._wire = h2.connection.H2Connection()
        self._wire.initiate_connection()
        self._statuses: dict[int, int] = {}

    def ask(self, stream: int, method: str, path: str) -> None:
        """Send a request without a body."""
        fields = {":method": method, ":scheme": "https", ":authority": self._host, ":path": path}
        self._wire.send_headers(stream, list(fields.items()), end_stream=True)
        self._client.sendall(self._wire.data_to_send())

    def cancel(self, stream: int) -> None:
        """No longer want the answer."""
        self._wire.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
        self._client.sendall(self._wire.data_to_send())

    def status(self, stream: int) -> int:
        """Wait for a stream's answer."""
        while stream not in self._statuses:
            data = self._client.recv(65536)
            assert data, "the connection ended"
            for event in self._wire.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived) and event.stream_id is not None:
                    self._statuses[event.stream_id] = int(dict(event.headers or [])[b":status"])
        return self._statuses[stream]


@contextmanager
def raw_http2(proxy: LiveProxy, host: str = HOST) -> Iterator[tuple[RawHttp2, ssl.SSLSocket]]:
    """One in a tunnel, and the socket below it."""
    raw, _ = connect(proxy, f"{host}:443")
    context = ssl.create_default_context(cafile=proxy.bundle)
    context.set_alpn_protocols(["h2"])
    with raw, context.wrap_socket(raw, server_hostname=host) as client:
        yield RawHttp2(client, host), client


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
