from __future__ import annotations

import pytest

from tests.sandbox.asking import Asking

ESCROWS = "/v1/payments/escrows"
ORDER = {"payer": "buyer", "payee": "seller", "amount": "25.00"}


def test_creating_answers_201(ask: Asking) -> None:
    """`{"id":"29e1…","status":"held","amount":"25.0","currency":"CREDITS"}` and where to find it."""
    told = ask(f"POST {ESCROWS}", ORDER)
    escrow_id = told.body["id"]
    assert told.status == 201
    assert told.headers["location"] == f"{ESCROWS}/{escrow_id}"
    assert told.body == {"id": escrow_id, "status": "held", "amount": "25.0", "currency": "CREDITS"}
    assert int(escrow_id, 16) >= 0


def test_the_amount_may_be_a_number(ask: Asking) -> None:
    """The official client sends floats."""
    assert ask(f"POST {ESCROWS}", ORDER | {"amount": 25.0}).body["amount"] == "25.0"


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "0"},
        {"amount": "-1"},
        {"amount": 0},
        {"amount": True},
        {"amount": None},
        {"amount": "NaN"},
        {"amount": ["25"]},
        {"amount": 1e300},
        {"amount": "1" + "0" * 30},
        {"payer": ""},
        {"payer": 7},
        {"payee": None},
        {"timeout_hours": 0},
        {"timeout_hours": -1},
        {"timeout_hours": "1"},
        {"timeout_hours": 1e9},
        {"currency": "EUR"},
        {"metadata": "text"},
        {"conditions": {}},
        {"agent_id": "buyer"},
    ],
)
def test_a_wrong_order_is_refused(ask: Asking, change: dict[str, object]) -> None:
    """422 `validation-error`, and nothing is held."""
    told = ask(f"POST {ESCROWS}", ORDER | change)
    assert (told.status, told.body["type"].rpartition("/")[2]) == (422, "validation-error")
    assert ask.sandbox.ledger.escrows == {}


def test_an_escrow_can_be_shown(ask: Asking) -> None:
    """By its id, and by the one that the guide's dialect gave out."""
    escrow_id = ask(f"POST {ESCROWS}", ORDER | {"description": "tea"}).body["id"]
    expected = {
        "id": escrow_id,
        "status": "held",
        "payer": "buyer",
        "payee": "seller",
        "amount": "25.0",
        "description": "tea",
        "created_at": "2023-11-14T22:13:20+00:00",
    }
    assert ask(f"GET {ESCROWS}/{escrow_id}").body == expected
    assert ask(f"GET {ESCROWS}/esc_{escrow_id[:12]}").body == expected


def test_a_list_shows_every_field(ask: Asking) -> None:
    """Null where there is nothing."""
    escrow_id = ask(f"POST {ESCROWS}", ORDER | {"timeout_hours": 1, "metadata": {"order": 7}}).body["id"]
    assert ask(f"GET {ESCROWS}?agent_id=buyer").body == {
        "escrows": [
            {
                "id": escrow_id,
                "payer": "buyer",
                "payee": "seller",
                "amount": "25.0",
                "description": "",
                "idempotency_key": None,
                "status": "held",
                "settlement_id": None,
                "timeout_at": "2023-11-14T23:13:20+00:00",
                "created_at": "2023-11-14T22:13:20+00:00",
                "updated_at": "2023-11-14T22:13:20+00:00",
                "metadata": {"order": 7},
            }
        ]
    }


def test_a_list_can_be_narrowed(ask: Asking) -> None:
    """By agent, on either side, and by status."""
    first, second = (ask(f"POST {ESCROWS}", ORDER).body["id"] for _ in range(2))
    settlement = ask(f"POST {ESCROWS}/{first}/release").body["id"]
    (settled,) = ask(f"GET {ESCROWS}?agent_id=seller&status=settled").body["escrows"]
    (held,) = ask(f"GET {ESCROWS}?agent_id=seller&status=held&cursor=ignored").body["escrows"]
    assert (settled["id"], settled["settlement_id"], held["id"]) == (first, settlement, second)
    assert ask(f"GET {ESCROWS}?agent_id=other").body == {"escrows": []}


@pytest.mark.parametrize("query", ["", "?status=held", "?agent_id=a&status=pending"])
def test_a_list_needs_an_agent_and_the_gateway_s_words(ask: Asking, query: str) -> None:
    """422: `pending` is the guide's."""
    assert ask(f"GET {ESCROWS}{query}").status == 422


def test_releasing_answers_the_settlement(ask: Asking) -> None:
    """`id` is the settlement's, not the escrow's."""
    escrow_id = ask(f"POST {ESCROWS}", ORDER).body["id"]
    told = ask(f"POST {ESCROWS}/{escrow_id}/release")
    assert (told.status, told.body) == (200, {"id": told.body["id"], "status": "settled", "amount": "25.0"})
    assert told.body["id"] != escrow_id
    assert ask("GET /v1/billing/wallets/seller/balance").body == {"balance": "525.0"}


def test_cancelling_gives_the_money_back(ask: Asking) -> None:
    """`id` is the escrow's."""
    escrow_id = ask(f"POST {ESCROWS}", ORDER).body["id"]
    told = ask(f"POST {ESCROWS}/{escrow_id}/cancel", {})
    assert (told.status, told.body) == (200, {"id": escrow_id, "status": "refunded", "amount": "25.0"})
    assert ask("GET /v1/billing/wallets/buyer/balance").body == {"balance": "500.0"}


def test_an_escrow_ends_once(ask: Asking) -> None:
    """409 in the gateway's very words."""
    escrow_id = ask(f"POST {ESCROWS}", ORDER).body["id"]
    ask(f"POST {ESCROWS}/{escrow_id}/release")
    told = ask(f"POST {ESCROWS}/{escrow_id}/release")
    assert (told.status, told.headers["content-type"]) == (409, "application/problem+json")
    assert told.body == {
        "type": "https://api.greenhelix.net/errors/invalid-state",
        "title": "Invalid state",
        "status": 409,
        "detail": "Cannot release escrow in state 'settled'; must be 'held'",
        "instance": f"{ESCROWS}/{escrow_id}/release",
    }


def test_an_escrow_expires(ask: Asking) -> None:
    """And then cannot be released."""
    escrow_id = ask(f"POST {ESCROWS}", ORDER | {"timeout_hours": 0.5}).body["id"]
    assert ask(f"GET {ESCROWS}/{escrow_id}", at=1799).body["status"] == "held"
    told = ask(f"POST {ESCROWS}/{escrow_id}/release", at=1800)
    assert told.body["detail"] == "Cannot release escrow in state 'expired'; must be 'held'"
    assert ask.sandbox.balance("buyer") == 500


@pytest.mark.parametrize("call", ["GET {}/nope", "POST {}/nope/release", "POST {}/nope/cancel"])
def test_an_unknown_escrow_is_404(ask: Asking, call: str) -> None:
    """`escrow-not-found`."""
    told = ask(call.format(ESCROWS))
    assert (told.status, told.body["type"].rpartition("/")[2]) == (404, "escrow-not-found")


def test_too_little_money_is_402(ask: Asking) -> None:
    """`insufficient-balance`."""
    told = ask(f"POST {ESCROWS}", ORDER | {"amount": "500.01"})
    assert (told.status, told.body["type"].rpartition("/")[2]) == (402, "insufficient-balance")


def test_a_key_creates_once(ask: Asking) -> None:
    """201 with the same escrow, also with another body; a list shows the key."""
    first = ask(f"POST {ESCROWS}", ORDER, idempotency_key="k")
    again = ask(f"POST {ESCROWS}", ORDER | {"amount": "26"}, idempotency_key="k")
    in_body = ask(f"POST {ESCROWS}", ORDER | {"idempotency_key": "k"})
    assert first.body == again.body == in_body.body
    assert [told.status for told in (first, again, in_body)] == [201, 201, 201]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == in_body.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    (row,) = ask(f"GET {ESCROWS}?agent_id=buyer").body["escrows"]
    assert row["idempotency_key"] == "k"


def test_without_a_key_a_retry_creates_again(ask: Asking) -> None:
    """What a lost answer does to the official client."""
    assert ask(f"POST {ESCROWS}", ORDER).body["id"] != ask(f"POST {ESCROWS}", ORDER).body["id"]
    assert ask.sandbox.balance("buyer") == 450
