from __future__ import annotations

import re

import pytest

from tests.sandbox.asking import NOW, Asking

ORDER = {
    "payer": "test-agent-a",
    "payee": "test-agent-b",
    "amount": "10.00",
    "currency": "USD",
    "conditions": {"delivery_by": "2026-12-31T00:00:00Z"},
}


def test_creating_answers_200_in_the_guide_s_shape(ask: Asking) -> None:
    """`escrow_id`, `pending`, two decimals, and fields that it does not know are passed over."""
    told = ask.tool("create_escrow", ORDER)
    assert (told.status, told.headers["content-type"]) == (200, "application/json")
    assert "location" not in told.headers
    assert re.fullmatch("esc_[0-9a-f]{12}", told.body["escrow_id"])
    assert told.body == {
        "escrow_id": told.body["escrow_id"],
        "payer": "test-agent-a",
        "payee": "test-agent-b",
        "amount": "10.00",
        "currency": "USD",
        "status": "pending",
        "created_at": NOW,
    }


@pytest.mark.parametrize(
    ("tool", "status", "ended"),
    [("release_escrow", "released", "released_at"), ("cancel_escrow", "cancelled", "cancelled_at")],
)
def test_an_escrow_ends_in_the_guide_s_words(ask: Asking, tool: str, status: str, ended: str) -> None:
    """With the time of its end, and only once."""
    created = ask.tool("create_escrow", ORDER).body
    given = {"escrow_id": created["escrow_id"], "agent_id": "test-agent-a"}
    told = ask.tool(tool, given, at=5)
    assert (told.status, told.body) == (200, created | {"status": status, ended: NOW + 5})
    again = ask.tool(tool, given)
    verb = tool.removesuffix("_escrow")
    assert again.status == 409
    assert again.body == {"type": "error", "title": f"Cannot {verb} escrow in state '{status}'", "status": 409}


def test_an_escrow_expires_in_the_guide_s_words(ask: Asking) -> None:
    """`expired`."""
    escrow_id = ask.tool("create_escrow", ORDER | {"timeout_hours": 1}).body["escrow_id"]
    told = ask.tool("get_escrow", {"escrow_id": escrow_id}, at=7200)
    assert (told.body["status"], told.body["expired_at"]) == ("expired", NOW + 3600)


@pytest.mark.parametrize("tool", ["get_escrow", "release_escrow", "cancel_escrow"])
def test_an_unknown_escrow_is_404(ask: Asking, tool: str) -> None:
    """In the guide's words."""
    told = ask.tool(tool, {"escrow_id": "esc_abc123"})
    assert told.status == 404
    assert told.body == {"type": "error", "title": "Escrow not found", "status": 404}


def test_the_balance_in_the_guide_s_shape(ask: Asking) -> None:
    """Two decimals and USD."""
    told = ask.tool("get_balance", {"agent_id": "a"})
    assert told.body == {"agent_id": "a", "balance": "500.00", "currency": "USD"}


def test_a_deposit_in_the_guide_s_shape(ask: Asking) -> None:
    """What came in, and the balance after it."""
    told = ask.tool("deposit", {"agent_id": "a", "amount": "10.5"})
    assert told.body == {"agent_id": "a", "deposited": "10.50", "balance": "510.50", "currency": "USD"}


def test_a_withdrawal_in_the_guide_s_shape(ask: Asking) -> None:
    """Like a deposit."""
    told = ask.tool("withdraw", {"agent_id": "a", "amount": "10.5"})
    assert told.body == {"agent_id": "a", "withdrawn": "10.50", "balance": "489.50", "currency": "USD"}


def test_the_guide_s_budget_limits_are_kept(ask: Asking) -> None:
    """A limit for each transaction too, which the gateway has not."""
    limits = {"agent_id": "test-agent-a", "daily_limit": "25.00", "monthly_limit": "50.00", "currency": "USD"}
    told = ask.tool("set_budget_cap", limits | {"per_transaction_limit": "10.00"})
    assert told.body == limits | {"per_transaction_limit": "10.00"}
    assert ask.tool("create_escrow", ORDER).status == 200
    assert ask.tool("create_escrow", ORDER | {"amount": "10.01"}).status == 402
    assert ask.tool("set_budget_cap", {"agent_id": "a"}).body["daily_limit"] is None


def test_escrows_are_listed_in_the_guide_s_words(ask: Asking) -> None:
    """As the guide's roll-back drains them."""
    first, second = (ask.tool("create_escrow", ORDER).body for _ in range(2))
    ask.tool("release_escrow", {"escrow_id": first["escrow_id"]})
    pending = ask.tool("list_escrows", {"agent_id": "test-agent-b", "status": "pending"})
    assert pending.body == {"escrows": [second]}
    assert len(ask.tool("list_escrows", {"agent_id": "test-agent-a"}).body["escrows"]) == 2


def test_a_key_creates_once(ask: Asking) -> None:
    """In the header or in the input."""
    first = ask.tool("create_escrow", ORDER, idempotency_key="k")
    again = ask.tool("create_escrow", ORDER | {"idempotency_key": "k"})
    assert first.body == again.body
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers


def test_both_dialects_share_the_books(ask: Asking) -> None:
    """What one creates the other finds, under either id."""
    short = ask.tool("create_escrow", ORDER).body["escrow_id"]
    full = ask(f"GET /v1/payments/escrows/{short}").body["id"]
    assert short == f"esc_{full[:12]}"
    assert ask("POST /v1/payments/escrows", {"payer": "a", "payee": "b", "amount": 1}).body["currency"] == "CREDITS"
    assert ask(f"POST /v1/payments/escrows/{short}/release").status == 200
    assert ask.tool("get_escrow", {"escrow_id": full}).body["status"] == "released"


def test_a_key_holds_across_dialects(ask: Asking) -> None:
    """A retry may speak the other one."""
    made = ask.tool("create_escrow", ORDER, idempotency_key="k").body["escrow_id"]
    order = {name: ORDER[name] for name in ("payer", "payee", "amount")}
    told = ask("POST /v1/payments/escrows", order, idempotency_key="k")
    assert made == f"esc_{told.body['id'][:12]}"


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("POST /v1", {"tool": "get_balance", "input": {"agent_id": "a"}}),
        ("POST /v1/v1", {"tool": "get_balance", "input": {"agent_id": "a"}}),
        ("POST /v1", {"tool": "get_balance", "params": {"agent_id": "a"}}),
        ("POST /v1/get_balance", {"agent_id": "a"}),
        ("POST /v1/get_balance", {"tool": "get_balance", "input": {"agent_id": "a"}}),
        ("POST /v1/get_balance", {"input": {"agent_id": "a"}}),
        ("POST /v1/get_balance", {"params": {"agent_id": "a"}}),
    ],
)
def test_a_tool_call_has_many_forms(ask: Asking, call: str, body: object) -> None:
    """The guide itself uses three."""
    told = ask(call, body)
    assert (told.status, told.body["balance"]) == (200, "500.00")


@pytest.mark.parametrize(
    ("call", "body", "status", "title"),
    [
        ("POST /v1", {"tool": "nope"}, 404, "Unknown tool: nope"),
        ("POST /v1/nope", {}, 404, "Unknown tool: nope"),
        ("POST /v1", {"input": {}}, 422, "tool must name a tool"),
        ("POST /v1", None, 422, "tool must name a tool"),
        ("POST /v1", b"{", 422, "The body is not a JSON object"),
        ("POST /v1", {"tool": "get_balance", "input": 1}, 422, "input must be an object"),
        ("POST /v1/get_balance", None, 422, "Object missing required field `agent_id`"),
        ("POST /v1/get_balance", {"tool": "get_balance"}, 422, "input must be an object"),
    ],
)
def test_a_refusal_is_in_the_guide_s_shape(ask: Asking, call: str, body: object, status: int, title: str) -> None:
    """`{"type":"error","title","status"}`."""
    told = ask(call, body)
    assert (told.status, told.headers["content-type"]) == (status, "application/json")
    assert told.body["type"] == "error"
    assert told.body["status"] == status
    if body != {"tool": "get_balance"}:
        assert told.body["title"] == title


def test_a_tool_that_is_not_simulated_says_so(ask: Asking) -> None:
    """501 in the guide's shape."""
    told = ask.tool("get_trust_score", {"agent_id": "a"})
    assert (told.status, told.body["type"]) == (501, "error")
    assert "does not simulate" in told.body["title"]


def test_what_the_guide_does_not_show_is_in_the_gateway_s_shape(ask: Asking) -> None:
    """With the guide's status, and no location."""
    told = ask.tool("create_intent", {"payer": "a", "payee": "b", "amount": "1"})
    assert (told.status, told.body["amount"]) == (200, "1.0")
    assert "location" not in told.headers
    settled = {"intent_id": told.body["id"]}
    ask.tool("capture_intent", settled)
    assert ask.tool("capture_intent", settled).body["title"] == "Cannot capture intent in state 'settled'"
    assert ask.tool("get_agent_identity", {"agent_id": "a"}).body["found"] is True


def test_the_input_may_name_the_caller(ask: Asking) -> None:
    """In this dialect agents say who they are in `agent_id`."""
    order = {"agent_id": "a", "url": "https://a.test", "event_types": ["escrow.released"]}
    assert ask.tool("register_webhook", order).body["agent_id"] == "a"
    assert len(ask.tool("list_webhooks", {"agent_id": "a"}).body["webhooks"]) == 1
    assert ask.tool("list_webhooks", {"agent_id": 7}).body["webhooks"] == []
