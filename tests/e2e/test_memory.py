"""What is out of scope flows by: the proxy does not grow by what it carries."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import psutil
import pytest

from proxy_addons.events.event import PassedThrough
from tests.e2e.invoke import LIMIT, Crosswind
from tests.support.upstream import Upstream, upstream

MEGABYTE = 1_000_000
DOWN, UP = 200 * MEGABYTE, 50 * MEGABYTE
CHUNK = b"x" * MEGABYTE
ALLOWANCE = 24 * MEGABYTE
"""Bytes that buffers on the way may take, whatever goes through them."""


def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """A GET gets as many bytes as its path says, a POST the number of those that it sent."""
    data = [str(len(body)).encode()] if handler.command == "POST" else [CHUNK] * (int(handler.path[1:]) // MEGABYTE)
    handler.send_response(200)
    handler.send_header("content-length", str(sum(map(len, data))))
    handler.send_header("connection", "close")
    handler.end_headers()
    for part in data:
        handler.wfile.write(part)


class Meter:
    """The highest resident size of a process since it was last looked at, in bytes, looked at whenever asked."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = psutil.Process(process.pid)
        self.highest = 0

    def look(self) -> None:
        """Look."""
        self.highest = max(self.highest, self._process.memory_info().rss)


@contextlib.contextmanager
def connection(proxy: tuple[str, int], target: Upstream) -> Iterator[tuple[socket.socket, str]]:
    """A connection through the proxy, and what stands in front of a path on it."""
    with socket.create_connection(proxy, LIMIT) as raw:
        if target.scheme == "http":
            yield raw, target.url
            return
        where = target.url.removeprefix("https://")
        raw.sendall(f"CONNECT {where} HTTP/1.1\r\nhost: {where}\r\n\r\n".encode())
        assert raw.recv(4096).startswith(b"HTTP/1.1 200")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(raw) as inside:
            yield inside, ""


def download(proxy: tuple[str, int], target: Upstream, size: int, meter: Meter) -> int:
    """Fetch so many bytes, and look at the meter all along; how many came."""
    with connection(proxy, target) as (line, prefix):
        line.sendall(f"GET {prefix}/{size} HTTP/1.1\r\nhost: 127.0.0.1:{target.port}\r\n\r\n".encode())
        came = looked = 0
        while chunk := line.recv(65536):
            came += len(chunk)
            if came - looked > 4 * MEGABYTE:
                meter.look()
                looked = came
        meter.look()
        return came


def upload(proxy: tuple[str, int], target: Upstream, size: int, meter: Meter) -> bytes:
    """Send so many bytes, and look at the meter all along; the answer."""
    with connection(proxy, target) as (line, prefix):
        head = f"POST {prefix}/ HTTP/1.1\r\nhost: 127.0.0.1:{target.port}\r\ncontent-length: {size}\r\n\r\n"
        line.sendall(head.encode())
        for _ in range(size // MEGABYTE):
            line.sendall(CHUNK)
            meter.look()
        said = b""
        while chunk := line.recv(65536):
            said += chunk
        return said.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_is_out_of_scope_is_not_kept(crosswind: Crosswind, ca: Path, scheme: str) -> None:
    """50 MB up and 200 MB down, in the clear and inside a tunnel that is left alone."""
    certificate = ca / "mitmproxy-ca.pem" if scheme == "https" else None
    with (
        upstream(answer, certificate=certificate) as target,
        # That a map leads to this machine allows its address; the host 127.0.0.1 itself stays out of scope.
        crosswind.started(
            *("proxy", "--listen", "127.0.0.1:0", "--run-dir", "run", "--map", f"mapped.test={target.url}")
        ) as process,
    ):
        assert process.stdout is not None
        found = None
        while found is None:
            found = re.search(rb"HTTP_PROXY=http://(127\.0\.0\.1):(\d+)", process.stdout.readline())
        proxy = found[1].decode(), int(found[2])
        meter = Meter(process)
        assert upload(proxy, target, MEGABYTE, meter) == b"1000000"
        assert download(proxy, target, MEGABYTE, meter) > MEGABYTE
        before = meter.highest
        assert upload(proxy, target, UP, meter) == str(UP).encode()
        assert download(proxy, target, DOWN, meter) > DOWN
        assert meter.highest - before < ALLOWANCE
        process.terminate()
        process.communicate(timeout=LIMIT)
    passed = [event.host for event in crosswind.events() if isinstance(event, PassedThrough)]
    assert (set(passed), crosswind.exchanges()) == ({"127.0.0.1"}, [])
