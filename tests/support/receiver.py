"""An agent's own server on loopback, which receives webhooks and remembers them."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.calls import call
from tests.support.live import LiveProxy
from tests.support.upstream import Respond, Upstream, say, upstream

SECRET = "whsec-4711"


@dataclass(frozen=True)
class Received:
    """One POST as it arrived, and when."""

    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        """What it says."""
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def genuine(self) -> bool:
        """Whether the signature is that of the agreed secret."""
        expected = "sha256=" + hmac.new(SECRET.encode(), self.body, sha256).hexdigest()
        return hmac.compare_digest(expected, self.headers.get("x-greenhelix-signature", ""))


@dataclass
class Receiver:
    """Where it listens, and what came."""

    server: Upstream
    received: list[Received]

    @property
    def url(self) -> str:
        """For a registration."""
        return f"{self.server.url}/hooks?x=1"

    def register(self, proxy: LiveProxy, *event_types: str, **fields: object) -> str:
        """Register through the proxy; the webhook's id."""
        order = {"url": self.url, "event_types": event_types or ("escrow.*",), "secret": SECRET} | fields
        seen = call(proxy, "POST", "/v1/infra/webhooks", order)
        assert seen.status == 201, seen
        return str(json.loads(seen.body)["id"])

    def wait_for(self, count: int, seconds: float = 10) -> list[Received]:
        """Wait until so many came."""
        deadline = time.monotonic() + seconds
        while len(self.received) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        assert len(self.received) >= count, f"{len(self.received)} of {count} came"
        return list(self.received)


@contextmanager
def receiver(respond: Respond | None = None) -> Iterator[Receiver]:
    """Receive until the block ends; `respond` says how it answers, 200 when left out."""
    received: list[Received] = []
    answer = respond or say()

    def note(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        received.append(Received(headers, body, time.time()))
        answer(handler, body)

    with upstream(note) as server:
        yield Receiver(server, received)


def failing(times: int, status: int = 503) -> Respond:
    """Fail so often, then succeed."""
    left = [times]

    def respond(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        left[0] -= 1
        say(status if left[0] >= 0 else 200)(handler, body)

    return respond


def settle(proxy: LiveProxy) -> None:
    """Wait until the sandbox has nothing left to deliver."""
    deadline = time.monotonic() + 15
    while proxy.on_loop(lambda: len(proxy.session.chain.courier)):
        assert time.monotonic() < deadline, "webhooks are still under way"
        time.sleep(0.01)
