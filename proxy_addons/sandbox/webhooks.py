"""Webhooks: who registered for what, and what is due to them. Nothing is sent from here.

Rules it keeps:
- A webhook belongs to the agent that registered it; that agent alone lists and deletes it.
- Registering twice makes two webhooks.
- A webhook hears of events whose type it names (`escrow.released`, `escrow.*` or `*`): of those that concern
  its agent, or the agents it was narrowed to. The sandbox asks nobody for credentials, so one whose agent is
  not named hears of all.
- What is due has the same id for the same calls, and a signature that anyone with the secret can check.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256

import msgspec

from proxy_addons.sandbox.agents import is_named
from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.gateway.timestamp import timestamp
from proxy_addons.sandbox.happenings import Happening
from proxy_addons.sandbox.ids import Ids

SIGNATURE = "x-greenhelix-signature"
TIMESTAMP = "x-greenhelix-timestamp"
"""Seconds since the epoch, at which an attempt was made. The signature does not cover it."""


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


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event that is due at one webhook."""

    id: str
    webhook_id: str
    url: str
    event_type: str
    body: bytes
    secret: str | None

    def headers(self, attempt: int, now: float) -> list[tuple[str, str]]:
        """What goes with the body at this attempt, counted from 1. `now` is in seconds since the epoch.

        The signature is `sha256=` and the HMAC-SHA256 of the body in hex digits, as receivers in the
        gateway's samples check it; there is none where no secret was agreed on.
        """
        signed = [] if self.secret is None else [(SIGNATURE, f"sha256={_hmac(self.secret, self.body)}")]
        return [
            ("content-type", "application/json"),
            ("user-agent", "GreenHelix-Webhooks/1.0"),
            ("x-greenhelix-event", self.event_type),
            ("x-greenhelix-event-id", self.id),
            (TIMESTAMP, str(int(now))),
            ("x-greenhelix-attempt", str(attempt)),
            *signed,
        ]


def _hmac(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode("utf-8", "surrogatepass"), body, sha256).hexdigest()


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

    def due(self, happening: Happening) -> list[Delivery]:
        """What has to be sent because of this, one for each webhook that hears of it."""
        return [self._delivery(w, happening) for w in self._by_id.values() if _hears(w.order, happening)]

    def _delivery(self, webhook: Webhook, happening: Happening) -> Delivery:
        drawn = self._ids.draw("event", webhook.id, happening.type, happening.subject)
        event_id = f"evt-{drawn[:16]}"
        body = {
            "event_id": event_id,
            "event_type": happening.type,
            "timestamp": timestamp(happening.at),
            "webhook_id": webhook.id,
            "payload": dict(happening.payload),
        }
        encoded = msgspec.json.encode(body)
        return Delivery(event_id, webhook.id, webhook.order.url, happening.type, encoded, webhook.order.secret)


def _hears(order: WebhookOrder, happening: Happening) -> bool:
    if not any(fnmatchcase(happening.type, wanted) for wanted in order.event_types):
        return False
    if order.filter_agent_ids is not None:
        return not set(order.filter_agent_ids).isdisjoint(happening.agents)
    return not is_named(order.agent) or order.agent in happening.agents
