"""A proxy with one fault in front of an origin that always says the same: what an edit does on the wire."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.support.live import LiveProxy, live_proxy
from tests.support.sockets import Seen, exchange, tunnel
from tests.support.upstream import Respond, upstream

ORIGIN = "api.example.com"
BALANCE = b'{"id": "w-1", "balance": 275.0, "open": true, "total": 12345678901234567890.10, "tags": ["a", "b"]}'


def reply(body: bytes, status: int = 200, *, chunked: bool = False, **headers: str) -> Respond:
    """An answer with these headers, in two chunks when `chunked`."""
    fields = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}

    def respond(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(status)
        for name, value in fields.items():
            handler.send_header(name, value)
        framing = ("transfer-encoding", "chunked") if chunked else ("content-length", str(len(body)))
        handler.send_header(*framing)
        handler.end_headers()
        half = len(body) // 2
        for part in (body[:half], body[half:]) if chunked else (body,):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
        if chunked:
            handler.wfile.write(b"0\r\n\r\n")

    return respond


def zipped(body: bytes) -> Respond:
    """The body with a content encoding."""
    return reply(gzip.compress(body), content_encoding="gzip")


@contextmanager
def faulty(
    folder: Path, ca: Path, fault: str, respond: Respond | None = None, *, rule: str = ""
) -> Iterator[LiveProxy]:
    """A proxy that plays a fault (YAML) on every answer of `ORIGIN`."""
    with upstream(respond or reply(BALANCE)) as origin:
        rules = f"[{{{rule}fault: {fault}}}]"
        with live_proxy(folder, ca, rules=rules, maps=[f"{ORIGIN}={origin.url}"]) as proxy:
            yield proxy


def ask(proxy: LiveProxy, method: str = "GET", path: str = "/v1/wallet", body: object = None) -> Seen:
    """One call to `ORIGIN` on a connection of its own."""
    with tunnel(proxy.address, proxy.bundle, ORIGIN) as client:
        return exchange(client, method, path, body, host=ORIGIN)


def headers_of(seen: Seen) -> Mapping[str, str]:
    """The head's fields, names in lower case; of those that stand twice, the last."""
    lines = seen.data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
