"""A plain upstream on loopback, http or https, that remembers what it was asked."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, override

type Respond = Callable[[BaseHTTPRequestHandler, bytes], None]


@dataclass
class Upstream:
    """Where it listens, and every request that reached it as (method, path, headers, body)."""

    port: int
    scheme: str
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """For `--map`."""
        return f"{self.scheme}://127.0.0.1:{self.port}"


def say(status: int = 200, body: bytes = b'{"ok":true}', content_type: str = "application/json") -> Respond:
    """An answer that is always the same."""

    def respond(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        handler.send_response(status)
        handler.send_header("content-type", content_type)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return respond


@contextmanager
def upstream(respond: Respond | None = None, *, certificate: Path | None = None) -> Iterator[Upstream]:
    """Serve until the block ends; over TLS when a PEM file with key and certificate is given."""
    answer = respond or say()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.asked.append((self.command, self.path, headers, body))
            answer(self, body)

        do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815  # the library's names

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    found = Upstream(server.server_port, "https" if certificate else "http")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="upstream")
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
