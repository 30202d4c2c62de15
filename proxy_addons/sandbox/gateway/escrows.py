"""Escrows: `/v1/payments/escrows…`. Every shape was observed on gateway 1.4.8."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from proxy_addons.sandbox.escrow import Escrow, EscrowOrder
from proxy_addons.sandbox.gateway.timestamp import timestamp
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

Currency = Literal["CREDITS", "USD"]
"""Labels of the one currency that the sandbox's wallets hold: the gateway's and the guide's."""

Hours = Annotated[float, msgspec.Meta(gt=0, le=87_600)]


class NewEscrow(Input):
    """What a payer asks for."""

    payer: Agent
    payee: Agent
    amount: Amount
    description: Text = ""
    timeout_hours: Hours | None = None
    currency: Currency = "CREDITS"
    idempotency_key: Key | None = None
    metadata: dict[str, Any] | None = None

    def order(self) -> EscrowOrder:
        """The same in the ledger's terms."""
        return EscrowOrder(
            payer=self.payer,
            payee=self.payee,
            amount=read_amount(self.amount),
            currency=self.currency,
            description=self.description,
            timeout_hours=self.timeout_hours,
            metadata=read_metadata(self.metadata),
        )


class EscrowId(Input):
    """One escrow, by its full id or by the guide's short one."""

    escrow_id: str


class EscrowQuery(Input):
    """An agent's escrows, as payer or payee."""

    agent_id: Agent
    status: Literal["held", "settled", "refunded", "expired"] | None = None


class EscrowCreated(Output):
    """`{"id":"29e1…","status":"held","amount":"25.0","currency":"CREDITS"}`."""

    id: str
    status: str
    amount: str
    currency: str


class EscrowEnded(Output):
    """Released: `id` is the settlement's. Cancelled: `id` is the escrow's."""

    id: str
    status: str
    amount: str


class EscrowDetail(Output):
    """One escrow."""

    id: str
    status: str
    payer: str
    payee: str
    amount: str
    description: str
    created_at: str


class EscrowRow(Output):
    """One escrow of a list."""

    id: str
    payer: str
    payee: str
    amount: str
    description: str
    idempotency_key: str | None
    status: str
    settlement_id: str | None
    timeout_at: str | None
    created_at: str
    updated_at: str
    metadata: dict[str, Any] | None


class EscrowList(Output):
    """Escrows, oldest first."""

    escrows: list[EscrowRow]


def create_escrow(books: Books, asked: NewEscrow, situation: Situation) -> Reply:
    """Hold the payer's money."""
    escrow, replayed = books.ledger.create_escrow(asked.order(), situation.now, situation.key(asked.idempotency_key))
    body = EscrowCreated(escrow.id, escrow.status, gateway_money(escrow.order.amount), escrow.order.currency)
    return Reply(body, 201, f"/v1/payments/escrows/{escrow.id}", replayed)


def get_escrow(books: Books, asked: EscrowId, situation: Situation) -> Reply:
    """Show an escrow."""
    escrow = books.ledger.escrow(asked.escrow_id, situation.now)
    order = escrow.order
    amount, created_at = gateway_money(order.amount), timestamp(escrow.created_at)
    return Reply(
        EscrowDetail(escrow.id, escrow.status, order.payer, order.payee, amount, order.description, created_at)
    )


def list_escrows(books: Books, asked: EscrowQuery, situation: Situation) -> Reply:
    """List an agent's escrows."""
    escrows = books.ledger.escrows_of(asked.agent_id, situation.now)
    return Reply(EscrowList([_row(escrow) for escrow in escrows if asked.status in {None, escrow.status}]))


def release_escrow(books: Books, asked: EscrowId, situation: Situation) -> Reply:
    """Pay the payee."""
    escrow = books.ledger.release_escrow(asked.escrow_id, situation.now)
    return Reply(EscrowEnded(escrow.settlement_id or escrow.id, escrow.status, gateway_money(escrow.order.amount)))


def cancel_escrow(books: Books, asked: EscrowId, situation: Situation) -> Reply:
    """Give the payer its money back."""
    escrow = books.ledger.cancel_escrow(asked.escrow_id, situation.now)
    return Reply(EscrowEnded(escrow.id, escrow.status, gateway_money(escrow.order.amount)))


def _row(escrow: Escrow) -> EscrowRow:
    order = escrow.order
    return EscrowRow(
        id=escrow.id,
        payer=order.payer,
        payee=order.payee,
        amount=gateway_money(order.amount),
        description=order.description,
        idempotency_key=escrow.idempotency_key,
        status=escrow.status,
        settlement_id=escrow.settlement_id,
        timeout_at=None if escrow.timeout_at is None else timestamp(escrow.timeout_at),
        created_at=timestamp(escrow.created_at),
        updated_at=timestamp(escrow.updated_at),
        metadata=None if order.metadata is None else dict(order.metadata),
    )


TOOLS: Tools = {
    "create_escrow": Operation(NewEscrow, create_escrow, EscrowCreated, "payments", "Hold money for a payee."),
    "get_escrow": Operation(EscrowId, get_escrow, EscrowDetail, "payments", "Show an escrow."),
    "list_escrows": Operation(EscrowQuery, list_escrows, EscrowList, "payments", "List an agent's escrows."),
    "release_escrow": Operation(EscrowId, release_escrow, EscrowEnded, "payments", "Pay a held escrow to its payee."),
    "cancel_escrow": Operation(
        EscrowId, cancel_escrow, EscrowEnded, "payments", "Give a held escrow back to its payer."
    ),
}
