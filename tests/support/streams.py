"""Streamed answers on a real wire: an upstream that says when, and clients that see what came by then."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import count

import httpx

from tests.support.live import LiveProxy
from tests.support.sockets import Ending, request_bytes, tunnel
from tests.support.upstream import Respond

STREAMS = "streams.test"
"""A host for `--map`."""

LIMIT = 10.0
"""Seconds after which what is waited for will not come."""


def event(number: int) -> bytes:
    """A server-sent event."""
    return b'id: %d\ndata: {"n": %d, "text": "abc"}\n\n' % (number, number)


@dataclass
class Held:
    """An answer in chunks; from the chunk `after` on it is held until `release`. `asked` has the requests' headers."""

    pieces: Sequence[bytes]
    content_type: str = "text/event-stream"
    after: int | None = None
    release: threading.Event = field(default_factory=threading.Event)
    asked: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        """Answer a request."""
        self.asked.append({name.lower(): value for name, value in handler.headers.items()})
        handler.send_response(200)
        handler.send_header("content-type", self.content_type)
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        try:
            for place, piece in enumerate(self.pieces):
                if place == self.after:
                    assert self.release.wait(LIMIT)
                handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                handler.wfile.flush()
            handler.wfile.write(b"0\r\n\r\n")
        except ConnectionError:
            handler.close_connection = True


def respond(*pieces: bytes, content_type: str = "text/event-stream") -> Respond:
    """An answer that comes at once."""
    return Held(pieces, content_type)


class Client:
    """Reads an HTTP/1.1 answer in chunks, over TLS."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.settimeout(LIMIT)
        self._data = b""
        self.body = b""

    def read(self, size: int) -> bytes:
        """Read until the body has so many bytes; all of it."""
        while len(self.body) < size:
            assert self._more() is None, f"the answer ended: {self.body!r}"
        return self.body

    def silent(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        self._connection.settimeout(seconds)
        try:
            self._more()
        except TimeoutError:
            return True
        finally:
            self._connection.settimeout(LIMIT)
        return False

    def end(self) -> Ending:
        """Read to the end; how it ended, `open` for the last chunk."""
        while True:
            ending = self._more()
            if ending is not None:
                return ending

    def _more(self) -> Ending | None:
        try:
            data = self._connection.recv(65536)
        except ConnectionResetError:
            return "reset"
        except ssl.SSLEOFError:
            return "fin"
        self._data += data
        head, _, chunks = self._data.partition(b"\r\n\r\n")
        assert not data or b"chunked" in head.lower(), head
        self.body, whole = dechunked(chunks)
        if whole:
            return "open"
        return None if data else "fin"


def dechunked(data: bytes) -> tuple[bytes, bool]:
    """The body so far, and whether the last chunk is there."""
    body = b""
    for _ in count():
        line, separator, data = data.partition(b"\r\n")
        if not separator:
            break
        size = int(line, 16)
        if size == 0:
            return body, True
        body += data[:size]
        data = data[size + 2 :]
    return body, False


@contextmanager
def asking(proxy: LiveProxy, path: str = "/events") -> Iterator[Client]:
    """A client that has asked for a stream."""
    with tunnel(proxy.address, proxy.bundle, STREAMS) as connection:
        connection.sendall(request_bytes("POST", path, {}, host=STREAMS))
        yield Client(connection)


def read_http2(proxy: LiveProxy, path: str = "/events") -> tuple[bytes, str]:
    """Ask over HTTP/2; the body as far as it came, and the name of the error that ended it."""
    body = b""
    context = ssl.create_default_context(cafile=proxy.bundle)
    with httpx.Client(http2=True, proxy=proxy.url, verify=context, timeout=LIMIT) as client:
        try:
            with client.stream("POST", f"https://{STREAMS}{path}", json={}) as answer:
                assert answer.http_version == "HTTP/2"
                for piece in answer.iter_raw():
                    body += piece
        except httpx.HTTPError as error:
            return body, type(error).__name__
    return body, ""
