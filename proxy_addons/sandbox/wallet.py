"""Wallets and the transactions that explain their balances.

Rules it keeps:
- An agent not seen before has `free_credits`; they are booked as a grant when its wallet first moves,
  and looking at a balance books nothing.
- A balance is the sum of its transactions, and never below zero.
- Money enters by grants and deposits and leaves by withdrawals; every other posting moves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

import msgspec

from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.ids import Ids
from proxy_addons.sandbox.money import gateway_money


class Kind(StrEnum):
    """Why money moved."""

    GRANT = "grant"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    ESCROW_HOLD = "escrow_hold"
    ESCROW_SETTLEMENT = "escrow_settlement"
    ESCROW_REFUND = "escrow_refund"
    PAYMENT_SENT = "payment_sent"
    PAYMENT_RECEIVED = "payment_received"
    REFUND_SENT = "refund_sent"
    REFUND_RECEIVED = "refund_received"


class Reason(msgspec.Struct, frozen=True):
    """What a posting is for. `reference` names the escrow or intent, if there is one."""

    kind: Kind
    reference: str = ""
    description: str = ""


class Transaction(msgspec.Struct, frozen=True):
    """One posting. `amount` is signed, `created_at` is in seconds since the epoch."""

    id: int
    agent: str
    reason: Reason
    amount: Decimal
    balance_after: Decimal
    created_at: float


class CashOrder(msgspec.Struct, frozen=True):
    """What an agent asks to pay in or out. `amount` is in credits, above zero."""

    agent: str
    amount: Decimal
    description: str = ""


_FREE_CREDITS = Reason(Kind.GRANT, description="free credits")


class Wallets:
    """Every agent's wallet, in one currency."""

    def __init__(self, ids: Ids, free_credits: Decimal) -> None:
        self._ids = ids
        self._free_credits = free_credits
        self._balances: dict[str, Decimal] = {}
        self._history: dict[str, list[Transaction]] = {}
        self._totals = dict.fromkeys(Kind, Decimal(0))

    @property
    def balances(self) -> Mapping[str, Decimal]:
        """The balances of the wallets that have moved."""
        return self._balances

    def total(self, kind: Kind) -> Decimal:
        """The signed sum of all postings of one kind."""
        return self._totals[kind]

    def balance(self, agent: str) -> Decimal:
        """Credits that the agent can spend."""
        return self._balances.get(agent, self._free_credits)

    def history(self, agent: str) -> Sequence[Transaction]:
        """The agent's transactions, oldest first."""
        return self._history.get(agent, ())

    def check(self, agent: str, amount: Decimal) -> None:
        """See whether the wallet holds the amount.

        Raises:
            SandboxError: 402, it does not.
        """
        balance = self.balance(agent)
        if balance < amount:
            detail = f"Insufficient balance: {gateway_money(balance)} available, {gateway_money(amount)} required"
            raise SandboxError("insufficient-balance", detail)

    def post(self, agent: str, amount: Decimal, reason: Reason, now: float) -> Transaction:
        """Add a signed amount to a wallet.

        Raises:
            SandboxError: 402, the wallet would fall below zero; nothing was posted.
        """
        self.check(agent, -amount)
        if agent not in self._history:
            self._history[agent] = []
            self._balances[agent] = Decimal(0)
            self._record(agent, self._free_credits, _FREE_CREDITS, now)
        return self._record(agent, amount, reason, now)

    def _record(self, agent: str, amount: Decimal, reason: Reason, now: float) -> Transaction:
        subject = (agent, reason.kind, f"{amount.normalize():f}", reason.reference, reason.description)
        after = self._balances[agent] + amount
        transaction = Transaction(self._ids.number("transaction", *subject), agent, reason, amount, after, now)
        self._balances[agent] = after
        self._history[agent].append(transaction)
        self._totals[reason.kind] += amount
        return transaction
