from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.asking import Asking

BALANCE = {"tool": "get_balance", "params": {"agent_id": "a"}}


def batch(ask: Asking, *calls: object, **headers: str) -> list[Any]:
    """Ask for several calls at once and read the entries."""
    told = ask("POST /v1/batch", {"calls": list(calls)}, 0.0, **headers)
    assert told.status == 200
    entries: list[Any] = told.body["results"]
    return entries


def test_each_call_has_an_entry(ask: Asking) -> None:
    """In order, in the gateway's shapes, and 200 although one failed."""
    entries = batch(
        ask,
        {"tool": "deposit", "params": {"agent_id": "a", "amount": "1"}},
        {"tool": "release_escrow", "params": {"escrow_id": "nope"}},
        BALANCE,
    )
    assert entries[0]["result"]["new_balance"] == "501.0"
    assert entries[1] == {
        "success": False,
        "error": {"code": "escrow-not-found", "message": "Escrow not found: nope"},
    }
    assert entries[2] == {"success": True, "result": {"balance": "501.0"}}


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (7, "validation-error"),
        ({}, "validation-error"),
        ({"tool": "nope"}, "tool-not-found"),
        ({"tool": "open_dispute"}, "not-simulated"),
        ({"tool": "get_balance"}, "validation-error"),
        ({"tool": "get_balance", "params": 7}, "validation-error"),
        ({"tool": "get_balance", "params": {"agent_id": "a", "tip": 1}}, "validation-error"),
    ],
)
def test_a_wrong_call_fails_alone(ask: Asking, call: object, code: str) -> None:
    """Its neighbours are done."""
    wrong, right = batch(ask, call, BALANCE)
    assert (wrong["success"], wrong["error"]["code"]) == (False, code)
    assert right["success"] is True


def test_a_batch_holds_ten_calls(ask: Asking) -> None:
    """Eleven are 422, and none of them is done."""
    assert len(batch(ask, *[BALANCE] * 10)) == 10
    assert batch(ask) == []
    told = ask("POST /v1/batch", {"calls": [{"tool": "deposit", "params": {"agent_id": "a", "amount": 1}}] * 11})
    assert told.status == 422
    assert ask.sandbox.balance("a") == 500


@pytest.mark.parametrize("body", [None, {}, {"calls": {}}, {"calls": None}, [], b"{"])
def test_what_is_no_batch_is_refused(ask: Asking, body: object) -> None:
    """422, as a problem."""
    told = ask("POST /v1/batch", body)
    assert (told.status, told.headers["content-type"]) == (422, "application/problem+json")


def test_a_key_counts_for_its_own_call(ask: Asking) -> None:
    """The header's names no single one, and is passed over."""
    deposit = {"tool": "deposit", "params": {"agent_id": "a", "amount": 1}}
    keyed = {"tool": "deposit", "params": {"agent_id": "a", "amount": 1, "idempotency_key": "k"}}
    batch(ask, deposit, deposit, keyed, keyed, idempotency_key="h")
    assert ask.sandbox.balance("a") == 503
