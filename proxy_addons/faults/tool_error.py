"""Tool error: a tool, or another agent, says that it failed, in the words of its protocol.

Without `code` a tool's call over MCP gets a result with `isError: true` in a 200, the failure that models
often read as an answer; everything else gets a JSON-RPC error, of `code` when it is given (-32603, internal
error, when not). A2A over REST gets the HTTP status and the body that stand for that error. `at: before`
(default): the provider is never asked. `at: after`: it did its work, and the agent is told otherwise.

What the client sees, on HTTP/1.1 and HTTP/2 alike: a complete, well-formed response to the ids that it sent,
as JSON, or as server-sent events where the answer was such, or the client takes or awaits nothing else.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar, override

from pydantic import Field

from proxy_addons import sse
from proxy_addons.calls import a2a, mcp
from proxy_addons.calls.jsonrpc import Message, messages
from proxy_addons.calls.naming import name
from proxy_addons.exchange import JSON, Phase, Request
from proxy_addons.faults.base import Fault, Played, Side, Wire
from proxy_addons.faults.streams import EVENT_STREAM
from proxy_addons.rules.draw import Draw

INTERNAL = -32603
_PROTOCOLS = frozenset({"mcp", "a2a", "jsonrpc"})
_SINCE = "2026-07-28"
_SESSION = frozenset({"mcp-session-id", "mcp-protocol-version"})
_OF_A2A = {
    -32001: (404, "NOT_FOUND", "TASK_NOT_FOUND"),
    -32002: (400, "FAILED_PRECONDITION", "TASK_NOT_CANCELABLE"),
    -32003: (400, "FAILED_PRECONDITION", "PUSH_NOTIFICATION_NOT_SUPPORTED"),
    -32004: (400, "FAILED_PRECONDITION", "UNSUPPORTED_OPERATION"),
    -32005: (400, "INVALID_ARGUMENT", "CONTENT_TYPE_NOT_SUPPORTED"),
    -32006: (500, "INTERNAL", "INVALID_AGENT_RESPONSE"),
    -32007: (400, "FAILED_PRECONDITION", "EXTENDED_AGENT_CARD_NOT_CONFIGURED"),
    -32008: (400, "FAILED_PRECONDITION", "EXTENSION_SUPPORT_REQUIRED"),
    -32009: (400, "FAILED_PRECONDITION", "VERSION_NOT_SUPPORTED"),
}
"""Error code of A2A 1.0: HTTP status, google.rpc.Code and reason of the REST binding."""


class ToolError(Fault):
    """Answer that the tool failed."""

    shorthand: ClassVar[str | None] = "message"
    protocols: ClassVar[frozenset[str] | None] = _PROTOCOLS

    at: Side = Phase.BEFORE
    message: str = Field(default="the tool failed", description="what the agent is told")
    code: int | None = Field(
        default=None,
        ge=-(2**31),
        le=2**31 - 1,
        strict=True,
        description="JSON-RPC error code, such as -32001; none: `isError: true` for a tool of MCP",
    )
    data: dict[str, Any] | list[Any] | str | None = Field(
        default=None, description="`data` of the error, or `structuredContent` (an object) of the result"
    )
    status: int = Field(default=200, ge=200, le=599, description="HTTP status of a JSON-RPC answer")

    @override
    @property
    def fatal(self) -> bool:
        return True

    @override
    def describe(self) -> str:
        what = "`isError: true`" if self.code is None else f"error {self.code}"
        when = "instead of asking the provider" if self.at is Phase.BEFORE else "although the provider did its work"
        return f"the agent is told that the tool failed ({what}), {when}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        asked = wire.request
        protocol = name(asked).protocol
        found = messages(asked.json) if asked.method == "POST" else []
        if protocol == "a2a" and not found:
            return self._rest(wire)
        asking = [message for message in found if message.asks and message.method]
        if protocol not in _PROTOCOLS or not asking:
            return Played(delivered=False, detail=_why_not(found))
        answers = [self._answer(message, protocol, modern=_is_modern(asked)) for message in asking]
        streamed = _wants_events(wire) or any(message.method in a2a.STREAMS for message in asking)
        kept = [pair for pair in (wire.answer.headers if wire.answer else ()) if pair[0] in _SESSION]
        if streamed:
            body = b"".join(sse.event(json.dumps(answer), "message") for answer in answers)
            wire.respond(self.status, [("content-type", EVENT_STREAM), ("cache-control", "no-store"), *kept], body)
        else:
            body = json.dumps(answers if isinstance(asked.json, list) else answers[0]).encode()
            wire.respond(self.status, [("content-type", "application/json"), *kept], body)
        said = "a result that is an error" if "result" in answers[0] else f"error {self.code or INTERNAL}"
        return Played(delivered=True, detail=f"answered {said} in a {self.status}", ends=True)

    def _answer(self, message: Message, protocol: str, *, modern: bool) -> dict[str, JSON]:
        head: dict[str, JSON] = {"jsonrpc": "2.0", "id": message.id}
        if self.code is None and protocol == "mcp" and message.method == mcp.TOOL_CALL:
            result: dict[str, JSON] = {"content": [{"type": "text", "text": self.message}], "isError": True}
            if modern:
                result["resultType"] = "complete"
            if isinstance(self.data, dict):
                result["structuredContent"] = self.data
            return head | {"result": result}
        error: dict[str, JSON] = {"code": INTERNAL if self.code is None else self.code, "message": self.message}
        return head | {"error": error if self.data is None else error | {"data": self.data}}

    def _rest(self, wire: Wire) -> Played:
        status, state, reason = _OF_A2A.get(self.code or INTERNAL, (500, "INTERNAL", "INTERNAL"))
        detail = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason,
            "domain": "a2a-protocol.org",
        }
        error = {"code": status, "status": state, "message": self.message, "details": [detail]}
        wire.respond(status, [("content-type", "application/json")], json.dumps({"error": error}).encode())
        return Played(delivered=True, detail=f"answered {status} {reason}", ends=True)


def _why_not(found: list[Message]) -> str:
    if found:
        return "nothing is asked in it: a notification gets no answer"
    return "the request is no JSON-RPC call, so no tool can fail"


def _is_modern(request: Request) -> bool:
    """Whether it speaks MCP 2026-07-28 or later, whose results say what they are."""
    told = request.header("mcp-protocol-version") or ""
    return told >= _SINCE if told else request.header("mcp-method") is not None


def _wants_events(wire: Wire) -> bool:
    """Whether the answer was a stream of events, or the client takes nothing else."""
    if wire.answer is not None:
        return (wire.answer.header("content-type") or "").lower().startswith(EVENT_STREAM)
    return _accepts(wire.request) == {EVENT_STREAM}


def _accepts(request: Request) -> set[str]:
    accepted = (request.header("accept") or "").lower().split(",")
    return {kind.partition(";")[0].strip() for kind in accepted} - {""}
