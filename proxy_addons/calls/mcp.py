"""MCP, the protocol between agents and tools: 2025-03-26 to 2025-11-25, and 2026-07-28.

The operation is the tool's name for `tools/call`, else the method. The body is the truth; the headers
`Mcp-Method` and `Mcp-Name` of 2026-07-28 name a call whose body cannot be read. The JSON-RPC id and `_meta`
change with every try and say nothing about what is meant. A call that goes on with `inputResponses` or
`requestState` is a step of its own, no retry.
"""

from __future__ import annotations

import base64
import binascii

from proxy_addons.calls import jsonrpc
from proxy_addons.calls.a2a import METHODS as A2A_METHODS
from proxy_addons.calls.fingerprint import hashes
from proxy_addons.calls.idempotency import field_key
from proxy_addons.calls.logical import logical
from proxy_addons.calls.safe import is_read
from proxy_addons.exchange import JSON, Call, Request

TOOL_CALL = "tools/call"

LISTEN = "listen"
"""The operation of the GET that opens a stream of what the server has to say."""

END_SESSION = "end_session"
"""The operation of the DELETE that ends a session."""

METHODS = frozenset(
    {
        *("initialize", "ping", "server/discover", "subscriptions/listen", "logging/setLevel"),
        *("tools/list", TOOL_CALL, "prompts/list", "prompts/get", "completion/complete"),
        *("resources/list", "resources/templates/list", "resources/read"),
        *("resources/subscribe", "resources/unsubscribe", "tasks/result"),
    }
)
"""What clients ask by method. `tasks/get`, `tasks/list` and `tasks/cancel` are A2A's, unless a header says MCP."""

_NOTIFICATIONS = "notifications/"
_HEADERS = ("mcp-method", "mcp-protocol-version", "mcp-session-id")
_CHANGES = frozenset({TOOL_CALL, "tasks/cancel"})
_STEPS = ("inputResponses", "requestState")
_ENCODED = ("=?base64?", "?=")


def calls(request: Request) -> list[Call] | None:
    """The calls of a request in MCP; None when it speaks something else."""
    said = any(request.header(name) is not None for name in _HEADERS)
    if request.method != "POST":
        operation = {"GET": LISTEN, "DELETE": END_SESSION}.get(request.method) if said else None
        return [logical(operation, None, safe=True, key=None)] if operation else None
    if not said and request.header("a2a-version") is not None:
        return None
    found = jsonrpc.messages(request.json)
    if found:
        ours = said or any(_is_known(message.method) for message in found)
        return jsonrpc.calls_of(request, found, _call) if ours else None
    return [_by_headers(request)] if request.header("mcp-method") is not None else None


def decoded(value: str) -> str:
    """A header's value in plain text: as it stands, or out of `=?base64?…?=`, when that can be read."""
    start, end = _ENCODED
    if not value.startswith(start) or not value.endswith(end):
        return value
    try:
        return base64.b64decode(value[len(start) : -len(end)], validate=True).decode()
    except (binascii.Error, ValueError):
        return value


def _is_known(method: str) -> bool:
    return method in METHODS or (method.startswith(_NOTIFICATIONS) and method not in A2A_METHODS)


def _call(message: jsonrpc.Message, key: str | None) -> Call:
    method, params = message.method, message.params
    if method != TOOL_CALL:
        value: JSON = {name: item for name, item in params.items() if name != "_meta"}
        safe = method not in _CHANGES and method != jsonrpc.UNNAMED
        return logical(jsonrpc.clean(method or jsonrpc.RESPONSE), value, safe=safe, key=key)
    tool, arguments = jsonrpc.clean(params.get("name")), params.get("arguments")
    arguments = {} if arguments is None else arguments
    call = logical(tool, arguments, safe=is_read(tool), key=key or field_key(arguments))
    steps = {name: params[name] for name in _STEPS if name in params}
    if steps:
        call.fingerprint, call.digest = hashes(tool, {"arguments": arguments, **steps})
    return call


def _by_headers(request: Request) -> Call:
    """The call that the headers name, for a body that is no JSON-RPC."""
    method = (request.header("mcp-method") or "").strip()
    name = decoded((request.header("mcp-name") or "").strip())
    operation = jsonrpc.clean(name if method == TOOL_CALL else method)
    safe = method not in _CHANGES or (method == TOOL_CALL and is_read(operation))
    return logical(operation, None, safe=safe, key=None, raw=request.body)
