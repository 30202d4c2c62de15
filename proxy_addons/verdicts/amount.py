"""Sums of money in a journal: decimals, kept apart by currency."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

_MAX_WRITTEN = 40
"""Characters: what is longer, or has an exponent as large, is no sum of money and only costs time."""


def read_amount(written: object) -> Decimal | None:
    """A decimal string or a JSON number, exactly as written. None when it is no finite number."""
    if isinstance(written, bool) or not isinstance(written, (str, int, float)):
        return None
    try:
        text = str(written)
        amount = Decimal(text) if len(text) <= _MAX_WRITTEN else None
    except (InvalidOperation, ValueError):  # ValueError: an int of thousands of digits
        return None
    if amount is None or not amount.is_finite() or abs(amount.adjusted()) > _MAX_WRITTEN:
        return None
    return amount


def show_amount(amount: Decimal, currency: str | None = None) -> str:
    """Write it with two decimals at least: `25.00 CREDITS`."""
    exponent = amount.as_tuple().exponent
    decimals = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{amount:.{decimals}f} {currency or ''}".strip()


def show_total(amounts: Iterable[tuple[object, str | None]]) -> str:
    """Add up (amount, currency) pairs: `50.00 CREDITS, 10.00 USD`. What has no readable amount is counted apart."""
    totals: dict[str, Decimal] = {}
    unreadable = 0
    for written, currency in amounts:
        amount = read_amount(written)
        if amount is None:
            unreadable += 1
        else:
            totals[currency or ""] = totals.get(currency or "", Decimal(0)) + amount
    parts = [show_amount(total, currency) for currency, total in sorted(totals.items())]
    if unreadable:
        parts.append(f"{unreadable} of unknown amount")
    return ", ".join(parts)
