from __future__ import annotations

import pytest

from tests.sandbox.asking import Asking

BORN = "2023-11-14T22:13:20+00:00"


def test_registering_answers_200_with_a_key(ask: Asking) -> None:
    """And the free credits as a number."""
    told = ask("POST /v1/register", {"agent_id": "a"})
    assert told.status == 200
    assert told.body == {
        "agent_id": "a",
        "api_key": told.body["api_key"],
        "tier": "free",
        "balance": 500.0,
        "created_at": BORN,
    }


def test_registering_again_answers_the_same(ask: Asking) -> None:
    """Later too."""
    first = ask("POST /v1/register", {"agent_id": "a"})
    assert ask("POST /v1/register", {"agent_id": "a"}, at=60).body == first.body


def test_a_public_key_is_registered(ask: Asking) -> None:
    """201, and where to find it, whatever the agent's name."""
    told = ask("POST /v1/identity/agents", {"agent_id": "a/ü", "public_key": "mine"})
    assert (told.status, told.headers["location"]) == (201, "/v1/identity/agents/a%2F%C3%BC")
    assert told.body == {"agent_id": "a/ü", "public_key": "mine", "created_at": BORN}
    assert ask("GET " + told.headers["location"]).body["public_key"] == "mine"


def test_an_unknown_agent_is_not_found_with_200(ask: Asking) -> None:
    """Every field is there."""
    told = ask("GET /v1/identity/agents/a")
    assert told.status == 200
    assert told.body == {"agent_id": "a", "public_key": None, "created_at": None, "org_id": None, "found": False}


def test_a_registered_agent_is_found(ask: Asking) -> None:
    """Without a public key until it has one."""
    ask("POST /v1/register", {"agent_id": "a"})
    told = ask("GET /v1/identity/agents/a", at=60)
    assert told.body == {"agent_id": "a", "public_key": None, "created_at": BORN, "org_id": None, "found": True}


def test_an_agent_whose_wallet_moved_is_found(ask: Asking) -> None:
    """It need not have registered."""
    ask("POST /v1/billing/wallets/a/deposit", {"amount": 1})
    assert ask("GET /v1/identity/agents/a", at=60).body["created_at"] == BORN


@pytest.mark.parametrize(
    "body", [None, {}, {"agent_id": ""}, {"agent_id": "a" * 129}, {"agent_id": "a", "tier": "pro"}]
)
def test_a_wrong_registration_is_refused(ask: Asking, body: object) -> None:
    """422."""
    assert ask("POST /v1/register", body).status == 422
