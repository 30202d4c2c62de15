"""A2A, the protocol between agents: 0.3 and 1.0, over JSON-RPC and over REST.

A JSON-RPC call has its method's name as on the wire (`message/send` in 0.3, `SendMessage` in 1.0), a REST
call that of the 1.0 method that it stands for. `message.messageId` is the key of a sent message: by it the
receiver tells a retry from a new message. It is not part of the hashes, as no key is.
"""

from __future__ import annotations

import re

from proxy_addons.calls import jsonrpc
from proxy_addons.calls.arguments import body_of, merged
from proxy_addons.calls.fingerprint import hashes
from proxy_addons.calls.idempotency import field_key, header_key
from proxy_addons.calls.logical import logical
from proxy_addons.exchange import JSON, Call, Request

SENDS = frozenset({"SendMessage", "SendStreamingMessage", "message/send", "message/stream"})
STREAMS = frozenset({"SendStreamingMessage", "SubscribeToTask", "message/stream", "tasks/resubscribe"})
"""Methods whose answer is a stream of events."""

_READS = frozenset(
    {
        *("GetTask", "ListTasks", "SubscribeToTask", "GetExtendedAgentCard"),
        *("GetTaskPushNotificationConfig", "ListTaskPushNotificationConfigs"),
        *("tasks/get", "tasks/list", "tasks/resubscribe", "agent/getAuthenticatedExtendedCard"),
        *("tasks/pushNotificationConfig/get", "tasks/pushNotificationConfig/list"),
    }
)
METHODS = (
    SENDS
    | _READS
    | {
        *("CancelTask", "CreateTaskPushNotificationConfig", "DeleteTaskPushNotificationConfig"),
        *("tasks/cancel", "tasks/pushNotificationConfig/set", "tasks/pushNotificationConfig/delete"),
    }
)
"""Every JSON-RPC method, of both releases."""

_VERSION = "a2a-version"
_ACTION = re.compile(r"(?:/[^/]+)*?/(?:(message:(?:send|stream))|tasks/([^/:]+):(cancel|subscribe))")
_TASKS = re.compile(r"(?:/[^/]+)*?/tasks(?:/([^/:]+))?")
_OPERATIONS = {
    "message:send": "SendMessage",
    "message:stream": "SendStreamingMessage",
    "cancel": "CancelTask",
    "subscribe": "SubscribeToTask",
}


def calls(request: Request) -> list[Call] | None:
    """The calls of a request in A2A; None when it speaks something else."""
    said = request.header(_VERSION) is not None
    found = jsonrpc.messages(request.json) if request.method == "POST" else []
    if found and (said or any(message.method in METHODS for message in found)):
        return jsonrpc.calls_of(request, found, _call)
    return None if found else _rest(request, said=said)


def _call(message: jsonrpc.Message, key: str | None) -> Call:
    operation = jsonrpc.clean(message.method or jsonrpc.RESPONSE)
    return _made(operation, message.params, key, safe=not message.method or operation in _READS)


def _made(operation: str, value: JSON, key: str | None, *, safe: bool) -> Call:
    sent = value.get("message") if isinstance(value, dict) and operation in SENDS else None
    if not isinstance(value, dict) or not isinstance(sent, dict):
        return logical(operation, value, safe=safe, key=key or field_key(value))
    identity = sent.get("messageId")
    key = key or field_key(value) or (identity if isinstance(identity, str) and 0 < len(identity) <= 255 else None)
    call = logical(operation, value, safe=safe, key=key)
    nameless: JSON = value | {"message": {name: item for name, item in sent.items() if name != "messageId"}}
    call.fingerprint, call.digest = hashes(operation, nameless)
    return call


def _rest(request: Request, *, said: bool) -> list[Call] | None:
    """The one call of a REST request. `GET /tasks/{id}` may be anybody's: it takes the A2A-Version header to tell."""
    path: dict[str, str] = {}
    action = _ACTION.fullmatch(request.path) if request.method in {"POST", "GET"} else None
    if action and (request.method == "POST" or action[3] == "subscribe"):
        operation = _OPERATIONS[action[1] or action[3]]
        path = {"id": action[2]} if action[2] else {}
    elif said and request.method == "GET" and (tasks := _TASKS.fullmatch(request.path)):
        operation = "GetTask" if tasks[1] else "ListTasks"
        path = {"id": tasks[1]} if tasks[1] else {}
    else:
        return None
    body, _ = body_of(request)
    return [_made(operation, merged(body, path, request.query), header_key(request), safe=operation in _READS)]
