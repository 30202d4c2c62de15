"""Payment intents: pending → settled | refunded, and settled → refunded.

Rules it keeps:
- A pending intent holds no money. Capturing moves it from payer to payee; refunding a settled intent
  moves it back, refunding a pending one only voids it.
- `refunded` is final.
Creation and its key were observed on gateway 1.4.8, capture and refund follow its official client.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from proxy_addons.exchange import JSON
from proxy_addons.sandbox.budget import Budgets
from proxy_addons.sandbox.errors import SandboxError, invalid_state
from proxy_addons.sandbox.idempotency import IdempotencyKeys, Made
from proxy_addons.sandbox.ids import Ids
from proxy_addons.sandbox.wallet import Kind, Reason, Wallets


class IntentStatus(StrEnum):
    """The gateway's words for the states."""

    PENDING = "pending"
    SETTLED = "settled"
    REFUNDED = "refunded"


class IntentOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the payer means to pay. `amount` is in credits, above zero."""

    payer: str
    payee: str
    amount: Decimal
    currency: str = "CREDITS"
    description: str = ""
    metadata: Mapping[str, JSON] | None = None


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """An intent as it stands. Times are seconds since the epoch; `captured_at` is None while none was."""

    id: str
    order: IntentOrder
    status: IntentStatus
    created_at: float
    updated_at: float
    captured_at: float | None = None
    settlement_id: str | None = None


class Intents:
    """Every payment intent of one sandbox."""

    def __init__(self, ids: Ids, wallets: Wallets, budgets: Budgets) -> None:
        self._ids = ids
        self._wallets = wallets
        self._budgets = budgets
        self._keys: IdempotencyKeys[str] = IdempotencyKeys()
        self._by_id: dict[str, Intent] = {}
        self._by_agent: dict[str, list[str]] = {}

    @property
    def by_id(self) -> Mapping[str, Intent]:
        """All intents by id, oldest first."""
        return self._by_id

    def of(self, agent: str) -> list[Intent]:
        """The intents that the agent pays or is paid by, oldest first."""
        return [self._by_id[intent_id] for intent_id in self._by_agent.get(agent, ())]

    def get(self, intent_id: str) -> Intent:
        """Find an intent.

        Raises:
            SandboxError: 404, there is none.
        """
        intent = self._by_id.get(intent_id)
        if intent is None:
            raise SandboxError("intent-not-found", f"Payment intent not found: {intent_id}")
        return intent

    def create(self, order: IntentOrder, now: float, key: str | None) -> Made[Intent]:
        """Note an intent, or answer with the one that the payer's key has made.

        Raises:
            SandboxError: 409, the key came with another body.
        """
        known = self._keys.recall(order.payer, key, order)
        if known is not None:
            return Made(self._by_id[known], replayed=True)
        parts = (order.payee, f"{order.amount.normalize():f}", order.currency, order.description)
        intent_id = self._ids.draw("intent", order.payer, *parts)
        intent = Intent(id=intent_id, order=order, status=IntentStatus.PENDING, created_at=now, updated_at=now)
        self._keys.bind(order.payer, key, order, intent_id)
        self._by_id[intent_id] = intent
        for agent in {order.payer, order.payee}:
            self._by_agent.setdefault(agent, []).append(intent_id)
        return Made(intent, replayed=False)

    def capture(self, intent_id: str, now: float) -> Intent:
        """Pay the payee.

        Raises:
            SandboxError: 404; 409 when it is not pending; 402 when balance or budget is too small.
        """
        intent = self.get(intent_id)
        if intent.status is not IntentStatus.PENDING:
            raise invalid_state("capture", "intent", intent.status, IntentStatus.PENDING)
        order = intent.order
        self._budgets.check(order.payer, order.amount, now)
        self._wallets.post(order.payer, -order.amount, Reason(Kind.PAYMENT_SENT, intent.id), now)
        self._wallets.post(order.payee, order.amount, Reason(Kind.PAYMENT_RECEIVED, intent.id), now)
        self._budgets.spend(order.payer, order.amount, now)
        settlement_id = self._ids.draw("settlement", intent.id)
        status = IntentStatus.SETTLED
        return self._file(
            msgspec.structs.replace(intent, status=status, updated_at=now, captured_at=now, settlement_id=settlement_id)
        )

    def refund(self, intent_id: str, now: float) -> Intent:
        """Void a pending intent, or take the money of a settled one back from the payee.

        Raises:
            SandboxError: 404; 409 when it is refunded already; 402 when the payee has spent the money.
        """
        intent = self.get(intent_id)
        if intent.status is IntentStatus.REFUNDED:
            raise invalid_state("refund", "intent", intent.status, IntentStatus.PENDING, IntentStatus.SETTLED)
        order = intent.order
        if intent.captured_at is not None:
            self._wallets.post(order.payee, -order.amount, Reason(Kind.REFUND_SENT, intent.id), now)
            self._wallets.post(order.payer, order.amount, Reason(Kind.REFUND_RECEIVED, intent.id), now)
            self._budgets.spend(order.payer, -order.amount, intent.captured_at)
        return self._file(msgspec.structs.replace(intent, status=IntentStatus.REFUNDED, updated_at=now))

    def _file(self, intent: Intent) -> Intent:
        self._by_id[intent.id] = intent
        return intent
