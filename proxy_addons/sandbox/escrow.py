"""Escrows: held → settled | refunded | expired.

Rules it keeps:
- Only a held escrow changes, once; the other three states are final.
- Holding takes the amount out of the payer's wallet; settling gives it to the payee, refunding and
  expiring give it back to the payer.
- A held escrow expires when `now` reaches its timeout, in the order of the timeouts. One without a
  timeout is held for ever. A clock that runs backwards revives nothing.
- The listener hears of each change once, after it was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from heapq import heappop, heappush

import msgspec

from proxy_addons.exchange import JSON
from proxy_addons.sandbox.budget import Budgets
from proxy_addons.sandbox.errors import SandboxError, invalid_state
from proxy_addons.sandbox.happenings import Happening, Listener, nobody
from proxy_addons.sandbox.idempotency import IdempotencyKeys, Made
from proxy_addons.sandbox.ids import Ids
from proxy_addons.sandbox.money import gateway_money
from proxy_addons.sandbox.wallet import Kind, Reason, Wallets

_SHORT = 12
_HOUR = 3600.0


class EscrowStatus(StrEnum):
    """The gateway's words for the states."""

    HELD = "held"
    SETTLED = "settled"
    REFUNDED = "refunded"
    EXPIRED = "expired"


_ENDINGS = {
    EscrowStatus.SETTLED: "released",
    EscrowStatus.REFUNDED: "cancelled",
    EscrowStatus.EXPIRED: "expired",
}
"""What happened when it came to each of these states, in the words of the gateway's events."""


class EscrowOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the payer asks for. `amount` is in credits, above zero."""

    payer: str
    payee: str
    amount: Decimal
    currency: str = "CREDITS"
    description: str = ""
    timeout_hours: float | None = None
    metadata: Mapping[str, JSON] | None = None


class Escrow(msgspec.Struct, frozen=True, kw_only=True):
    """An escrow as it stands. Times are seconds since the epoch."""

    id: str
    order: EscrowOrder
    status: EscrowStatus
    idempotency_key: str | None
    created_at: float
    updated_at: float
    timeout_at: float | None
    settlement_id: str | None = None

    @property
    def short_id(self) -> str:
        """The same id as the guide writes it: `esc_` and 12 hex digits."""
        return f"esc_{self.id[:_SHORT]}"


class Escrows:
    """Every escrow of one sandbox."""

    def __init__(self, ids: Ids, wallets: Wallets, budgets: Budgets, listener: Listener = nobody) -> None:
        self._ids = ids
        self._listener = listener
        self._wallets = wallets
        self._budgets = budgets
        self._keys: IdempotencyKeys[str] = IdempotencyKeys(compare_bodies=False)
        self._by_id: dict[str, Escrow] = {}
        self._full_ids: dict[str, str] = {}
        self._by_agent: dict[str, list[str]] = {}
        self._timeouts: list[tuple[float, str]] = []

    @property
    def by_id(self) -> Mapping[str, Escrow]:
        """All escrows by their full id, oldest first."""
        return self._by_id

    def of(self, agent: str) -> list[Escrow]:
        """The escrows that the agent pays or is paid by, oldest first."""
        return [self._by_id[escrow_id] for escrow_id in self._by_agent.get(agent, ())]

    def get(self, escrow_id: str) -> Escrow:
        """Find an escrow by its full id or by the guide's short one.

        Raises:
            SandboxError: 404, there is none.
        """
        escrow = self._by_id.get(self._full_ids.get(escrow_id, escrow_id))
        if escrow is None:
            raise SandboxError("escrow-not-found", f"Escrow not found: {escrow_id}")
        return escrow

    def create(self, order: EscrowOrder, now: float, key: str | None) -> Made[Escrow]:
        """Hold the payer's money, or answer with the escrow that the payer's key has made.

        Raises:
            SandboxError: 402, the balance or a budget cap is too small.
        """
        known = self._keys.recall(order.payer, key, order)
        if known is not None:
            return Made(self._by_id[known], replayed=True)
        self._budgets.check(order.payer, order.amount, now)
        self._wallets.check(order.payer, order.amount)
        escrow = Escrow(
            id=self._draw_id(order),
            order=order,
            status=EscrowStatus.HELD,
            idempotency_key=key,
            created_at=now,
            updated_at=now,
            timeout_at=None if order.timeout_hours is None else now + order.timeout_hours * _HOUR,
        )
        self._wallets.post(order.payer, -order.amount, Reason(Kind.ESCROW_HOLD, escrow.id), now)
        self._budgets.spend(order.payer, order.amount, now)
        self._keys.bind(order.payer, key, order, escrow.id)
        self._file(escrow)
        self._tell("created", escrow)
        return Made(escrow, replayed=False)

    def release(self, escrow_id: str, now: float) -> Escrow:
        """Pay the payee.

        Raises:
            SandboxError: 404, or 409 when it is no longer held.
        """
        escrow = self._held(escrow_id, "release")
        settlement_id = self._ids.draw("settlement", escrow.id)
        return self._end(escrow, EscrowStatus.SETTLED, now, settlement_id)

    def cancel(self, escrow_id: str, now: float) -> Escrow:
        """Give the payer its money back.

        Raises:
            SandboxError: 404, or 409 when it is no longer held.
        """
        return self._end(self._held(escrow_id, "cancel"), EscrowStatus.REFUNDED, now)

    def expire(self, now: float) -> None:
        """End every held escrow whose time is up."""
        while self._timeouts and self._timeouts[0][0] <= now:
            timeout_at, escrow_id = heappop(self._timeouts)
            escrow = self._by_id[escrow_id]
            if escrow.status is EscrowStatus.HELD:
                self._end(escrow, EscrowStatus.EXPIRED, timeout_at)

    def _draw_id(self, order: EscrowOrder) -> str:
        parts = (order.payee, f"{order.amount.normalize():f}", order.currency, order.description)
        while True:
            drawn = self._ids.draw("escrow", order.payer, *parts)
            if f"esc_{drawn[:_SHORT]}" not in self._full_ids:
                return drawn

    def _file(self, escrow: Escrow) -> None:
        self._by_id[escrow.id] = escrow
        self._full_ids[escrow.short_id] = escrow.id
        for agent in {escrow.order.payer, escrow.order.payee}:
            self._by_agent.setdefault(agent, []).append(escrow.id)
        if escrow.timeout_at is not None:
            heappush(self._timeouts, (escrow.timeout_at, escrow.id))

    def _held(self, escrow_id: str, verb: str) -> Escrow:
        escrow = self.get(escrow_id)
        if escrow.status is not EscrowStatus.HELD:
            raise invalid_state(verb, "escrow", escrow.status, EscrowStatus.HELD)
        return escrow

    def _end(self, escrow: Escrow, status: EscrowStatus, now: float, settlement_id: str | None = None) -> Escrow:
        order = escrow.order
        if status is EscrowStatus.SETTLED:
            self._wallets.post(order.payee, order.amount, Reason(Kind.ESCROW_SETTLEMENT, escrow.id), now)
        else:
            self._wallets.post(order.payer, order.amount, Reason(Kind.ESCROW_REFUND, escrow.id), now)
            self._budgets.spend(order.payer, -order.amount, escrow.created_at)
        ended = msgspec.structs.replace(escrow, status=status, updated_at=now, settlement_id=settlement_id)
        self._by_id[escrow.id] = ended
        self._tell(_ENDINGS[status], ended)
        return ended

    def _tell(self, what: str, escrow: Escrow) -> None:
        order = escrow.order
        payload: dict[str, JSON] = {
            "id": escrow.id,
            "escrow_id": escrow.short_id,
            "state": escrow.status.value,
            "payer": order.payer,
            "payee": order.payee,
            "amount": gateway_money(order.amount),
            "currency": order.currency,
        }
        if escrow.settlement_id is not None:
            payload["settlement_id"] = escrow.settlement_id
        agents = (order.payer, order.payee)
        self._listener(Happening(f"escrow.{what}", agents, escrow.id, payload, escrow.updated_at))
