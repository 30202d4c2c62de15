"""Budget caps: what one agent may spend in a day, in a month, in one go.

Rules it keeps:
- Spending is money put into an escrow or paid by a captured intent.
- Days and months are those of UTC; money that comes back makes room in the day and month it left.
- A cap that is set counts what was spent before it.
The caps' fields were observed on gateway 1.4.8; how it refuses spending above them was not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from proxy_addons.sandbox.errors import SandboxError, invalid
from proxy_addons.sandbox.money import gateway_money

ALERT_THRESHOLD = 0.8
"""The share of a cap at which the gateway warns (observed on 1.4.8)."""


@dataclass(frozen=True, slots=True)
class Caps:
    """Credits; None is no cap. `per_transaction` is the guide's, the gateway has none."""

    daily: Decimal | None = None
    monthly: Decimal | None = None
    per_transaction: Decimal | None = None


type _Window = tuple[str, int, int, int]


class Budgets:
    """The caps of every agent, and what it has spent."""

    def __init__(self) -> None:
        self._caps: dict[str, Caps] = {}
        self._spent: dict[_Window, Decimal] = {}

    def caps(self, agent: str) -> Caps:
        """The caps in force."""
        return self._caps.get(agent, Caps())

    def set(self, agent: str, caps: Caps) -> None:
        """Replace the agent's caps.

        Raises:
            SandboxError: 422, a cap is below zero.
        """
        for name, cap in (("daily", caps.daily), ("monthly", caps.monthly), ("transaction", caps.per_transaction)):
            if cap is not None and cap < 0:
                raise invalid(f"the {name} cap must not be negative")
        self._caps[agent] = caps

    def spent(self, agent: str, now: float) -> tuple[Decimal, Decimal]:
        """Credits spent in the day and in the month of `now`."""
        day, month = _windows(agent, now)
        return self._spent.get(day, Decimal(0)), self._spent.get(month, Decimal(0))

    def check(self, agent: str, amount: Decimal, now: float) -> None:
        """See whether the caps leave room for the amount.

        Raises:
            SandboxError: 402, they do not.
        """
        caps = self._caps.get(agent)
        if caps is None:
            return
        today, this_month = self.spent(agent, now)
        for name, cap, total in (
            ("per-transaction", caps.per_transaction, amount),
            ("daily", caps.daily, today + amount),
            ("monthly", caps.monthly, this_month + amount),
        ):
            if cap is not None and total > cap:
                detail = f"The {name} cap of {gateway_money(cap)} would be passed: {gateway_money(total)}"
                raise SandboxError("budget-exceeded", detail)

    def spend(self, agent: str, amount: Decimal, at: float) -> None:
        """Count what was spent. A negative amount is money that came back, `at` the time it had left."""
        for window in _windows(agent, at):
            self._spent[window] = self._spent.get(window, Decimal(0)) + amount


def _windows(agent: str, at: float) -> tuple[_Window, _Window]:
    day = datetime.fromtimestamp(at, UTC)
    return (agent, day.year, day.month, day.day), (agent, day.year, day.month, 0)
