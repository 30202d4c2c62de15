"""Wallets and budget caps: `/v1/billing/wallets/…`.

Balance, deposit and setting the caps were observed on gateway 1.4.8; withdrawal, transactions and the
budget's status follow their pattern.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec

from proxy_addons.sandbox.budget import ALERT_THRESHOLD, Caps
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
)
from proxy_addons.sandbox.wallet import CashOrder, Transaction

PageSize = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Offset = Annotated[int, msgspec.Meta(ge=0)]


class Wallet(Input):
    """One agent's wallet."""

    agent_id: Agent


class Cash(Input):
    """A deposit or a withdrawal."""

    agent_id: Agent
    amount: Amount
    description: Text = ""
    idempotency_key: Key | None = None

    def order(self) -> CashOrder:
        """The same in the ledger's terms."""
        return CashOrder(self.agent_id, read_amount(self.amount), self.description)


class Page(Input):
    """A page of an agent's records, newest first."""

    agent_id: Agent
    limit: PageSize = 100
    offset: Offset = 0


class BudgetCaps(Input):
    """New caps; one that is left out or null is no cap."""

    agent_id: Agent
    daily_cap: Amount | None = None
    monthly_cap: Amount | None = None


class Balance(Output):
    """`{"balance":"1474.62"}`."""

    balance: str


class NewBalance(Output):
    """`{"new_balance":"1484.62","transaction_id":8}`."""

    new_balance: str
    transaction_id: int


class TransactionRow(Output):
    """One posting; `amount` has a sign, `reference` is the escrow or intent behind it."""

    id: int
    type: str
    amount: str
    balance_after: str
    reference: str
    description: str
    created_at: str


class TransactionPage(Output):
    """An agent's transactions, newest first."""

    transactions: list[TransactionRow]


class Budget(Output):
    """The caps as they were set."""

    agent_id: str
    daily_cap: str | None
    monthly_cap: str | None
    alert_threshold: float = ALERT_THRESHOLD


class BudgetStatus(Output):
    """The caps and what was spent of them."""

    agent_id: str
    daily_cap: str | None
    monthly_cap: str | None
    daily_spent: str
    monthly_spent: str
    alert_threshold: float = ALERT_THRESHOLD


def get_balance(books: Books, asked: Wallet, situation: Situation) -> Reply:
    """Tell a balance."""
    return Reply(Balance(gateway_money(books.ledger.balance(asked.agent_id, situation.now))))


def deposit(books: Books, asked: Cash, situation: Situation) -> Reply:
    """Pay credits in."""
    made = books.ledger.deposit(asked.order(), situation.now, situation.key(asked.idempotency_key))
    return Reply(_new_balance(made.value), replayed=made.replayed)


def withdraw(books: Books, asked: Cash, situation: Situation) -> Reply:
    """Pay credits out."""
    made = books.ledger.withdraw(asked.order(), situation.now, situation.key(asked.idempotency_key))
    return Reply(_new_balance(made.value), replayed=made.replayed)


def get_transactions(books: Books, asked: Page, situation: Situation) -> Reply:
    """List what moved in a wallet."""
    newest_first = books.ledger.transactions(asked.agent_id, situation.now)[::-1]
    return Reply(TransactionPage([_row(one) for one in newest_first[asked.offset : asked.offset + asked.limit]]))


def set_budget_cap(books: Books, asked: BudgetCaps, _situation: Situation) -> Reply:
    """Replace an agent's caps."""
    daily, monthly = read_cap(asked.daily_cap, "daily_cap"), read_cap(asked.monthly_cap, "monthly_cap")
    books.ledger.set_caps(asked.agent_id, Caps(daily, monthly))
    return Reply(Budget(asked.agent_id, _written(daily), _written(monthly)))


def get_budget_status(books: Books, asked: Wallet, situation: Situation) -> Reply:
    """Tell an agent's caps and what it has spent."""
    caps = books.ledger.caps(asked.agent_id)
    today, this_month = (gateway_money(sum_) for sum_ in books.ledger.spent(asked.agent_id, situation.now))
    return Reply(BudgetStatus(asked.agent_id, _written(caps.daily), _written(caps.monthly), today, this_month))


def read_cap(given: str | float | None, field: str) -> Decimal | None:
    """Read a cap; None is no cap.

    Raises:
        SandboxError: 422, it is no amount.
    """
    return None if given is None else read_amount(given, field)


def _new_balance(transaction: Transaction) -> NewBalance:
    return NewBalance(gateway_money(transaction.balance_after), transaction.id)


def _row(transaction: Transaction) -> TransactionRow:
    return TransactionRow(
        transaction.id,
        transaction.reason.kind,
        gateway_money(transaction.amount),
        gateway_money(transaction.balance_after),
        transaction.reason.reference,
        transaction.reason.description,
        timestamp(transaction.created_at),
    )


def _written(cap: Decimal | None) -> str | None:
    return None if cap is None else gateway_money(cap)


TOOLS: Tools = {
    "get_balance": Operation(Wallet, get_balance, Balance, "billing", "Tell the balance of a wallet."),
    "deposit": Operation(Cash, deposit, NewBalance, "billing", "Pay credits into a wallet."),
    "withdraw": Operation(Cash, withdraw, NewBalance, "billing", "Pay credits out of a wallet."),
    "get_transactions": Operation(Page, get_transactions, TransactionPage, "billing", "List what moved in a wallet."),
    "set_budget_cap": Operation(BudgetCaps, set_budget_cap, Budget, "billing", "Set an agent's budget caps."),
    "get_budget_status": Operation(
        Wallet, get_budget_status, BudgetStatus, "billing", "Tell an agent's budget caps and spending."
    ),
}
