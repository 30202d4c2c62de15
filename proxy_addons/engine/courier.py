"""Brings the sandbox's webhooks to the agents, through the chain, so that every fault can be played on them.

Rules it keeps:
- A delivery is tried `DELAY` after its event, so that the answer which caused it comes first as a rule.
- No answer, 429 and 5xx are tried again after each of `BACK_OFF`; any other answer settles it.
- When the run ends, what was never tried is tried at once, what is under way may take `FAREWELL`, and all
  the rest is dropped and journaled.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from mitmproxy import http

from proxy_addons.calls.logical import logical
from proxy_addons.engine.outgoing import Outgoing
from proxy_addons.events.event import Event, WebhookDropped
from proxy_addons.exchange import Exchange, Request
from proxy_addons.sandbox.webhooks import Delivery
from proxy_addons.tally import Tally

AGENT = "sandbox"
"""Who calls, in the words of a profile's `match`."""
PROTOCOL = "webhook"

DELAY = 0.1
BACK_OFF = (0.5, 2.0)
FAREWELL = 1.0
"""Seconds, all of them."""


class Courier:
    """Delivers webhooks. `drop` gives up; `close` gives them a last chance before."""

    def __init__(
        self,
        outgoing: Outgoing,
        tally: Tally,
        emit: Callable[[Event], None],
        *,
        delay: float = DELAY,
        back_off: Sequence[float] = BACK_OFF,
    ) -> None:
        self._outgoing = outgoing
        self._tally = tally
        self._emit = emit
        self._delay = delay
        self._back_off = tuple(back_off)
        self._hurry = asyncio.Event()
        self._closed = False
        self._tasks: dict[asyncio.Task[None], Delivery] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Begin to deliver them."""
        for delivery in deliveries:
            if self._closed:
                self._drop(delivery, "the run had ended")
                continue
            task = asyncio.ensure_future(self._deliver(delivery))
            self._tasks[task] = delivery
            task.add_done_callback(self._forget)

    async def close(self, seconds: float = FAREWELL) -> None:
        """Let what is due go out now, and drop what is not done within `seconds`."""
        self._hurry.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        tasks = list(self._tasks)
        self.drop()
        if tasks:
            await asyncio.wait(tasks)

    def drop(self) -> None:
        """Give up whatever is not delivered, and say so."""
        self._closed = True
        for task, delivery in list(self._tasks.items()):
            if task.cancel():
                self._drop(delivery, "the run ended before it was delivered")

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            _request(delivery.url, (), delivery.body)
        except ValueError as error:
            self._drop(delivery, f"{delivery.url} cannot be called: {error}")
            return
        await self._pause(self._delay)
        for attempt, pause in enumerate((*self._back_off, None), 1):
            if await self._try(delivery, attempt) or pause is None:
                return
            if self._hurry.is_set():
                self._drop(delivery, f"attempt {attempt} failed, and the run ended")
                return
            await self._pause(pause)
            if self._hurry.is_set():
                self._drop(delivery, "the run ended before it was tried again")
                return

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            pass

    async def _try(self, delivery: Delivery, attempt: int) -> bool:
        """One attempt; whether it is settled."""
        now = time.time()
        headers = delivery.headers(attempt, now)
        request = _request(delivery.url, headers, delivery.body)
        flow = await self._outgoing.call_back(self._exchange(delivery, request, attempt, now), request)
        if flow.error is not None or flow.response is None:
            return False
        return flow.response.status_code != 429 and flow.response.status_code < 500

    def _exchange(self, delivery: Delivery, request: http.Request, attempt: int, now: float) -> Exchange:
        asked = Request(
            method="POST",
            scheme=request.scheme,
            host=request.host,
            port=request.port,
            path=request.path.partition("?")[0],
            query=tuple(request.query.items(multi=True)),
            headers=tuple((name.decode("latin-1").lower(), value.decode()) for name, value in request.headers.fields),
            body=delivery.body,
        )
        call = logical(f"{PROTOCOL}.{delivery.event_type}", asked.json, safe=False, key=delivery.id)
        call.ordinal = self._tally.next("call", AGENT, call.operation, call.fingerprint)
        call.nth = self._tally.next("operation", AGENT, call.operation)
        call.attempt = attempt
        number = self._tally.next("exchange")
        return Exchange(number, AGENT, PROTOCOL, asked, [call], now, callback=True)

    def _drop(self, delivery: Delivery, why: str) -> None:
        self._emit(WebhookDropped(time.time(), delivery.id, delivery.webhook_id, delivery.event_type, why))

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a webhook could not be delivered", "exception": error, "task": task}
            )


def _request(url: str, headers: Sequence[tuple[str, str]], body: bytes) -> http.Request:
    parts = urlsplit(url)
    request = http.Request.make("POST", parts._replace(fragment="").geturl(), body)
    request.headers = http.Headers(
        [(b"host", parts.netloc.rpartition("@")[2].encode("idna" if not parts.netloc.isascii() else "ascii"))]
        + [(name.encode("latin-1"), value.encode()) for name, value in headers]
        + [(b"content-length", str(len(body)).encode())]
    )
    return request
