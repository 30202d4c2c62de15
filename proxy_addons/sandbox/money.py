"""Amounts between the wire and the books: `Decimal` inside, strings outside.

The gateway writes `25.0` for what was sent as `25.00` (observed on 1.4.8); the guide writes `25.00`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from math import isfinite

from proxy_addons.sandbox.errors import invalid

DECIMALS = 8
"""Fraction digits that the books keep."""

LARGEST = 10**12
"""Credits that one call may move, so that no sum comes near the 28 digits of a `Decimal`."""

_WRITTEN = re.compile(r"[+-]?[0-9]{1,32}(?:\.[0-9]{1,32})?")
_GRAIN = Decimal(1).scaleb(-DECIMALS)


def read_amount(value: str | float, field: str = "amount") -> Decimal:
    """Read an amount as agents send it: `"25.00"`, `25` or, like the official client, `25.0`.

    A float is rounded to `DECIMALS`, since what follows is its binary noise; a string is not.

    Raises:
        SandboxError: 422, it is no finite decimal number, too large or too fine.
    """
    if isinstance(value, str):
        if not _WRITTEN.fullmatch(value):
            raise invalid(f"{field} is not a decimal number")
        amount = Decimal(value)
    elif isinstance(value, int):
        amount = Decimal(value)
    elif isfinite(value):
        amount = Decimal(repr(value))
        if abs(amount) <= LARGEST:
            amount = amount.quantize(_GRAIN)
    else:
        raise invalid(f"{field} is not a finite number")
    if abs(amount) > LARGEST:
        raise invalid(f"{field} must be at most {LARGEST}")
    if amount != amount.quantize(_GRAIN):
        raise invalid(f"{field} must have at most {DECIMALS} decimal places")
    return amount


def gateway_money(amount: Decimal) -> str:
    """`25.0`, `1474.62`: no zero at the end but the one after the point."""
    written = f"{amount.normalize():f}"
    return written if "." in written else f"{written}.0"


def guide_money(amount: Decimal) -> str:
    """`25.00`, `1474.62`, `0.001`: at least two decimals."""
    whole, _, fraction = f"{amount.normalize():f}".partition(".")
    return f"{whole}.{fraction:0<2}"
