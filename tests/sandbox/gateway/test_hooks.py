from __future__ import annotations

import pytest

from tests.sandbox.asking import Asking

WEBHOOKS = "/v1/infra/webhooks"
ORDER = {"url": "https://a.test/hook", "event_types": ["escrow.released"], "secret": "s"}


def test_registering_answers_201(ask: Asking) -> None:
    """`active` is 1, and the agent is the caller."""
    told = ask(f"POST {WEBHOOKS}", ORDER, x_agent_id="a")
    webhook_id = told.body["id"]
    assert (told.status, told.headers["location"]) == (201, f"{WEBHOOKS}/{webhook_id}")
    assert webhook_id.startswith("whk-")
    assert told.body == {
        "id": webhook_id,
        "agent_id": "a",
        "url": "https://a.test/hook",
        "event_types": ["escrow.released"],
        "secret": "s",
        "created_at": "2023-11-14T22:13:20+00:00",
        "active": 1,
    }


def test_the_api_key_names_the_caller(ask: Asking) -> None:
    """The one that registration gave."""
    api_key = ask("POST /v1/register", {"agent_id": "a"}).body["api_key"]
    assert ask(f"POST {WEBHOOKS}", ORDER, authorization=f"Bearer {api_key}").body["agent_id"] == "a"
    assert ask(f"POST {WEBHOOKS}", ORDER, x_api_key=api_key).body["agent_id"] == "a"


def test_an_agent_lists_its_own(ask: Asking) -> None:
    """Oldest first."""
    told = ask(f"POST {WEBHOOKS}", ORDER | {"filter_agent_ids": ["b"]}, x_agent_id="a")
    assert ask(f"GET {WEBHOOKS}", x_agent_id="a").body == {"webhooks": [told.body]}
    assert ask(f"GET {WEBHOOKS}", x_agent_id="b").body == {"webhooks": []}


def test_a_webhook_is_deleted_once(ask: Asking) -> None:
    """404 after that."""
    webhook_id = ask(f"POST {WEBHOOKS}", ORDER).body["id"]
    assert ask(f"DELETE {WEBHOOKS}/{webhook_id}").body == {"deleted": True}
    assert ask(f"DELETE {WEBHOOKS}/{webhook_id}").status == 404


@pytest.mark.parametrize(
    "change",
    [
        {"url": "ftp://a"},
        {"url": "a"},
        {"url": "https:// "},
        {"event_types": []},
        {"event_types": [1]},
        {"agent_id": "b"},
    ],
)
def test_a_wrong_order_is_refused(ask: Asking, change: dict[str, object]) -> None:
    """422."""
    assert ask(f"POST {WEBHOOKS}", ORDER | change).status == 422
