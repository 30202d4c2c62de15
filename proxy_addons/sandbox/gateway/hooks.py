"""Webhooks: `/v1/infra/webhooks…`.

Registration was observed on gateway 1.4.8; listing and deleting follow its official client 1.4.5.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from proxy_addons.sandbox.gateway.timestamp import timestamp
from proxy_addons.sandbox.operation import Agent, Books, Input, Operation, Output, Reply, Situation, Text, Tools
from proxy_addons.sandbox.webhooks import Webhook, WebhookOrder

Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+", max_length=2048)]
EventTypes = Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=128)]], msgspec.Meta(min_length=1)]


class NewWebhook(Input):
    """Where to send which events, e.g. `escrow.released`."""

    url: Url
    event_types: EventTypes
    secret: Text | None = None
    filter_agent_ids: list[Agent] | None = None


class NoInput(Input):
    """Nothing: the caller's credentials say whose webhooks."""


class WebhookId(Input):
    """One webhook."""

    webhook_id: str


class WebhookRow(Output):
    """`active` is 1, not true."""

    id: str
    agent_id: str
    url: str
    event_types: list[str]
    secret: str | None
    created_at: str
    active: int


class WebhookList(Output):
    """The caller's webhooks, oldest first."""

    webhooks: list[WebhookRow]


class WebhookDeleted(Output):
    """`{"deleted":true}`."""

    deleted: bool


def register_webhook(books: Books, asked: NewWebhook, situation: Situation) -> Reply:
    """Register the caller for events."""
    filtered = None if asked.filter_agent_ids is None else tuple(asked.filter_agent_ids)
    order = WebhookOrder(
        agent=situation.caller,
        url=asked.url,
        event_types=tuple(asked.event_types),
        secret=asked.secret,
        filter_agent_ids=filtered,
    )
    webhook = books.webhooks.register(order, situation.now)
    return Reply(_row(webhook), 201, f"/v1/infra/webhooks/{webhook.id}")


def list_webhooks(books: Books, _asked: NoInput, situation: Situation) -> Reply:
    """List the caller's webhooks."""
    return Reply(WebhookList([_row(webhook) for webhook in books.webhooks.of(situation.caller)]))


def delete_webhook(books: Books, asked: WebhookId, situation: Situation) -> Reply:
    """Take one of the caller's webhooks away."""
    books.webhooks.delete(asked.webhook_id, situation.caller)
    return Reply(WebhookDeleted(deleted=True))


def _row(webhook: Webhook) -> WebhookRow:
    order, created_at = webhook.order, timestamp(webhook.created_at)
    return WebhookRow(webhook.id, order.agent, order.url, list(order.event_types), order.secret, created_at, 1)


TOOLS: Tools = {
    "register_webhook": Operation(NewWebhook, register_webhook, WebhookRow, "infra", "Register for events."),
    "list_webhooks": Operation(NoInput, list_webhooks, WebhookList, "infra", "List the caller's webhooks."),
    "delete_webhook": Operation(WebhookId, delete_webhook, WebhookDeleted, "infra", "Delete a webhook."),
}
