"""Dialect D: `POST /v1/batch`, up to ten calls in one request, each a success or an error of its own.

The answer is 200 even when calls fail (observed on gateway 1.4.8). Calls are done in order and one that
fails stops none of the others. An Idempotency-Key header names no single call and is passed over; a
call's own `idempotency_key` counts.
"""

from __future__ import annotations

import msgspec

from proxy_addons.exchange import JSON, Request
from proxy_addons.sandbox.errors import SandboxError, invalid
from proxy_addons.sandbox.gateway.tools import find_tool
from proxy_addons.sandbox.operation import Books, Output, Reply, Situation
from proxy_addons.sandbox.reading import object_body

MOST = 10
"""Calls that one batch may hold (observed on gateway 1.4.8)."""


class Failure(Output):
    """Why one call failed."""

    code: str
    message: str


class Failed(Output):
    """`{"success":false,"error":{"code","message"}}`."""

    success: bool
    error: Failure


class Succeeded(Output):
    """`{"success":true,"result":{…}}`; the result is the body of the REST answer."""

    success: bool
    result: object


class Results(Output):
    """One entry for each call, in their order."""

    results: list[Succeeded | Failed]


def answer(books: Books, request: Request, situation: Situation) -> Reply:
    """Do all calls of a batch.

    Raises:
        SandboxError: 422, the body is no list of at most ten calls.
    """
    calls = object_body(request).get("calls")
    if not isinstance(calls, list):
        raise invalid("calls must be a list")
    if len(calls) > MOST:
        raise invalid(f"calls must hold at most {MOST} calls")
    situation = msgspec.structs.replace(situation, header_key=None)
    return Reply(Results([_entry(books, call, situation) for call in calls]))


def _entry(books: Books, call: JSON, situation: Situation) -> Succeeded | Failed:
    try:
        if not isinstance(call, dict):
            raise invalid("a call must be an object")
        given = call.get("params", {})
        if not isinstance(given, dict):
            raise invalid("params must be an object")
        return Succeeded(success=True, result=find_tool(call.get("tool"))(books, given, situation).body)
    except SandboxError as error:
        return Failed(success=False, error=Failure(error.code, error.detail))
