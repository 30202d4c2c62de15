from __future__ import annotations

import pytest

from tests.sandbox.asking import Asking

INTENTS = "/v1/payments/intents"
ORDER = {"payer": "buyer", "payee": "seller", "amount": 25.0, "description": "tea", "currency": "CREDITS"}


def test_creating_answers_201(ask: Asking) -> None:
    """`{"id","status":"pending","amount","currency","gateway_fee"}`; nothing is paid yet."""
    told = ask(f"POST {INTENTS}", ORDER)
    intent_id = told.body["id"]
    assert (told.status, told.headers["location"]) == (201, f"{INTENTS}/{intent_id}")
    assert told.body == {
        "id": intent_id,
        "status": "pending",
        "amount": "25.0",
        "currency": "CREDITS",
        "gateway_fee": "0.0",
    }
    assert ask.sandbox.balance("buyer") == 500


def test_capturing_pays(ask: Asking) -> None:
    """And an intent can be shown."""
    intent_id = ask(f"POST {INTENTS}", ORDER).body["id"]
    told = ask(f"POST {INTENTS}/{intent_id}/capture", at=1)
    assert told.status == 200
    assert told.body == {
        "id": intent_id,
        "status": "settled",
        "payer": "buyer",
        "payee": "seller",
        "amount": "25.0",
        "currency": "CREDITS",
        "description": "tea",
        "settlement_id": told.body["settlement_id"],
        "created_at": "2023-11-14T22:13:20+00:00",
        "updated_at": "2023-11-14T22:13:21+00:00",
    }
    assert ask(f"GET {INTENTS}/{intent_id}").body == told.body
    assert ask.sandbox.balance("seller") == 525


def test_refunding_pays_back(ask: Asking) -> None:
    """What was captured."""
    intent_id = ask(f"POST {INTENTS}", ORDER).body["id"]
    ask(f"POST {INTENTS}/{intent_id}/capture")
    assert ask(f"POST {INTENTS}/{intent_id}/refund").body["status"] == "refunded"
    assert ask.sandbox.balance("buyer") == 500
    assert ask(f"POST {INTENTS}/{intent_id}/refund").status == 409


@pytest.mark.parametrize("call", ["GET {}/nope", "POST {}/nope/capture", "POST {}/nope/refund"])
def test_an_unknown_intent_is_404(ask: Asking, call: str) -> None:
    """`intent-not-found`."""
    told = ask(call.format(INTENTS))
    assert (told.status, told.body["type"].rpartition("/")[2]) == (404, "intent-not-found")


def test_a_key_creates_once(ask: Asking) -> None:
    """The same body answers the same intent, another is 409 `idempotency_key_reused`."""
    first = ask(f"POST {INTENTS}", ORDER, idempotency_key="k")
    again = ask(f"POST {INTENTS}", ORDER, idempotency_key="k")
    other = ask(f"POST {INTENTS}", ORDER | {"amount": 26.0}, idempotency_key="k")
    assert (again.status, again.body, again.headers["idempotent-replayed"]) == (201, first.body, "true")
    assert (other.status, other.body["type"].rpartition("/")[2]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize("change", [{"amount": 0}, {"amount": "x"}, {"payer": None}, {"currency": "EUR"}, {"fee": 1}])
def test_a_wrong_order_is_refused(ask: Asking, change: dict[str, object]) -> None:
    """422."""
    assert ask(f"POST {INTENTS}", ORDER | change).status == 422


def test_intents_are_listed_by_agent_and_status(ask: Asking) -> None:
    """Oldest first."""
    first, second = (ask(f"POST {INTENTS}", ORDER).body["id"] for _ in range(2))
    ask(f"POST {INTENTS}/{first}/capture")
    listed = ask(f"GET {INTENTS}?agent_id=seller").body["intents"]
    assert [one["id"] for one in listed] == [first, second]
    (pending,) = ask(f"GET {INTENTS}?agent_id=buyer&status=pending").body["intents"]
    assert pending["id"] == second


def test_the_history_shows_escrows_and_intents(ask: Asking) -> None:
    """Newest first, a page at a time."""
    escrow = ask("POST /v1/payments/escrows", {"payer": "buyer", "payee": "seller", "amount": "1"}).body["id"]
    intent = ask(f"POST {INTENTS}", ORDER, at=1).body["id"]
    history = ask("GET /v1/payments/history?agent_id=buyer&limit=100&offset=0").body["history"]
    assert [(one["id"], one["type"], one["status"]) for one in history] == [
        (intent, "intent", "pending"),
        (escrow, "escrow", "held"),
    ]
    assert ask("GET /v1/payments/history?agent_id=buyer&limit=1&offset=1").body["history"] == history[1:]
