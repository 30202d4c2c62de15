from __future__ import annotations

import pytest

from proxy_addons.sandbox.errors import SandboxError
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
