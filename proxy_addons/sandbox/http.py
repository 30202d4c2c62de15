"""The embedded sandbox: every request gets an answer, from the books alone.

It speaks four dialects over one set of books: tool calls (`guide.py`), REST (`gateway/`), batches
(`batch.py`), and `/v1/execute`, which the gateway has removed. No credentials are asked for, so 401
`missing-key` is never answered; nor is 429, for throttling is a fault's business. The rate limit in the
headers is counted, not enforced.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from proxy_addons.calls.greenhelix import tool_of
from proxy_addons.exchange import Answer, Request
from proxy_addons.sandbox import batch, guide
from proxy_addons.sandbox.agents import Agents
from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.gateway import rest
from proxy_addons.sandbox.happenings import Happening
from proxy_addons.sandbox.ids import Ids
from proxy_addons.sandbox.ledger import Ledger
from proxy_addons.sandbox.operation import Books, Reply, Situation
from proxy_addons.sandbox.reading import encodable
from proxy_addons.sandbox.webhooks import Delivery, Webhooks

LARGEST_BODY = 1_048_576
"""Bytes; more is 413 (observed on gateway 1.4.8: over 1 MB)."""

LONGEST_KEY = 255
"""Characters of an idempotency key; more is 422."""

RATE_LIMIT = 6000
"""Requests a minute, as the headers tell. The gateway's own number was not observed."""

_EXECUTE = frozenset({"/v1/execute", "/execute"})
_GUIDE = frozenset({"/v1", "/v1/v1"})
_NOT_TOOLS = frozenset({"/v1/batch", "/v1/register", "/v1/pricing", "/v1/health", *_EXECUTE, *_GUIDE})
_JSON = ("content-type", "application/json")
_PROBLEM = ("content-type", "application/problem+json")
_encode = msgspec.json.Encoder().encode


class _Asked(NamedTuple):
    """The headers that matter; empty where there is none."""

    key: str
    request_id: str
    api_key: str
    agent: str


class Sandbox:
    """One gateway with its own books. The same seed and the same calls give the same answers.

    It keeps everything it is told for as long as it lives, which is one run. Not thread-safe: every call
    comes from the proxy's event loop.
    """

    def __init__(self, seed: int = 0) -> None:
        self._ids = Ids(seed)
        self.webhooks = Webhooks(self._ids)
        self.ledger = Ledger(self._ids, listener=self._happened)
        self.agents = Agents(self._ids)
        self._books = Books(self.ledger, self.agents, self.webhooks)
        self._now = 0.0
        self._rates: dict[str, tuple[int, int]] = {}
        self._due: list[Delivery] = []

    def balance(self, agent: str) -> Decimal:
        """Credits that the agent can spend, as of the latest answer."""
        return self.ledger.balance(agent, self._now)

    def fund(self, agent: str, balance: Decimal) -> None:
        """Set an agent's balance, in place of the free credits.

        Raises:
            SandboxError: 422, the balance is below zero.
        """
        self.ledger.fund(agent, balance, self._now)

    def take_deliveries(self) -> list[Delivery]:
        """What became due at webhooks since the last time, in the order in which it happened."""
        due, self._due = self._due, []
        return due

    def _happened(self, happening: Happening) -> None:
        self._due += self.webhooks.due(happening)

    def answer(self, request: Request, now: float) -> Answer:
        """Answer a request, whatever it is. `now` is in seconds since the epoch."""
        self._now = now
        asked = _read_headers(request.headers)
        speaks_guide = _speaks_guide(request.method, request.path)
        content_type = _JSON
        try:
            reply = self._reply(request, asked, now, speaks_guide=speaks_guide)
        except SandboxError as error:
            if speaks_guide:
                reply = Reply(guide.failure(error), error.status)
            else:
                reply, content_type = Reply(rest.problem(error, request.path), error.status), _PROBLEM
        headers = [content_type, *self._common_headers(request, asked, now)]
        if reply.location is not None:
            headers.append(("location", reply.location))
        if reply.replayed:
            headers.append(("idempotent-replayed", "true"))
        body = b"" if request.method == "HEAD" else _encode(reply.body)
        return Answer(reply.status, tuple(headers), body)

    def _reply(self, request: Request, asked: _Asked, now: float, *, speaks_guide: bool) -> Reply:
        if len(request.body) > LARGEST_BODY:
            raise SandboxError("payload-too-large", f"The body is larger than {LARGEST_BODY} bytes")
        if len(asked.key) > LONGEST_KEY:
            raise SandboxError("validation-error", f"Idempotency-Key is longer than {LONGEST_KEY} characters")
        situation = Situation(now, self.agents.caller(asked.api_key, asked.agent), asked.key or None)
        if speaks_guide:
            return guide.answer(self._books, request, situation)
        if request.path in _EXECUTE:
            detail = "POST /v1/execute was removed; call the tool's REST endpoint instead"
            raise SandboxError("endpoint-removed", detail)
        if request.path == "/v1/batch" and request.method == "POST":
            return batch.answer(self._books, request, situation)
        return rest.answer(self._books, request, situation)

    def _common_headers(self, request: Request, asked: _Asked, now: float) -> tuple[tuple[str, str], ...]:
        minute = int(now // 60)
        who = asked.api_key or asked.agent
        last_minute, used = self._rates.get(who, (minute, 0))
        used = used + 1 if last_minute == minute else 1
        self._rates[who] = (minute, used)
        return (
            ("x-request-id", asked.request_id or self._request_id(request)),
            ("x-charged", "0.0"),
            ("x-ratelimit-limit", str(RATE_LIMIT)),
            ("x-ratelimit-remaining", str(max(0, RATE_LIMIT - used))),
            ("x-ratelimit-reset", str((minute + 1) * 60 - int(now))),
        )

    def _request_id(self, request: Request) -> str:
        query = "&".join([f"{name}={value}" for name, value in request.query])
        data = request.body if len(request.body) <= LARGEST_BODY else b""
        return self._ids.draw("request", request.method, request.path, query, data=data)


def _speaks_guide(method: str, path: str) -> bool:
    """Whether it is a tool call of dialect A: on `/v1`, `/v1/v1`, or on one segment that is no REST route."""
    if method != "POST":
        return False
    if path in _GUIDE:
        return True
    one_segment = path.startswith("/v1/") and path.find("/", 4) < 0 and len(path) > 4
    return one_segment and path not in _NOT_TOOLS and tool_of(method, path) is None


def _read_headers(headers: tuple[tuple[str, str], ...]) -> _Asked:
    found = dict.fromkeys(("idempotency-key", "x-request-id", "authorization", "x-api-key", "x-agent-id"), "")
    for name, value in headers:
        if not found.get(name, "-"):
            found[name] = value
    request_id = found["x-request-id"]
    if not (len(request_id) <= 128 and request_id.isascii() and request_id.isprintable()):
        request_id = ""
    scheme, _, token = found["authorization"].partition(" ")
    api_key = found["x-api-key"] or (token.strip() if scheme.lower() == "bearer" else found["authorization"])
    return _Asked(encodable(found["idempotency-key"]), request_id.strip(), api_key, encodable(found["x-agent-id"]))
