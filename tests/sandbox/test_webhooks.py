from __future__ import annotations

import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.happenings import Happening
from proxy_addons.sandbox.ids import Ids
from proxy_addons.sandbox.webhooks import WebhookOrder, Webhooks

ORDER = WebhookOrder(agent="a", url="https://a.test/hook", event_types=("escrow.released",), secret="s")


@pytest.fixture
def webhooks() -> Webhooks:
    """None is registered."""
    return Webhooks(Ids())


def test_registering_twice_makes_two(webhooks: Webhooks) -> None:
    """Each has an id in the gateway's form."""
    first, second = webhooks.register(ORDER, 1.0), webhooks.register(ORDER, 2.0)
    assert [first, second] == webhooks.of("a") == list(webhooks.by_id.values())
    assert first.id != second.id
    assert first.id.startswith("whk-")


def test_an_agent_sees_its_own(webhooks: Webhooks) -> None:
    """Others do not."""
    webhooks.register(ORDER, 1.0)
    assert webhooks.of("b") == []


def test_a_deleted_webhook_is_gone(webhooks: Webhooks) -> None:
    """Deleting it again is 404."""
    webhook = webhooks.register(ORDER, 1.0)
    webhooks.delete(webhook.id, "a")
    assert webhooks.by_id == {}
    with pytest.raises(SandboxError) as refusal:
        webhooks.delete(webhook.id, "a")
    assert (refusal.value.code, refusal.value.status) == ("webhook-not-found", 404)


def test_nobody_deletes_anothers(webhooks: Webhooks) -> None:
    """It is 404, as if it were not there."""
    webhook = webhooks.register(ORDER, 1.0)
    with pytest.raises(SandboxError, match="not found"):
        webhooks.delete(webhook.id, "b")
    assert webhook in webhooks.of("a")


def happening(kind: str = "escrow.released") -> Happening:
    """Something that concerns `a` and `b`."""
    return Happening(kind, ("a", "b"), "e-1", {"id": "e-1"}, 1_700_000_000.0)


@pytest.mark.parametrize(
    ("change", "hears"),
    [
        ({}, True),
        ({"event_types": ("escrow.*",)}, True),
        ({"event_types": ("*",)}, True),
        ({"event_types": ("escrow.created", "billing.*")}, False),
        ({"agent": "b"}, True),
        ({"agent": "c"}, False),
        ({"agent": "default"}, True),
        ({"agent": "key-0a1b2c"}, True),
        ({"agent": "c", "filter_agent_ids": ("b",)}, True),
        ({"filter_agent_ids": ("c",)}, False),
    ],
)
def test_who_hears_of_what(webhooks: Webhooks, change: dict[str, Any], *, hears: bool) -> None:
    """By type, then by the agents that it concerns; one that nobody can name hears of all."""
    webhooks.register(replace(ORDER, **change), 1.0)
    assert bool(webhooks.due(happening())) is hears


def test_a_delivery_is_signed_over_its_body(webhooks: Webhooks) -> None:
    """Anybody with the secret can check it, at any attempt."""
    webhook = webhooks.register(ORDER, 1.0)
    (due,) = webhooks.due(happening())
    expected = "sha256=" + hmac.new(b"s", due.body, "sha256").hexdigest()
    assert json.loads(due.body) == {
        "event_id": due.id,
        "event_type": "escrow.released",
        "timestamp": "2023-11-14T22:13:20+00:00",
        "webhook_id": webhook.id,
        "payload": {"id": "e-1"},
    }
    assert dict(due.headers(2, 1_700_000_001.5)) == {
        "content-type": "application/json",
        "user-agent": "GreenHelix-Webhooks/1.0",
        "x-greenhelix-event": "escrow.released",
        "x-greenhelix-event-id": due.id,
        "x-greenhelix-timestamp": "1700000001",
        "x-greenhelix-attempt": "2",
        "x-greenhelix-signature": expected,
    }


def test_without_a_secret_nothing_is_signed(webhooks: Webhooks) -> None:
    """There is nothing to sign with."""
    webhooks.register(replace(ORDER, secret=None), 1.0)
    (due,) = webhooks.due(happening())
    assert "x-greenhelix-signature" not in dict(due.headers(1, 0.0))


def test_events_have_ids_that_can_be_foretold(webhooks: Webhooks) -> None:
    """The same for the same calls; never twice the same."""
    webhooks.register(ORDER, 1.0)
    again = Webhooks(Ids())
    again.register(ORDER, 9.0)
    ids = [webhooks.due(happening())[0].id for _ in range(2)]
    assert ids == [again.due(happening())[0].id for _ in range(2)]
    assert len(set(ids)) == 2
