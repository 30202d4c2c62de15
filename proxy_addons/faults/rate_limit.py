"""Rate limit: a token bucket in front of the provider.

`limit` calls at once, and as many again over each `per`. A call that finds no token is refused with 429 and never
reaches the provider; a call that finds one passes, and is not counted as an injection. With `early_callers: extend`
a refused call costs a token as well, so that whoever comes back too early waits longer, `per` at most.

What the client sees, on HTTP/1.1 and HTTP/2 alike: on every answer `X-RateLimit-Limit`, `-Remaining` and `-Reset`
(seconds until the bucket is full again); on a refusal 429 with a problem document, and when to come back in
`Retry-After` (seconds, a date, or none). A call at that time is let through.
"""

from __future__ import annotations

import math
from email.utils import formatdate
from http import HTTPStatus
from typing import ClassVar, Literal, override

from pydantic import Field

from proxy_addons.exchange import Phase
from proxy_addons.faults.answers import problem
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Duration, show_duration


class RateLimit(Fault):
    """Refuse calls above a rate."""

    shorthand: ClassVar[str | None] = "limit"

    at: Literal[Phase.BEFORE] = Phase.BEFORE
    limit: int = Field(ge=1, le=1_000_000, description="calls that a full bucket allows")
    per: Duration = Field(default=60.0, gt=0, le=86_400, description="time in which an empty bucket fills")
    scope: Literal["agent", "operation", "host", "run"] = Field(default="agent", description="who shares a bucket")
    retry_after: Literal["seconds", "date", "none"] = Field(default="seconds", description="how Retry-After is written")
    early_callers: Literal["ignore", "extend"] = Field(
        default="ignore", description="whether a call that comes too early makes the wait longer"
    )

    @override
    def describe(self) -> str:
        calls = "call" if self.limit == 1 else "calls"
        more = "; early callers wait longer" if self.early_callers == "extend" else ""
        return f"at most {self.limit} {calls} per {show_duration(self.per)} and {self.scope}, then 429{more}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        whose = {"agent": draw.agent, "operation": draw.operation, "host": wire.request.host, "run": ""}[self.scope]
        tokens = wire.tally.take_token(
            self.limit,
            self.per,
            *("rate limit", draw.rule, whose),
            now=wire.now(),
            refusals_cost=self.early_callers == "extend",
        )
        headers = [
            ("x-ratelimit-limit", str(self.limit)),
            ("x-ratelimit-remaining", str(tokens.left)),
            ("x-ratelimit-reset", str(math.ceil(tokens.full_in))),
        ]
        if tokens.granted:
            wire.stamp(headers)
            return Played(delivered=False, detail=f"within the limit: {tokens.left} of {self.limit} left")
        headers += self._retry_after(wire, tokens.wait)
        made, body = problem(HTTPStatus.TOO_MANY_REQUESTS, wire.request.path, "Rate limit exceeded.")
        wire.respond(HTTPStatus.TOO_MANY_REQUESTS, [*made, *headers], body)
        return Played(delivered=True, detail=f"answered 429, {show_duration(round(tokens.wait, 3))} to wait", ends=True)

    def _retry_after(self, wire: Wire, wait: float) -> list[tuple[str, str]]:
        match self.retry_after:
            case "seconds":
                return [("retry-after", str(max(1, math.ceil(wait))))]
            case "date":
                return [("retry-after", formatdate(math.ceil(wire.wall_clock() + wait), usegmt=True))]
            case "none":
                return []
