"""Status: another answer instead of the provider's.

`at: before` (default): the upstream is never asked. `at: after`: it did its work, and the agent is told
otherwise. `codes` draws one of several, `{500: 3, 502: 1}` three times out of four the first. The default
body is an RFC 9457 problem document; `page: html` is the page that a load balancer sends; `body` takes text
or a JSON structure.

What the client sees: a complete, well-formed response with this status, on HTTP/1.1 and HTTP/2 alike;
the connection stays open.
"""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from itertools import accumulate
from typing import Annotated, Any, ClassVar, Literal, Self, override

from pydantic import Field, model_validator

from proxy_addons.exchange import Phase
from proxy_addons.faults.answers import BODYLESS, HeaderFields, Headers, error_page, problem, title
from proxy_addons.faults.base import Fault, Played, Side, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Duration, show_duration

Code = Annotated[int, Field(ge=200, le=599)]
Weight = Annotated[float, Field(gt=0, le=1e9)]


class Status(Fault):
    """Answer with another status."""

    shorthand: ClassVar[str | None] = "code"

    at: Side = Phase.BEFORE
    code: Code | None = Field(default=None, description="HTTP status code")
    codes: Annotated[tuple[Code, ...], Field(min_length=1)] | Annotated[dict[Code, Weight], Field(min_length=1)] = (
        Field(default=(), description="several to draw from, or a weight for each: {500: 3, 502: 1}")
    )
    page: Literal["problem", "html"] = Field(
        default="problem", description="the body: a problem document, or the HTML page of a load balancer"
    )
    body: str | dict[str, Any] | list[Any] | None = Field(
        default=None, description="text, or a structure that is sent as JSON, instead of a page"
    )
    headers: HeaderFields = Field(default_factory=dict)
    retry_after: Duration | None = Field(default=None, description="sent as Retry-After in whole seconds")

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        if (self.code is None) == (not self.codes):
            raise ValueError("needs `code`, or `codes` to draw from, and not both")
        if self.body is not None and "page" in self.model_fields_set:
            raise ValueError("has a `body` of its own and a `page` too; write one of them")
        return self

    @property
    def _weights(self) -> dict[int, float]:
        if self.code is not None:
            return {self.code: 1.0}
        return self.codes if isinstance(self.codes, dict) else dict.fromkeys(self.codes, 1.0)

    @override
    @property
    def fatal(self) -> bool:
        return min(self._weights) >= HTTPStatus.BAD_REQUEST

    def _said(self) -> str:
        return " or ".join(f"{code} {title(code)}" for code in self._weights)

    @override
    def describe(self) -> str:
        wait = f", with Retry-After {show_duration(self.retry_after)}" if self.retry_after is not None else ""
        when = "instead of asking the provider" if self.at is Phase.BEFORE else "although the provider did its work"
        return f"the agent gets {self._said()}{wait}, {when}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        code = self._drawn(draw)
        made, body = self._content(code, wire.request.path)
        headers = dict(made) | {name.lower(): value for name, value in self.headers.items()}
        if self.retry_after is not None:
            headers["retry-after"] = str(math.ceil(self.retry_after))
        wire.respond(code, list(headers.items()), body)
        return Played(delivered=True, detail=f"answered {code}", ends=True)

    def _drawn(self, draw: Draw) -> int:
        weights = self._weights
        mark = draw.uniform("status") * sum(weights.values())
        passed = (code for code, reached in zip(weights, accumulate(weights.values()), strict=True) if mark < reached)
        return next(passed, next(reversed(weights)))

    def _content(self, code: int, path: str) -> tuple[Headers, bytes]:
        if code in BODYLESS:
            return [], b""
        if isinstance(self.body, str):
            return ([("content-type", "text/plain; charset=utf-8")] if self.body else []), self.body.encode()
        if self.body is not None:
            return [("content-type", "application/json")], json.dumps(self.body).encode()
        return error_page(code) if self.page == "html" else problem(code, path)
