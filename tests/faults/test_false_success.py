"""False success: it worked, they say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from proxy_addons.exchange import Answer, Request
from proxy_addons.faults.false_success import FalseSuccess
from tests.support.calls import ESCROW, ESCROWS, create, escrows, http2
from tests.support.fake_wire import DRAW, FakeWire, play
from tests.support.live import live_proxy

ASKED = Request("POST", "https", "api.example.com", 443, "/v1/payments/escrows", body=json.dumps(ESCROW).encode())


async def test_the_answer_has_the_operations_shape() -> None:
    """And an id that the seed decides."""
    ids = []
    for ordinal in (1, 1, 2):
        wire = FakeWire(request=ASKED)
        played = await play(FalseSuccess(), wire, replace(DRAW, ordinal=ordinal))
        assert wire.answer is not None
        body = json.loads(wire.answer.body)
        assert (wire.answer.status, body["amount"], body["status"]) == (201, "25.00", "held")
        assert (played.delivered, played.ends, played.detail) == (
            True,
            True,
            "answered 201 with the shape of create_escrow",
        )
        ids.append(body["id"])
    assert ids[0] == ids[1] != ids[2]


async def test_status_and_template_are_as_asked_for() -> None:
    """Before all that is known."""
    wire = FakeWire(request=ASKED, earlier=Answer(201, body=b'{"id": "x"}'))
    await play(FalseSuccess(status=202, body={"sum": "{input.amount}"}), wire)
    assert wire.answer is not None
    assert (wire.answer.status, wire.answer.body) == (202, b'{"sum": "25.00"}')


def test_it_says_so() -> None:
    """In words."""
    assert FalseSuccess().describe() == "the agent is told that it worked, and nothing was done"
    assert FalseSuccess(status=200).describe() == "the agent is told that it worked (200), and nothing was done"


def test_on_the_wire_it_looks_as_if_it_were_done(tmp_path: Path, ca: Path) -> None:
    """The provider's books know nothing; the second answer has the shape of a true one."""
    rules = "[{match: {operation: create_escrow}, when: {calls: [1, 3]}, fault: false_success}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        seen = [create(proxy, amount=f"{number}.00") for number in (1, 2, 3)]
        assert escrows(proxy) == 1
        events = proxy.exchanges
    assert [one.status for one in seen] == [201, 201, 201]
    bodies = [json.loads(one.body) for one in seen]
    assert bodies[0].keys() == bodies[1].keys() == bodies[2].keys()
    assert bodies[2]["amount"] == "3.00"
    assert len({body["id"] for body in bodies}) == 3
    assert [event.committed for event in events] == [False, True, False]
    assert (events[0].origin, events[0].reached_upstream) == ("fault", False)


def test_on_http2_a_template_answers(tmp_path: Path, ca: Path) -> None:
    """Any shape at all."""
    rules = (
        "[{match: {operation: create_escrow}, fault: {false_success: {body: {ref: 'x-{id}', to: '{input.payee}'}}}}]"
    )
    with live_proxy(tmp_path, ca, rules=rules) as proxy, http2(proxy) as client:
        answer = client.post(ESCROWS, json=ESCROW).json()
    assert answer["to"] == "seller"
    assert answer["ref"].startswith("x-")
