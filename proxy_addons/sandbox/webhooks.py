"""Webhook registrations. Nothing is sent from here.

Rules it keeps:
- A webhook belongs to the agent that registered it; that agent alone lists and deletes it.
- Registering twice makes two webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.ids import Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOrder:
    """What an agent asks for. `secret` signs the deliveries, `filter_agent_ids` narrows them."""

    agent: str
    url: str
    event_types: tuple[str, ...]
    secret: str | None = None
    filter_agent_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A registration. `created_at` is in seconds since the epoch."""

    id: str
    order: WebhookOrder
    created_at: float


class Webhooks:
    """All registrations of one sandbox."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._by_id: dict[str, Webhook] = {}

    @property
    def by_id(self) -> Mapping[str, Webhook]:
        """The webhooks in force by id, oldest first."""
        return self._by_id

    def of(self, agent: str) -> list[Webhook]:
        """The agent's webhooks, oldest first."""
        return [webhook for webhook in self._by_id.values() if webhook.order.agent == agent]

    def register(self, order: WebhookOrder, now: float) -> Webhook:
        """Add a webhook."""
        drawn = self._ids.draw("webhook", order.agent, order.url, *order.event_types)
        webhook = Webhook(f"whk-{drawn[:16]}", order, now)
        self._by_id[webhook.id] = webhook
        return webhook

    def delete(self, webhook_id: str, agent: str) -> None:
        """Take a webhook away.

        Raises:
            SandboxError: 404, the agent has none of that id.
        """
        webhook = self._by_id.get(webhook_id)
        if webhook is None or webhook.order.agent != agent:
            raise SandboxError("webhook-not-found", f"Webhook not found: {webhook_id}")
        del self._by_id[webhook_id]
