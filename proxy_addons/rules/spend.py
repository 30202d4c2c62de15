"""What a call spends, and what the budget says to it. All amounts are decimals."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from proxy_addons.exchange import Call

_MOST = Decimal("1e18")
"""What is more counts as this much: sums stay exact, and no exponent is too large to add."""


@dataclass(frozen=True, slots=True)
class Spend:
    """The amount that a mutating call names, in the currency it names (None: the provider's own).

    `intent` tells a retry from another purchase: the idempotency key where there is one, with the amount, since
    a key that is used again for another amount is another purchase.
    """

    operation: str
    amount: Decimal
    currency: str | None
    intent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """Caps on spend. A budget in one currency refuses a call that names another: it cannot compare them."""

    per_call: Decimal | None = None
    per_run: Decimal | None = None
    currency: str | None = None

    def refuses(self, spend: Spend) -> str:
        """Why this one call is above the budget, whatever was spent before; empty when it is not."""
        if self.currency and spend.currency and spend.currency.upper() != self.currency.upper():
            return f"{spend.operation} is in {spend.currency}, the budget in {self.currency}"
        if self.per_call is not None and spend.amount > self.per_call:
            return f"{spend.operation} of {spend.amount} is above the budget of {self.per_call} per call"
        return ""


def spend_of(call: Call, agent: str) -> Spend | None:
    """The spend of a call: its input's `amount`, when it mutates and names one that is a finite number."""
    if call.safe or not isinstance(call.input, dict):
        return None
    written = call.input.get("amount")
    if isinstance(written, bool) or not isinstance(written, (str, int, float)):
        return None
    try:
        amount = Decimal(str(written))
    except InvalidOperation:
        return None
    if not amount.is_finite():
        return None
    amount = min(amount, _MOST)
    currency = call.input.get("currency")
    which = ("key", call.key, str(amount.normalize())) if call.key else ("digest", call.digest, str(call.ordinal))
    intent = (agent, call.operation, *which)
    return Spend(call.operation, amount, currency if isinstance(currency, str) else None, intent)
