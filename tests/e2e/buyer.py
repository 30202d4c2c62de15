"""A small agent that buys through the proxy: careful as a whole, and careless where a test asks for it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Self
from urllib.parse import urlencode

import httpx

from tests.support.live import LiveProxy
from tests.support.sockets import HOST

ESCROWS = "/v1/payments/escrows"
TEMPORARY = frozenset({429, 500, 502, 503, 504})

type Fields = dict[str, Any]


class UnreadableError(Exception):
    """A 2xx whose body is not what was agreed on."""


class GaveUpError(Exception):
    """All attempts are used up."""


def read(answer: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that is there.

    Raises:
        UnreadableError: none is.
    """
    for name in names:
        if isinstance(answer.get(name), str):
            return str(answer[name])
    raise UnreadableError(f"{' or '.join(names)} is missing from {sorted(answer)}")


def client(proxy: LiveProxy, base_url: str = f"https://{HOST}", timeout: float = 10) -> httpx.Client:
    """A client that goes through the proxy."""
    context = ssl.create_default_context(cafile=proxy.bundle)
    return httpx.Client(proxy=proxy.url, verify=context, base_url=base_url, timeout=timeout)


class Buyer:
    """Opens escrows and settles them. `waited` is what it waited because it was told to, in seconds."""

    def __init__(
        self, proxy: LiveProxy, *, timeout: float = 10, attempts: int = 4, pause: float = 0.02, name: str = "buyer"
    ) -> None:
        self.name = name
        self.waited = 0.0
        self._attempts = attempts
        self._pause = pause
        self._client = client(proxy, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def once(self, method: str, path: str, body: object = None, key: str = "") -> Fields:
        """Send a call, once.

        Raises:
            HTTPError: there is no answer, or it says no.
            UnreadableError: it is no JSON object.
        """
        headers = {"x-agent-id": self.name} | ({"idempotency-key": key} if key else {})
        response = self._client.request(method, path, json=body, headers=headers)
        response.raise_for_status()
        try:
            answer = response.json()
        except ValueError as error:
            raise UnreadableError(str(error)) from error
        if not isinstance(answer, dict):
            raise UnreadableError(f"{answer!r} is no object")
        return answer

    def insist[T](self, send: Callable[[], T], look: Callable[[], T | None] | None = None) -> T:
        """Send until it works, a few times, with growing waits; `look` tells whether it did its work already.

        Raises:
            GaveUpError: it did not work.
            HTTPStatusError: it never will.
        """
        last: Exception | None = None
        for attempt in range(self._attempts):
            if last is not None:
                self._rest(last, attempt)
            try:
                if last is not None and look is not None and (found := look()) is not None:
                    return found
                return send()
            except httpx.HTTPStatusError as error:
                if error.response.status_code not in TEMPORARY:
                    raise
                last = error
            except (httpx.TransportError, UnreadableError) as error:
                last = error
        raise GaveUpError(f"{self._attempts} attempts") from last

    def _rest(self, why: Exception, attempt: int) -> None:
        told = why.response.headers.get("retry-after") if isinstance(why, httpx.HTTPStatusError) else None
        self.waited += float(told or 0)
        time.sleep(float(told) if told else self._pause * 2**attempt)

    def create(self, number: int = 1) -> str:
        """Open the escrow of one order, and return its id."""
        order = {"payer": self.name, "payee": "seller", "amount": f"{number}.00"}
        key = f"order-{number}"

        def look() -> str | None:
            return next((e["id"] for e in self.escrows() if e["idempotency_key"] == key), None)

        return self.insist(lambda: read(self.once("POST", ESCROWS, order, key), "id"), look)

    def create_carelessly(self) -> str:
        """Open an escrow without a key, again and again until an answer comes."""
        order = {"payer": self.name, "payee": "seller", "amount": "1.00"}
        return self.insist(lambda: read(self.once("POST", ESCROWS, order), "id", "escrow_id"))

    def escrows(self) -> list[Fields]:
        """All of its escrows."""
        escrows = self.once("GET", f"{ESCROWS}?{urlencode({'agent_id': self.name})}")["escrows"]
        return [escrow for escrow in escrows if isinstance(escrow, dict)]

    def release(self, escrow: str) -> str:
        """Pay the seller, and return the escrow's state."""
        return self._settle(escrow, "release", "settled")

    def cancel(self, escrow: str) -> str:
        """Take the money back, and return the escrow's state."""
        return self._settle(escrow, "cancel", "refunded")

    def _settle(self, escrow: str, how: str, goal: str) -> str:
        def look() -> str | None:
            found = self.once("GET", f"{ESCROWS}/{escrow}")
            if found.get("id") != escrow:
                raise UnreadableError(f"{found.get('id')} is another escrow")
            return goal if read(found, "status", "state") == goal else None

        return self.insist(lambda: read(self.once("POST", f"{ESCROWS}/{escrow}/{how}", {}), "status", "state"), look)

    def buy(self, number: int = 1) -> str:
        """The whole purchase."""
        return self.release(self.create(number))
