"""Payment intents and the payment history: `/v1/payments/intents…`, `/v1/payments/history`.

Creation was observed on gateway 1.4.8; the other shapes follow its official client 1.4.5, which reads
`id`, `status` and `amount` of each answer and `history` of the last.
"""

from __future__ import annotations

from typing import Any, Literal

from proxy_addons.sandbox.escrow import Escrow
from proxy_addons.sandbox.gateway.billing import Page
from proxy_addons.sandbox.gateway.escrows import Currency
from proxy_addons.sandbox.gateway.timestamp import timestamp
from proxy_addons.sandbox.intent import Intent, IntentOrder
from proxy_addons.sandbox.money import gateway_money, read_amount
from proxy_addons.sandbox.operation import (
    Agent,
    Amount,
    Books,
    Input,
    Key,
    Operation,
    Output,
    Reply,
    Situation,
    Text,
    Tools,
    read_metadata,
)

FEE = "0.0"
"""The sandbox takes no fee, so that no money leaves its books."""


class NewIntent(Input):
    """What a payer means to pay."""

    payer: Agent
    payee: Agent
    amount: Amount
    description: Text = ""
    currency: Currency = "CREDITS"
    idempotency_key: Key | None = None
    metadata: dict[str, Any] | None = None

    def order(self) -> IntentOrder:
        """The same in the ledger's terms."""
        return IntentOrder(
            payer=self.payer,
            payee=self.payee,
            amount=read_amount(self.amount),
            currency=self.currency,
            description=self.description,
            metadata=read_metadata(self.metadata),
        )


class IntentId(Input):
    """One intent."""

    intent_id: str


class IntentQuery(Input):
    """An agent's intents, as payer or payee."""

    agent_id: Agent
    status: Literal["pending", "settled", "refunded"] | None = None


class IntentCreated(Output):
    """`{"id","status":"pending","amount","currency","gateway_fee"}`."""

    id: str
    status: str
    amount: str
    currency: str
    gateway_fee: str = FEE


class IntentDetail(Output):
    """One intent; `settlement_id` is null until it is captured."""

    id: str
    status: str
    payer: str
    payee: str
    amount: str
    currency: str
    description: str
    settlement_id: str | None
    created_at: str
    updated_at: str


class IntentList(Output):
    """Intents, oldest first."""

    intents: list[IntentDetail]


class Payment(Output):
    """One escrow or intent; `type` says which."""

    id: str
    type: str
    status: str
    payer: str
    payee: str
    amount: str
    created_at: str


class PaymentHistory(Output):
    """An agent's payments, newest first."""

    history: list[Payment]


def create_intent(books: Books, asked: NewIntent, situation: Situation) -> Reply:
    """Note an intent to pay."""
    intent, replayed = books.ledger.create_intent(asked.order(), situation.now, situation.key(asked.idempotency_key))
    body = IntentCreated(intent.id, intent.status, gateway_money(intent.order.amount), intent.order.currency)
    return Reply(body, 201, f"/v1/payments/intents/{intent.id}", replayed)


def get_intent(books: Books, asked: IntentId, _situation: Situation) -> Reply:
    """Show an intent."""
    return Reply(_detail(books.ledger.intent(asked.intent_id)))


def list_intents(books: Books, asked: IntentQuery, _situation: Situation) -> Reply:
    """List an agent's intents."""
    intents = books.ledger.intents_of(asked.agent_id)
    return Reply(IntentList([_detail(intent) for intent in intents if asked.status in {None, intent.status}]))


def capture_intent(books: Books, asked: IntentId, situation: Situation) -> Reply:
    """Pay the payee."""
    return Reply(_detail(books.ledger.capture_intent(asked.intent_id, situation.now)))


def refund_intent(books: Books, asked: IntentId, situation: Situation) -> Reply:
    """Void an intent or take its money back."""
    return Reply(_detail(books.ledger.refund_intent(asked.intent_id, situation.now)))


def get_payment_history(books: Books, asked: Page, situation: Situation) -> Reply:
    """List an agent's escrows and intents together."""
    of_agent: list[Escrow | Intent] = [
        *books.ledger.escrows_of(asked.agent_id, situation.now),
        *books.ledger.intents_of(asked.agent_id),
    ]
    of_agent.reverse()  # what came in the same instant, too
    of_agent.sort(key=lambda one: one.created_at, reverse=True)
    return Reply(PaymentHistory([_payment(one) for one in of_agent[asked.offset : asked.offset + asked.limit]]))


def _detail(intent: Intent) -> IntentDetail:
    order = intent.order
    return IntentDetail(
        id=intent.id,
        status=intent.status,
        payer=order.payer,
        payee=order.payee,
        amount=gateway_money(order.amount),
        currency=order.currency,
        description=order.description,
        settlement_id=intent.settlement_id,
        created_at=timestamp(intent.created_at),
        updated_at=timestamp(intent.updated_at),
    )


def _payment(one: Escrow | Intent) -> Payment:
    order = one.order
    kind = "escrow" if isinstance(one, Escrow) else "intent"
    amount, created_at = gateway_money(order.amount), timestamp(one.created_at)
    return Payment(one.id, kind, one.status, order.payer, order.payee, amount, created_at)


TOOLS: Tools = {
    "create_intent": Operation(NewIntent, create_intent, IntentCreated, "payments", "Note an intent to pay."),
    "get_intent": Operation(IntentId, get_intent, IntentDetail, "payments", "Show a payment intent."),
    "list_intents": Operation(IntentQuery, list_intents, IntentList, "payments", "List an agent's payment intents."),
    "capture_intent": Operation(IntentId, capture_intent, IntentDetail, "payments", "Pay a pending intent."),
    "refund_intent": Operation(IntentId, refund_intent, IntentDetail, "payments", "Void or refund an intent."),
    "get_payment_history": Operation(
        Page, get_payment_history, PaymentHistory, "payments", "List an agent's escrows and intents."
    ),
}
