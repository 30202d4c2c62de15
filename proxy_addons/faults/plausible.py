"""Answers that look right and are made up. Not a fault itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from proxy_addons.exchange import JSON, Answer, Request

_HOLE = re.compile(r"\{(id|operation|input(?:\.[\w-]+)+)\}")
_ID = re.compile(r"(?:.*[_-])?id", re.IGNORECASE)


class Known(NamedTuple):
    """What GreenHelix answers to an operation: the status of its REST dialect, and both dialects' bodies."""

    status: int
    rest: Mapping[str, JSON]
    guide: Mapping[str, JSON]


_PARTIES: dict[str, JSON] = {"payer": "{input.payer}", "payee": "{input.payee}"}

KNOWN: Mapping[str, Known] = {
    "create_escrow": Known(
        201,
        {"id": "{id}", "status": "held", "amount": "{input.amount}", "currency": "CREDITS"},
        {"escrow_id": "{id}", **_PARTIES, "amount": "{input.amount}", "currency": "USD", "status": "pending"},
    ),
    "release_escrow": Known(
        200, {"id": "{id}", "status": "settled"}, {"escrow_id": "{input.escrow_id}", "status": "released"}
    ),
    "cancel_escrow": Known(
        200, {"id": "{id}", "status": "refunded"}, {"escrow_id": "{input.escrow_id}", "status": "cancelled"}
    ),
    "deposit": Known(
        200,
        {"new_balance": "{input.amount}", "transaction_id": 8},
        {"new_balance": "{input.amount}", "currency": "USD"},
    ),
    "create_intent": Known(
        201,
        {"id": "{id}", "status": "pending", "amount": "{input.amount}", "currency": "CREDITS", "gateway_fee": "0.0"},
        {"id": "{id}", "status": "pending", "amount": "{input.amount}"},
    ),
    "get_balance": Known(200, {"balance": "100.00"}, {"balance": "100.00", "currency": "USD"}),
}
"""Source: the public gateway (REST) and the testing guide (tool calls)."""


class Plausible(NamedTuple):
    """An answer, and where its shape is from."""

    status: int
    body: JSON
    source: str


class Asked(NamedTuple):
    """What the agent asked for. `as_tool`: it was a tool call, `{"tool", "input"}`, and no REST call."""

    operation: str
    given: dict[str, JSON]
    as_tool: bool


def asked_for(request: Request, operation: str) -> Asked:
    """Read the call's input, which stands in the body or, in a tool call, within it."""
    body = request.json
    if not isinstance(body, dict):
        return Asked(operation, {}, as_tool=False)
    if "tool" in body:
        given = body.get("input", body.get("params"))
        return Asked(operation, given if isinstance(given, dict) else {}, as_tool=True)
    return Asked(operation, body, as_tool=False)


def plausible(asked: Asked, template: JSON, earlier: Answer | None, new_id: str) -> Plausible:
    """The best answer that can be made up."""
    known = KNOWN.get(asked.operation)
    created = 201 if not asked.as_tool and asked.operation.startswith(("create_", "register_")) else 200
    status = known.status if known is not None and not asked.as_tool else created
    if template is not None:
        return Plausible(status, fill(template, asked, new_id), "its template")
    if earlier is not None and isinstance(earlier.json, dict):
        return Plausible(earlier.status, _like(earlier.json, asked, new_id), "the shape of an earlier answer")
    if known is not None:
        shape = known.guide if asked.as_tool else known.rest
        return Plausible(status, fill(dict(shape), asked, new_id), f"the shape of {asked.operation}")
    return Plausible(status, {"id": new_id, "status": "ok", **asked.given}, "its own input")


def fill(template: JSON, asked: Asked, new_id: str) -> JSON:
    """Fill a template's holes. One that is alone in its text keeps its value's type; an unknown field is null."""
    match template:
        case str():
            if alone := _HOLE.fullmatch(template):
                return _value(alone[1], asked, new_id)
            return _HOLE.sub(lambda hole: _text(_value(hole[1], asked, new_id)), template)
        case list():
            return [fill(one, asked, new_id) for one in template]
        case dict():
            return {key: fill(one, asked, new_id) for key, one in template.items()}
        case _:
            return template


def _value(hole: str, asked: Asked, new_id: str) -> JSON:
    if hole == "id":
        return new_id
    if hole == "operation":
        return asked.operation
    value: JSON = asked.given
    for step in hole.split(".")[1:]:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _text(value: JSON) -> str:
    return "" if value is None else str(value)


def _like(shape: dict[str, JSON], asked: Asked, new_id: str) -> JSON:
    """An earlier answer, with what was asked for now in its place, and a new id."""
    made: dict[str, JSON] = {}
    for key, value in shape.items():
        if key in asked.given:
            made[key] = asked.given[key]
        elif isinstance(value, str) and _ID.fullmatch(key):
            made[key] = new_id
        else:
            made[key] = value
    return made
