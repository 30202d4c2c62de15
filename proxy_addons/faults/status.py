"""Status: another answer instead of the provider's.

`at: before` (default): the upstream is never asked. `at: after`: it did its work, and the agent is told
otherwise. The default body is an RFC 9457 problem document; `body` takes text or a JSON structure.

What the client sees: a complete, well-formed response with this status, on HTTP/1.1 and HTTP/2 alike;
the connection stays open.
"""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, override

from pydantic import AfterValidator, Field

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Duration, show_duration

_BODYLESS = frozenset({204, 205, 304})
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})


def _no_framing(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if name.lower() in _FRAMING:
            raise ValueError(f"{name} is set by the body itself; to break the framing use the fault `wrong_length`")
        if not name or not name.isascii() or any(c in name for c in " :\r\n") or any(c in value for c in "\r\n"):
            raise ValueError(f"{name!r}: {value!r} is no header")
    return headers


class Status(Fault):
    """Answer with another status."""

    shorthand: ClassVar[str | None] = "code"

    at: Phase = Phase.BEFORE
    code: int = Field(ge=200, le=599, description="HTTP status code")
    body: str | dict[str, Any] | list[Any] | None = Field(
        default=None, description="text, or a structure that is sent as JSON; none: a problem document"
    )
    headers: Annotated[dict[str, str], AfterValidator(_no_framing)] = Field(default_factory=dict)
    retry_after: Duration | None = Field(default=None, description="sent as Retry-After in whole seconds")

    @override
    @property
    def fatal(self) -> bool:
        return self.code >= HTTPStatus.BAD_REQUEST

    @override
    def describe(self) -> str:
        wait = f", with Retry-After {show_duration(self.retry_after)}" if self.retry_after is not None else ""
        when = "instead of asking the provider" if self.at is Phase.BEFORE else "although the provider did its work"
        return f"the agent gets {self.code} {_title(self.code)}{wait}, {when}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        content_type, body = self._content(wire.request.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if body:
            headers.setdefault("content-type", content_type)
        if self.retry_after is not None:
            headers["retry-after"] = str(math.ceil(self.retry_after))
        wire.respond(self.code, list(headers.items()), body)
        return Played(delivered=True, detail=f"answered {self.code}", ends=True)

    def _content(self, path: str) -> tuple[str, bytes]:
        if self.code in _BODYLESS:
            return "", b""
        if isinstance(self.body, str):
            return "text/plain; charset=utf-8", self.body.encode()
        if self.body is not None:
            return "application/json", json.dumps(self.body).encode()
        problem = {"type": "about:blank", "title": _title(self.code), "status": self.code, "instance": path}
        kind = "application/problem+json" if self.fatal else "application/json"
        return kind, json.dumps(problem).encode()


def _title(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "Error"
