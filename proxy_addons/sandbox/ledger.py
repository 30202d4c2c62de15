"""The sandbox's books: one state machine, fed with calls and the time, that never asks either for itself.

Rules it keeps, whatever the calls and their order:
- Money is conserved: wallet balances + held escrows = grants + deposits - withdrawals.
- No balance falls below zero, and every amount moved is above zero.
- An escrow goes held → settled | refunded | expired and an intent pending → settled | refunded
  (settled → refunded), never back; see `escrow.py` and `intent.py`.
- Escrows whose timeout has come expire before the call that brings the time.
- A refused call raises `SandboxError` and changes nothing else.
- An idempotency key, per agent and operation, makes one thing once; see `idempotency.py`.
- Spending keeps to the budget caps of the payer; see `budget.py`.
- Ids are the same for the same calls of an agent, however other agents' calls interleave; see `ids.py`.

Times are seconds since the epoch, amounts are credits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from proxy_addons.exchange import JSON
from proxy_addons.sandbox.budget import Budgets, Caps
from proxy_addons.sandbox.errors import invalid
from proxy_addons.sandbox.escrow import Escrow, EscrowOrder, Escrows, EscrowStatus
from proxy_addons.sandbox.happenings import Happening, Listener, nobody
from proxy_addons.sandbox.idempotency import IdempotencyKeys, Made
from proxy_addons.sandbox.ids import Ids
from proxy_addons.sandbox.intent import Intent, IntentOrder, Intents
from proxy_addons.sandbox.money import gateway_money
from proxy_addons.sandbox.wallet import CashOrder, Kind, Reason, Transaction, Wallets

FREE_CREDITS = Decimal(500)
"""What a new agent starts with (observed on gateway 1.4.8: `POST /v1/register` answers 500.0)."""


class Ledger:
    """Wallets, escrows, payment intents and budgets of one sandbox."""

    def __init__(self, ids: Ids, free_credits: Decimal = FREE_CREDITS, listener: Listener = nobody) -> None:
        self._listener = listener
        self._wallets = Wallets(ids, free_credits)
        self._budgets = Budgets()
        self._escrows = Escrows(ids, self._wallets, self._budgets, listener)
        self._intents = Intents(ids, self._wallets, self._budgets)
        self._keys: dict[Kind, IdempotencyKeys[Transaction]] = {
            Kind.DEPOSIT: IdempotencyKeys(),
            Kind.WITHDRAWAL: IdempotencyKeys(),
        }

    # What the books say, read-only and as of the last call.

    @property
    def balances(self) -> Mapping[str, Decimal]:
        """The wallets that have moved, by agent."""
        return MappingProxyType(self._wallets.balances)

    @property
    def escrows(self) -> Mapping[str, Escrow]:
        """All escrows by their full id."""
        return MappingProxyType(self._escrows.by_id)

    @property
    def intents(self) -> Mapping[str, Intent]:
        """All payment intents by id."""
        return MappingProxyType(self._intents.by_id)

    @property
    def held(self) -> Decimal:
        """Credits locked in held escrows."""
        held = (e.order.amount for e in self._escrows.by_id.values() if e.status is EscrowStatus.HELD)
        return sum(held, Decimal(0))

    @property
    def granted(self) -> Decimal:
        """Credits given away so far."""
        return self._wallets.total(Kind.GRANT)

    @property
    def deposited(self) -> Decimal:
        """Credits paid in so far."""
        return self._wallets.total(Kind.DEPOSIT)

    @property
    def withdrawn(self) -> Decimal:
        """Credits paid out so far."""
        return -self._wallets.total(Kind.WITHDRAWAL)

    # Wallets

    def balance(self, agent: str, now: float) -> Decimal:
        """Credits that the agent can spend."""
        self._escrows.expire(now)
        return self._wallets.balance(agent)

    def transactions(self, agent: str, now: float) -> Sequence[Transaction]:
        """The agent's transactions, oldest first."""
        self._escrows.expire(now)
        return self._wallets.history(agent)

    def fund(self, agent: str, balance: Decimal, now: float) -> Transaction:
        """Set a wallet to a balance; the difference is booked as a grant.

        Raises:
            SandboxError: 422, the balance is below zero.
        """
        if balance < 0:
            raise invalid("balance must not be negative")
        difference = balance - self.balance(agent, now)
        return self._wallets.post(agent, difference, Reason(Kind.GRANT, description="funded"), now)

    def deposit(self, order: CashOrder, now: float, key: str | None = None) -> Made[Transaction]:
        """Pay credits in, or answer with the deposit that the agent's key has made.

        Raises:
            SandboxError: 422, the amount is not above zero; 409, the key came with another body.
        """
        return self._move(order, order.amount, Kind.DEPOSIT, now, key)

    def withdraw(self, order: CashOrder, now: float, key: str | None = None) -> Made[Transaction]:
        """Pay credits out, or answer with the withdrawal that the agent's key has made.

        Raises:
            SandboxError: 422, the amount is not above zero; 402, it is not there; 409 as for `deposit`.
        """
        return self._move(order, -order.amount, Kind.WITHDRAWAL, now, key)

    def _move(self, order: CashOrder, signed: Decimal, kind: Kind, now: float, key: str | None) -> Made[Transaction]:
        _above_zero(order.amount)
        self._escrows.expire(now)
        keys = self._keys[kind]
        known = keys.recall(order.agent, key, order)
        if known is not None:
            return Made(known, replayed=True)
        reason = Reason(kind, description=order.description)
        transaction = self._wallets.post(order.agent, signed, reason, now)
        keys.bind(order.agent, key, order, transaction)
        payload: dict[str, JSON] = {
            "transaction_id": transaction.id,
            "agent_id": order.agent,
            "amount": gateway_money(order.amount),
            "new_balance": gateway_money(transaction.balance_after),
            "description": order.description,
        }
        self._listener(Happening(f"billing.{kind.value}", (order.agent,), str(transaction.id), payload, now))
        return Made(transaction, replayed=False)

    # Budgets

    def set_caps(self, agent: str, caps: Caps) -> None:
        """Replace the agent's budget caps.

        Raises:
            SandboxError: 422, a cap is below zero.
        """
        self._budgets.set(agent, caps)

    def caps(self, agent: str) -> Caps:
        """The agent's budget caps."""
        return self._budgets.caps(agent)

    def spent(self, agent: str, now: float) -> tuple[Decimal, Decimal]:
        """Credits that the agent has spent in the day and in the month of `now` (UTC)."""
        self._escrows.expire(now)
        return self._budgets.spent(agent, now)

    # Escrows

    def create_escrow(self, order: EscrowOrder, now: float, key: str | None = None) -> Made[Escrow]:
        """Hold the payer's money, or answer with the escrow that the payer's key has made.

        Raises:
            SandboxError: 422, amount or timeout is not above zero; 402, balance or budget is too small.
        """
        _above_zero(order.amount)
        if order.timeout_hours is not None and not order.timeout_hours > 0:
            raise invalid("timeout_hours must be greater than 0")
        self._escrows.expire(now)
        return self._escrows.create(order, now, key)

    def escrow(self, escrow_id: str, now: float) -> Escrow:
        """Find an escrow by its full id or by the guide's short one.

        Raises:
            SandboxError: 404, there is none.
        """
        self._escrows.expire(now)
        return self._escrows.get(escrow_id)

    def escrows_of(self, agent: str, now: float) -> list[Escrow]:
        """The escrows that the agent pays or is paid by, oldest first."""
        self._escrows.expire(now)
        return self._escrows.of(agent)

    def release_escrow(self, escrow_id: str, now: float) -> Escrow:
        """Pay the payee; the answer carries the settlement's id.

        Raises:
            SandboxError: 404, or 409 when it is no longer held.
        """
        self._escrows.expire(now)
        return self._escrows.release(escrow_id, now)

    def cancel_escrow(self, escrow_id: str, now: float) -> Escrow:
        """Give the payer its money back.

        Raises:
            SandboxError: 404, or 409 when it is no longer held.
        """
        self._escrows.expire(now)
        return self._escrows.cancel(escrow_id, now)

    # Payment intents

    def create_intent(self, order: IntentOrder, now: float, key: str | None = None) -> Made[Intent]:
        """Note an intent to pay, or answer with the one that the payer's key has made.

        Raises:
            SandboxError: 422, the amount is not above zero; 409, the key came with another body.
        """
        _above_zero(order.amount)
        return self._intents.create(order, now, key)

    def intent(self, intent_id: str) -> Intent:
        """Find an intent.

        Raises:
            SandboxError: 404, there is none.
        """
        return self._intents.get(intent_id)

    def intents_of(self, agent: str) -> list[Intent]:
        """The intents that the agent pays or is paid by, oldest first."""
        return self._intents.of(agent)

    def capture_intent(self, intent_id: str, now: float) -> Intent:
        """Pay the payee.

        Raises:
            SandboxError: 404; 409 when it is not pending; 402 when balance or budget is too small.
        """
        self._escrows.expire(now)
        return self._intents.capture(intent_id, now)

    def refund_intent(self, intent_id: str, now: float) -> Intent:
        """Void a pending intent, or take the money of a settled one back from the payee.

        Raises:
            SandboxError: 404; 409 when it is refunded already; 402 when the payee has spent the money.
        """
        self._escrows.expire(now)
        return self._intents.refund(intent_id, now)


def _above_zero(amount: Decimal) -> None:
    if not amount > 0:
        raise invalid("amount must be greater than 0")
