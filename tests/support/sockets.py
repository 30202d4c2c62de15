"""A raw client: what really arrives at the socket, and how the connection really ends."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from dataclasses import dataclass
from typing import Literal

type Ending = Literal["reset", "fin", "silence", "open"]

HOST = "sandbox.greenhelix.net"


@dataclass(frozen=True)
class Seen:
    """Bytes that arrived, and how it ended: `open` means a whole response came and the connection stays."""

    data: bytes
    ending: Ending

    @property
    def status(self) -> int | None:
        """The status line's code."""
        return int(self.data.split(b" ", 2)[1]) if self.data.startswith(b"HTTP/") else None

    @property
    def body(self) -> bytes:
        """What follows the head."""
        return self.data.partition(b"\r\n\r\n")[2]


def tunnel(
    proxy: tuple[str, int], bundle: str, host: str = HOST, *, user: str = "", timeout: float = 10
) -> ssl.SSLSocket:
    """Open a CONNECT tunnel and shake hands inside, HTTP/1.1 only."""
    with contextlib.ExitStack() as opened:
        raw = opened.enter_context(socket.create_connection(proxy, timeout))
        raw.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n{user}\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = raw.recv(4096)
            assert chunk, f"the proxy closed the tunnel: {head!r}"
            head += chunk
        assert head.startswith(b"HTTP/1.1 200"), head
        context = ssl.create_default_context(cafile=bundle)
        context.set_alpn_protocols(["http/1.1"])
        tunnelled = context.wrap_socket(raw, server_hostname=host)
        opened.pop_all()
    return tunnelled


def request_bytes(
    method: str, path: str, body: object = None, headers: dict[str, str] | None = None, host: str = HOST
) -> bytes:
    """An HTTP/1.1 request, whole."""
    data = b"" if body is None else json.dumps(body).encode()
    fields = {"host": host, "content-length": str(len(data)), "content-type": "application/json"} | (headers or {})
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + data


def receive(connection: socket.socket, timeout: float = 10) -> Seen:
    """Read one response, or until the connection ends."""
    data = b""
    connection.settimeout(timeout)
    while True:
        if _whole(data):
            return Seen(data, "open")
        try:
            chunk = connection.recv(65536)
        except TimeoutError:
            return Seen(data, "silence")
        except ConnectionResetError:
            return Seen(data, "reset")
        except ssl.SSLEOFError:
            return Seen(data, "fin")
        if not chunk:
            return Seen(data, "fin")
        data += chunk


def exchange(
    connection: socket.socket, method: str, path: str, body: object = None, *, timeout: float = 10, **headers: str
) -> Seen:
    """Send one request and see what comes of it."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.sendall(request_bytes(method, path, body, fields))
    return receive(connection, timeout)


def _whole(data: bytes) -> bool:
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
        if line.startswith(b"transfer-encoding:") and b"chunked" in line:
            return body.endswith(b"0\r\n\r\n")
    return False
