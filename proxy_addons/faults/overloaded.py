"""Overloaded: the provider of a language model has no capacity, or the caller has used up its own.

`shape` is whose words it uses; `auto` (default) takes them from the call. `status` is 429 (rate limit), 503,
or Anthropic's 529 `overloaded_error`; when left out it is 503 in OpenAI's shape and 529 in Anthropic's.
`retry_after` goes into the headers that the SDKs heed: `retry-after` in whole seconds, and with
`precise` `retry-after-ms` too. `in_stream` answers 200 with a stream that begins, and then says it.

What the client sees, on HTTP/1.1 and HTTP/2 alike: a complete, well-formed response, which the SDKs turn into
their `RateLimitError`, `InternalServerError` or `OverloadedError`; they try again by themselves.
"""

from __future__ import annotations

import json
import math
from typing import ClassVar, Literal, Self, override

from pydantic import Field, model_validator

from proxy_addons import sse
from proxy_addons.calls.naming import name
from proxy_addons.exchange import JSON, Phase
from proxy_addons.faults.base import Fault, Played, Side, Wire
from proxy_addons.faults.streams import EVENT_STREAM
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Duration, show_duration

type Shape = Literal["openai", "anthropic"]
type _Object = dict[str, JSON]

_REQUESTS = "500"
_OPENAI: dict[int, tuple[str, str, str]] = {
    429: ("Rate limit reached for requests", "requests", "rate_limit_exceeded"),
    503: ("The engine is currently overloaded, please try again later", "server_error", "server_overloaded"),
}
_ANTHROPIC: dict[int, tuple[str, str]] = {
    429: ("rate_limit_error", "This request would exceed your organization's rate limit"),
    503: ("api_error", "Service unavailable"),
    529: ("overloaded_error", "Overloaded"),
}


class Overloaded(Fault):
    """Answer as a language model's provider does that has no capacity."""

    shorthand: ClassVar[str | None] = "status"
    protocols: ClassVar[frozenset[str] | None] = frozenset({"openai", "anthropic"})

    at: Side = Phase.BEFORE
    shape: Literal["auto", "openai", "anthropic"] = Field(default="auto", description="whose words it uses")
    status: Literal[429, 503, 529] | None = Field(
        default=None, description="503 (OpenAI) or 529 (Anthropic) when left out; 529 is Anthropic's alone"
    )
    retry_after: Duration | None = Field(default=None, le=86400, description="sent as retry-after in whole seconds")
    precise: bool = Field(default=False, description="whether retry-after-ms says it in milliseconds as well")
    should_retry: bool | None = Field(default=None, description="sent as x-should-retry, which the SDKs obey")
    in_stream: bool = Field(default=False, description="whether it comes as an event within a 200 stream")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.shape == "openai" and self.status == 529:
            raise ValueError("status 529 is Anthropic's; OpenAI answers 429 or 503")
        if self.precise and self.retry_after is None:
            raise ValueError("precise says retry_after in milliseconds; write retry_after as well")
        if self.in_stream and (self.retry_after is not None or self.should_retry is not None):
            raise ValueError("with in_stream the head has said 200 before; retry_after and should_retry have no place")
        return self

    @override
    @property
    def fatal(self) -> bool:
        return True

    @override
    def describe(self) -> str:
        what = str(self.status or "503 or 529")
        wait = f", to be tried again after {show_duration(self.retry_after)}" if self.retry_after is not None else ""
        where = " within a 200 stream" if self.in_stream else ""
        return f"the model's provider is overloaded ({what}{where}){wait}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        shape = self._shape(wire)
        if shape is None:
            return Played(delivered=False, detail="no call of a language model; name a shape to answer it all the same")
        status = self._status(shape)
        error = _error(shape, status, identity := f"req_{int(draw.uniform('request id') * 16**12):012x}")
        head = [("request-id" if shape == "anthropic" else "x-request-id", identity)]
        if self.in_stream:
            wire.respond(
                200, [("content-type", EVENT_STREAM), *head], _begun(shape, wire.request.path) + _told(shape, error)
            )
            return Played(delivered=True, detail=f"answered {status} within a stream", ends=True)
        head += [*self._limits(shape, status), *self._waits()]
        wire.respond(status, [("content-type", "application/json"), *head], json.dumps(error).encode())
        return Played(delivered=True, detail=f"answered {status} as {shape} does", ends=True)

    def _shape(self, wire: Wire) -> Shape | None:
        if self.shape != "auto":
            return self.shape
        protocol = name(wire.request).protocol
        if protocol == "openai":
            return "openai"
        return "anthropic" if protocol == "anthropic" else None

    def _status(self, shape: Shape) -> int:
        if shape == "openai" and self.status in {None, 529}:
            return 503
        return self.status or 529

    def _waits(self) -> list[tuple[str, str]]:
        found = []
        if self.retry_after is not None:
            found.append(("retry-after", str(math.ceil(self.retry_after))))
            if self.precise:
                found.append(("retry-after-ms", str(round(self.retry_after * 1000))))
        if self.should_retry is not None:
            found.append(("x-should-retry", str(self.should_retry).lower()))
        return found

    def _limits(self, shape: Shape, status: int) -> list[tuple[str, str]]:
        if status != 429:
            return []
        if shape == "anthropic":
            return [("anthropic-ratelimit-requests-limit", _REQUESTS), ("anthropic-ratelimit-requests-remaining", "0")]
        resets = show_duration(self.retry_after if self.retry_after is not None else 1.0)
        return [
            ("x-ratelimit-limit-requests", _REQUESTS),
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", resets),
        ]


def _error(shape: Shape, status: int, identity: str) -> _Object:
    if shape == "anthropic":
        kind, message = _ANTHROPIC[status]
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": identity}
    message, kind, code = _OPENAI[status]
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _told(shape: Shape, error: _Object) -> bytes:
    return sse.event(json.dumps(error), "error" if shape == "anthropic" else "")


def _begun(shape: Shape, path: str) -> bytes:
    """The first events of a stream."""
    if shape == "anthropic":
        message: _Object = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "overloaded",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 0},
        }
        return sse.event(json.dumps({"type": "message_start", "message": message}), "message_start")
    if not path.rstrip("/").endswith("/chat/completions"):
        return b""
    delta: _Object = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
    chunk: _Object = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "overloaded",
        "choices": [delta],
    }
    return sse.event(json.dumps(chunk))
