"""How each call of an exchange ended, as one answer says it for all of them.

GreenHelix answers a batch with 200 and `{"results": [{"success": true, "result": {…}} or {"success": false,
"error": {"code", "message"}}]}`, one entry a call. `/v1/execute` wraps its one result the same way.

JSON-RPC answers with 200 whatever came of it, as JSON or as the last of a stream's events: an `error`, or a
`result` that for a tool of MCP may say `isError`. Who says so may have done half of it: that is a 500 here.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from proxy_addons.exchange import JSON, Answer
from proxy_addons.sse import Splitter, lines

_STATUS_OF = {
    **dict.fromkeys(("missing_key", "invalid_key", "authentication_error"), 401),
    **dict.fromkeys(("insufficient_balance", "payment_required", "payment_verification_failed"), 402),
    **dict.fromkeys(("insufficient_tier", "forbidden", "permission_denied"), 403),
    **dict.fromkeys(("invalid_state", "dispute_state_error", "idempotency_key_reused", "agent_already_exists"), 409),
    **dict.fromkeys(("bad_request", "unknown_tool", "missing_parameter", "invalid_metric", "payment_error"), 400),
    "payment_replay_detected": 402,
    "endpoint_removed": 410,
    "validation_error": 422,
    **dict.fromkeys(("rate_limit_exceeded", "spend_cap_exceeded"), 429),
    "not_implemented": 501,
    "not_simulated": 501,
    "service_error": 503,
    "timeout": 504,
}  # the gateway's API reference, "Complete Error Code Table", and greenhelix-wire's problem types
_STATUS_OF_RPC = {-32700: 400, -32600: 400, -32601: 404, -32602: 422}  # refused before anything was done
_STATUS_OF_UNKNOWN = 500
"""An error without a known code: nobody can say that to try again is useless."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one call ended. `status` is an HTTP status, None when the answer does not say; `content` its result."""

    status: int | None
    content: JSON = None

    @property
    def succeeded(self) -> bool:
        """Whether the call did what it was meant to."""
        return self.status is not None and is_success(self.status)


def is_success(status: int) -> bool:
    """Whether an HTTP status is 2xx."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def outcomes(count: int, answer: Answer) -> list[Outcome]:
    """The outcome of each of `count` calls, in their order."""
    if not is_success(answer.status):
        return [Outcome(answer.status)] * count
    body = _last_message(answer.body) if _is_event_stream(answer) else answer.json
    if count == 1 and not _is_batch_of_one(body):
        return [_single(answer.status, body)]
    entries = body.get("results") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        return [Outcome(None)] * count
    found = [_entry(entry) for entry in entries[:count]]
    return found + [Outcome(None)] * (count - len(found))


def _is_batch_of_one(body: JSON) -> bool:
    entries = body.get("results") if isinstance(body, dict) else None
    if not isinstance(entries, list) or len(entries) != 1:
        return False
    return isinstance(entries[0], dict) and isinstance(entries[0].get("success"), bool)


def _single(status: int, body: JSON) -> Outcome:
    """One call's outcome, out of its envelope when it has one."""
    if isinstance(body, dict):
        if body.get("jsonrpc") == "2.0" and ("result" in body or "error" in body):
            return _rpc(status, body)
        if body.get("success") is True and "result" in body:
            return Outcome(status, body["result"])
        if body.get("success") is False and "error" in body:
            return _entry(body)
    return Outcome(status, body)


def _rpc(status: int, body: dict[str, JSON]) -> Outcome:
    """The outcome that a JSON-RPC response tells; of a tool's result what it says in a structure, if it does."""
    error, result = body.get("error"), body.get("result")
    if isinstance(error, dict):
        code = error.get("code")
        return Outcome(_STATUS_OF_RPC.get(code, _STATUS_OF_UNKNOWN) if isinstance(code, int) else _STATUS_OF_UNKNOWN)
    if not isinstance(result, dict):
        return Outcome(status, result)
    if result.get("isError") is True:
        return Outcome(_STATUS_OF_UNKNOWN)
    return Outcome(status, result.get("structuredContent", result))


def _is_event_stream(answer: Answer) -> bool:
    return (answer.header("content-type") or "").lower().startswith("text/event-stream")


def _last_message(body: bytes) -> JSON:
    """The last response among the events of a stream."""
    found: JSON = None
    for block in Splitter().feed(body):
        data = b"\n".join(line.value for line in lines(block.raw) if line.name == b"data")
        try:
            message: JSON = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if isinstance(message, dict) and ("result" in message or "error" in message):
            found = message
    return found


def _entry(entry: JSON) -> Outcome:
    if not isinstance(entry, dict) or not isinstance(entry.get("success"), bool):
        return Outcome(None)
    if entry["success"]:
        return Outcome(_status(entry.get("status")) or 200, entry.get("result"))
    error = entry.get("error")
    if not isinstance(error, dict):
        return Outcome(_status(entry.get("status")) or _status_of_code(error))
    stated = _status(error.get("status")) or _status(error.get("code")) or _status(entry.get("status"))
    return Outcome(stated or _status_of_code(error.get("code")))


def _status(value: JSON) -> int | None:
    """An HTTP status that was written down, as a number or as its digits."""
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 100 <= value <= 599:
        return None
    return value


def _status_of_code(code: JSON) -> int:
    """The HTTP status that the gateway pairs with an error code, spelled `invalid-state` or `invalid_state`."""
    word = code.lower().replace("-", "_") if isinstance(code, str) else ""
    if word.endswith("not_found"):
        return 404
    if word.startswith("duplicate_"):
        return 409
    return _STATUS_OF.get(word, _STATUS_OF_UNKNOWN)
