"""JSON-RPC 2.0: the messages of a body, and the name of those that no protocol above it knows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from proxy_addons.calls.idempotency import field_key, header_key
from proxy_addons.calls.logical import logical
from proxy_addons.calls.safe import is_read
from proxy_addons.exchange import JSON, Call, Request

BATCH_LIMIT = 100
"""Messages. What is longer is one call, `batch`."""

UNNAMED = "unnamed"
"""The operation of a message whose name is no name: it would be a label of metrics."""

RESPONSE = "response"
"""The operation of a message that answers what the server asked."""

_NAME = re.compile(r"[A-Za-z0-9_$][A-Za-z0-9_$./:-]{0,127}")


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `method` is empty for a response; `id` None and `asks` false for a notification."""

    method: str
    params: dict[str, JSON]
    id: JSON
    asks: bool
    raw: JSON


def messages(body: JSON) -> list[Message]:
    """The messages of a body, in order; none when it is no JSON-RPC 2.0. An entry that is no object counts too."""
    entries = body if isinstance(body, list) else [body]
    if not any(isinstance(entry, dict) and entry.get("jsonrpc") == "2.0" for entry in entries):
        return []
    return [_message(entry) for entry in entries]


def clean(name: JSON) -> str:
    """A method's or tool's name as an operation."""
    return name if isinstance(name, str) and _NAME.fullmatch(name) else UNNAMED


def calls_of(request: Request, found: list[Message], one: Callable[[Message, str | None], Call]) -> list[Call]:
    """A call a message, by `one`, which gets the key that the request has for this message."""
    whole = header_key(request)
    if len(found) > BATCH_LIMIT:
        return [logical("batch", request.json, safe=False, key=whole)]
    if len(found) == 1:
        return [one(found[0], whole)]
    return [one(message, f"{whole}#{place}" if whole else None) for place, message in enumerate(found)]


def calls(request: Request) -> list[Call] | None:
    """The calls of a request whose methods no other protocol knows; None when it is no JSON-RPC."""
    if request.method != "POST" or not (found := messages(request.json)):
        return None
    return calls_of(request, found, _call)


def _message(entry: JSON) -> Message:
    if not isinstance(entry, dict):
        return Message(UNNAMED, {}, None, asks=False, raw=entry)
    method, params = entry.get("method"), entry.get("params")
    if not isinstance(method, str):
        answers = "result" in entry or "error" in entry
        return Message("" if answers else UNNAMED, {}, entry.get("id"), asks=False, raw=entry)
    asks = entry.get("id") is not None
    return Message(method, params if isinstance(params, dict) else {}, entry.get("id"), asks=asks, raw=entry)


def _call(message: Message, key: str | None) -> Call:
    params = message.raw.get("params") if isinstance(message.raw, dict) else message.raw
    safe = not message.method or is_read(message.method)
    return logical(clean(message.method or RESPONSE), params, safe=safe, key=key or field_key(params))
