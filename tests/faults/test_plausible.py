"""Answers that look right and are made up."""

from __future__ import annotations

import json

import pytest

from proxy_addons.exchange import JSON, Answer, Request
from proxy_addons.faults.plausible import KNOWN, Asked, asked_for, fill, plausible

ASKED = Asked("create_escrow", {"payer": "a", "payee": "b", "amount": "25.00", "deep": {"n": 275.0}}, as_tool=False)


def request(body: JSON) -> Request:
    """A call with this body."""
    return Request("POST", "https", "api.example.com", 443, "/v1", body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("body", "given", "as_tool"),
    [
        ({"a": 1}, {"a": 1}, False),
        ({"tool": "t", "input": {"a": 1}}, {"a": 1}, True),
        ({"tool": "t", "params": {"a": 1}}, {"a": 1}, True),
        ({"tool": "t"}, {}, True),
        ([1], {}, False),
        (None, {}, False),
    ],
)
def test_the_input_is_the_body_or_stands_in_it(body: JSON, given: JSON, as_tool: bool) -> None:  # noqa: FBT001
    """As in a tool call."""
    assert asked_for(request(body), "t") == Asked("t", given if isinstance(given, dict) else {}, as_tool=as_tool)


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{id}", "new"),
        ("esc_{id}", "esc_new"),
        ("{operation}", "create_escrow"),
        ("{input.amount}", "25.00"),
        ("{input.deep.n}", 275.0),
        ("{input.deep}", {"n": 275.0}),
        ("{input.no.where}", None),
        ("for {input.amount} {input.nobody}", "for 25.00 "),
        ("{other}", "{other}"),
        ([1, {"a": "{id}"}], [1, {"a": "new"}]),
    ],
)
def test_a_template_has_holes(template: JSON, filled: JSON) -> None:
    """One that is alone in its text keeps its value's type."""
    assert fill(template, ASKED, "new") == filled


def test_an_earlier_answer_gives_the_shape() -> None:
    """What was asked for now takes its place, and ids are new."""
    earlier = Answer(
        201, body=b'{"id": "old", "payer_id": "p", "amount": "1.00", "status": "held", "n": 1, "idle": "x"}'
    )
    made = plausible(ASKED, None, earlier, "new")
    assert made.body == {"id": "new", "payer_id": "new", "amount": "25.00", "status": "held", "n": 1, "idle": "x"}
    assert (made.status, made.source) == (201, "the shape of an earlier answer")


def test_a_template_comes_before_an_earlier_answer() -> None:
    """It was asked for."""
    made = plausible(ASKED, {"ok": True}, Answer(200, body=b'{"id": 1}'), "new")
    assert (made.status, made.body, made.source) == (201, {"ok": True}, "its template")


def test_a_known_operation_has_a_shape_in_both_dialects() -> None:
    """REST creates with 201, a tool call answers 200."""
    rest = plausible(ASKED, None, None, "new")
    assert (rest.status, rest.body) == (201, {"id": "new", "status": "held", "amount": "25.00", "currency": "CREDITS"})
    tool = plausible(ASKED._replace(as_tool=True), None, Answer(200, body=b"[]"), "new")
    assert (tool.status, tool.source) == (200, "the shape of create_escrow")
    assert isinstance(tool.body, dict)
    assert (tool.body["escrow_id"], tool.body["status"], tool.body["payer"]) == ("new", "pending", "a")


def test_an_unknown_operation_echoes_its_input() -> None:
    """With an id."""
    made = plausible(Asked("POST /x", {"a": 1}, as_tool=False), None, None, "new")
    assert (made.status, made.body) == (200, {"id": "new", "status": "ok", "a": 1})
    assert plausible(Asked("create_thing", {}, as_tool=False), None, None, "new").status == 201


@pytest.mark.parametrize("operation", sorted(KNOWN))
@pytest.mark.parametrize("as_tool", ["tool", ""])
def test_no_known_shape_has_a_hole_left(operation: str, as_tool: str) -> None:
    """When the input is what the operation asks for."""
    given: dict[str, JSON] = {"payer": "a", "payee": "b", "amount": "1.00", "escrow_id": "e"}
    made = plausible(Asked(operation, given, as_tool=bool(as_tool)), None, None, "new")
    assert isinstance(made.body, dict)
    assert None not in made.body.values()
