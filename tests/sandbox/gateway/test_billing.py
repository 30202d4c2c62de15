from __future__ import annotations

import pytest

from tests.sandbox.asking import Asking

WALLET = "/v1/billing/wallets/a"


def test_a_balance_has_one_field(ask: Asking) -> None:
    """`{"balance":"1474.62"}`."""
    told = ask(f"GET {WALLET}/balance")
    assert (told.status, told.body) == (200, {"balance": "500.0"})


def test_a_deposit_tells_the_new_balance(ask: Asking) -> None:
    """`{"new_balance":"1484.62","transaction_id":8}`, and no 201."""
    told = ask(f"POST {WALLET}/deposit", {"amount": "10.00", "description": "x"})
    assert (told.status, told.body["new_balance"]) == (200, "510.0")
    assert told.body.keys() == {"new_balance", "transaction_id"}
    assert isinstance(told.body["transaction_id"], int)


def test_a_withdrawal_tells_the_new_balance(ask: Asking) -> None:
    """In the form of a deposit."""
    told = ask(f"POST {WALLET}/withdraw", {"amount": 499.5})
    assert (told.status, told.body["new_balance"]) == (200, "0.5")


def test_nobody_withdraws_what_is_not_there(ask: Asking) -> None:
    """402, and the balance stays."""
    told = ask(f"POST {WALLET}/withdraw", {"amount": "500.01"})
    assert (told.status, told.body["type"].rpartition("/")[2]) == (402, "insufficient-balance")
    assert ask(f"GET {WALLET}/balance").body == {"balance": "500.0"}


@pytest.mark.parametrize("call", ["deposit", "withdraw"])
def test_a_key_moves_money_once(ask: Asking, call: str) -> None:
    """In the header or in the body, and the answer is the first one's."""
    first = ask(f"POST {WALLET}/{call}", {"amount": "10"}, idempotency_key="k")
    ask(f"POST {WALLET}/{call}", {"amount": "1"})
    again = ask(f"POST {WALLET}/{call}", {"amount": "10.00", "idempotency_key": "k"})
    assert first.body == again.body
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"


def test_transactions_come_newest_first(ask: Asking) -> None:
    """A page at a time."""
    for amount in ("1", "2", "3"):
        ask(f"POST {WALLET}/deposit", {"amount": amount, "description": f"no. {amount}"})
    rows = ask(f"GET {WALLET}/transactions").body["transactions"]
    assert [row["amount"] for row in rows] == ["3.0", "2.0", "1.0", "500.0"]
    assert [row["type"] for row in rows] == ["deposit", "deposit", "deposit", "grant"]
    assert ask(f"GET {WALLET}/transactions?limit=2&offset=1").body["transactions"] == rows[1:3]
    assert rows[0] == {
        "id": rows[0]["id"],
        "type": "deposit",
        "amount": "3.0",
        "balance_after": "506.0",
        "reference": "",
        "description": "no. 3",
        "created_at": "2023-11-14T22:13:20+00:00",
    }


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "offset=-1"])
def test_a_page_has_bounds(ask: Asking, query: str) -> None:
    """422 beyond them."""
    assert ask(f"GET {WALLET}/transactions?{query}").status == 422


def test_a_budget_cap_is_set(ask: Asking) -> None:
    """Answered with the threshold at which the gateway warns."""
    told = ask(f"PUT {WALLET}/budget", {"daily_cap": "30", "monthly_cap": 100})
    assert told.status == 200
    assert told.body == {"agent_id": "a", "daily_cap": "30.0", "monthly_cap": "100.0", "alert_threshold": 0.8}


def test_a_budget_cap_is_kept(ask: Asking) -> None:
    """Until the next day."""
    ask(f"PUT {WALLET}/budget", {"daily_cap": "30"})
    order = {"payer": "a", "payee": "b", "amount": "20"}
    assert ask("POST /v1/payments/escrows", order).status == 201
    refused = ask("POST /v1/payments/escrows", order)
    assert (refused.status, refused.body["title"]) == (402, "Budget exceeded")
    assert ask("POST /v1/payments/escrows", order, at=86_400).status == 201


def test_the_budget_tells_what_was_spent(ask: Asking) -> None:
    """Null is no cap."""
    ask(f"PUT {WALLET}/budget", {"daily_cap": "30", "monthly_cap": None})
    ask("POST /v1/payments/escrows", {"payer": "a", "payee": "b", "amount": "20"})
    assert ask(f"GET {WALLET}/budget").body == {
        "agent_id": "a",
        "daily_cap": "30.0",
        "monthly_cap": None,
        "daily_spent": "20.0",
        "monthly_spent": "20.0",
        "alert_threshold": 0.8,
    }


@pytest.mark.parametrize("cap", ["-1", "x", True])
def test_a_cap_must_be_an_amount(ask: Asking, cap: object) -> None:
    """Zero at least."""
    assert ask(f"PUT {WALLET}/budget", {"daily_cap": cap}).status == 422
