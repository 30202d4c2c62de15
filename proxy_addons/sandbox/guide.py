"""Dialect A: `POST /v1` with `{"tool","input"}`, answered in the shapes of the testing guide.

The guide says `escrow_id` where the gateway says `id`, `pending → released | cancelled | expired` where
the gateway says `held → settled | refunded | expired`, 200 where it says 201, and `USD`. The books are
the same: what one dialect creates, the other finds. Fields that a tool does not know are passed over.
A tool that the guide gives no shape answers in the gateway's.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from proxy_addons.exchange import Request
from proxy_addons.sandbox.budget import Caps
from proxy_addons.sandbox.errors import SandboxError, invalid
from proxy_addons.sandbox.escrow import Escrow, EscrowStatus
from proxy_addons.sandbox.gateway.billing import Cash, Wallet, read_cap
from proxy_addons.sandbox.gateway.escrows import Currency, EscrowId, NewEscrow
from proxy_addons.sandbox.gateway.tools import find_tool
from proxy_addons.sandbox.money import guide_money
from proxy_addons.sandbox.operation import Agent, Amount, Books, Input, Operation, Output, Reply, Situation, Tools
from proxy_addons.sandbox.reading import encodable, object_body

_STATUS = {
    EscrowStatus.HELD: "pending",
    EscrowStatus.SETTLED: "released",
    EscrowStatus.REFUNDED: "cancelled",
    EscrowStatus.EXPIRED: "expired",
}
_ENVELOPE = frozenset({"tool", "input", "params"})


class GuideEscrow(NewEscrow):
    """The guide's escrows are in USD unless they say otherwise."""

    currency: Currency = "USD"


class GuideQuery(Input):
    """An agent's escrows, by the guide's words for the states."""

    agent_id: Agent
    status: Literal["pending", "released", "cancelled", "expired"] | None = None


class Limits(Input):
    """The guide's budget caps; one that is left out or null is no cap."""

    agent_id: Agent
    daily_limit: Amount | None = None
    monthly_limit: Amount | None = None
    per_transaction_limit: Amount | None = None


class Failure(Output):
    """`{"type":"error","title":"Escrow not found","status":404}`."""

    type: str
    title: str
    status: int


class EscrowRecord(Output):
    """An escrow; times are seconds since the epoch, and one that did not come is left out."""

    escrow_id: str
    payer: str
    payee: str
    amount: str
    currency: str
    status: str
    created_at: float
    released_at: float | msgspec.UnsetType = msgspec.UNSET
    cancelled_at: float | msgspec.UnsetType = msgspec.UNSET
    expired_at: float | msgspec.UnsetType = msgspec.UNSET


class EscrowRecords(Output):
    """Escrows, oldest first."""

    escrows: list[EscrowRecord]


class WalletBalance(Output):
    """`{"agent_id":"a","balance":"100.00","currency":"USD"}`."""

    agent_id: str
    balance: str
    currency: str = "USD"


class Deposited(Output):
    """What was paid in, and the balance after it."""

    agent_id: str
    deposited: str
    balance: str
    currency: str = "USD"


class Withdrawn(Output):
    """What was paid out, and the balance after it."""

    agent_id: str
    withdrawn: str
    balance: str
    currency: str = "USD"


class LimitsSet(Output):
    """The caps as they were set."""

    agent_id: str
    daily_limit: str | None
    monthly_limit: str | None
    per_transaction_limit: str | None
    currency: str = "USD"


def failure(error: SandboxError) -> Failure:
    """A refusal in the guide's words."""
    title = error.detail
    if error.code == "escrow-not-found":
        title = error.title
    elif error.code == "invalid-state":
        state = error.context["state"]
        if error.context["thing"] == "escrow":
            state = _STATUS[EscrowStatus(state)]
        title = f"Cannot {error.context['verb']} {error.context['thing']} in state '{state}'"
    return Failure("error", title, error.status)


def answer(books: Books, request: Request, situation: Situation) -> Reply:
    """Do what a tool call asks, as a body on `/v1` and `/v1/v1` or as `/v1/{tool}`.

    Raises:
        SandboxError: 404 or 501, the tool is unknown or not simulated; else as the operation refuses.
    """
    body = object_body(request)
    if request.path in {"/v1", "/v1/v1"}:
        tool, enveloped = body.get("tool"), True
    else:
        tool, enveloped = encodable(request.path.removeprefix("/v1/")), bool(body) and body.keys() <= _ENVELOPE
    given = body.get("input", body.get("params", {})) if enveloped else body
    if not isinstance(given, dict):
        raise invalid("input must be an object")
    operation = _SHAPED.get(tool) if isinstance(tool, str) else None
    if operation is None:
        operation = find_tool(tool)
        caller = given.get("agent_id")
        if isinstance(caller, str) and caller:
            situation = msgspec.structs.replace(situation, caller=caller)
    return operation(books, given, situation, lax=True)._replace(status=200, location=None)


def create_escrow(books: Books, asked: GuideEscrow, situation: Situation) -> Reply:
    """Hold the payer's money."""
    made = books.ledger.create_escrow(asked.order(), situation.now, situation.key(asked.idempotency_key))
    return Reply(_record(made.value), replayed=made.replayed)


def get_escrow(books: Books, asked: EscrowId, situation: Situation) -> Reply:
    """Show an escrow."""
    return Reply(_record(books.ledger.escrow(asked.escrow_id, situation.now)))


def list_escrows(books: Books, asked: GuideQuery, situation: Situation) -> Reply:
    """List an agent's escrows."""
    escrows = books.ledger.escrows_of(asked.agent_id, situation.now)
    return Reply(EscrowRecords([_record(one) for one in escrows if asked.status in {None, _STATUS[one.status]}]))


def release_escrow(books: Books, asked: EscrowId, situation: Situation) -> Reply:
    """Pay the payee."""
    return Reply(_record(books.ledger.release_escrow(asked.escrow_id, situation.now)))


def cancel_escrow(books: Books, asked: EscrowId, situation: Situation) -> Reply:
    """Give the payer its money back."""
    return Reply(_record(books.ledger.cancel_escrow(asked.escrow_id, situation.now)))


def get_balance(books: Books, asked: Wallet, situation: Situation) -> Reply:
    """Tell a balance."""
    return Reply(WalletBalance(asked.agent_id, guide_money(books.ledger.balance(asked.agent_id, situation.now))))


def deposit(books: Books, asked: Cash, situation: Situation) -> Reply:
    """Pay credits in."""
    paid, replayed = books.ledger.deposit(asked.order(), situation.now, situation.key(asked.idempotency_key))
    return Reply(Deposited(paid.agent, guide_money(paid.amount), guide_money(paid.balance_after)), replayed=replayed)


def withdraw(books: Books, asked: Cash, situation: Situation) -> Reply:
    """Pay credits out."""
    paid, replayed = books.ledger.withdraw(asked.order(), situation.now, situation.key(asked.idempotency_key))
    return Reply(Withdrawn(paid.agent, guide_money(-paid.amount), guide_money(paid.balance_after)), replayed=replayed)


def set_budget_cap(books: Books, asked: Limits, _situation: Situation) -> Reply:
    """Replace an agent's caps."""
    daily, monthly = read_cap(asked.daily_limit, "daily_limit"), read_cap(asked.monthly_limit, "monthly_limit")
    single = read_cap(asked.per_transaction_limit, "per_transaction_limit")
    books.ledger.set_caps(asked.agent_id, Caps(daily, monthly, single))
    return Reply(LimitsSet(asked.agent_id, _written(daily), _written(monthly), _written(single)))


def _record(escrow: Escrow) -> EscrowRecord:
    order, status = escrow.order, escrow.status
    return EscrowRecord(
        escrow_id=escrow.short_id,
        payer=order.payer,
        payee=order.payee,
        amount=guide_money(order.amount),
        currency=order.currency,
        status=_STATUS[status],
        created_at=escrow.created_at,
        released_at=escrow.updated_at if status is EscrowStatus.SETTLED else msgspec.UNSET,
        cancelled_at=escrow.updated_at if status is EscrowStatus.REFUNDED else msgspec.UNSET,
        expired_at=escrow.updated_at if status is EscrowStatus.EXPIRED else msgspec.UNSET,
    )


def _written(cap: Decimal | None) -> str | None:
    return None if cap is None else guide_money(cap)


_SHAPED: Tools = {
    "create_escrow": Operation(GuideEscrow, create_escrow, EscrowRecord),
    "get_escrow": Operation(EscrowId, get_escrow, EscrowRecord),
    "list_escrows": Operation(GuideQuery, list_escrows, EscrowRecords),
    "release_escrow": Operation(EscrowId, release_escrow, EscrowRecord),
    "cancel_escrow": Operation(EscrowId, cancel_escrow, EscrowRecord),
    "get_balance": Operation(Wallet, get_balance, WalletBalance),
    "deposit": Operation(Cash, deposit, Deposited),
    "withdraw": Operation(Cash, withdraw, Withdrawn),
    "set_budget_cap": Operation(Limits, set_budget_cap, LimitsSet),
}
"""The tools that the guide gives shapes of its own."""
