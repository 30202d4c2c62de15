"""The quantities a person writes: `250ms`, `16KB`, `64KB/s`, `"25.00"`.

Each is a pydantic type that reads the written form and holds base units: seconds, bytes, bytes per
second, `Decimal`. A bare number is refused where a unit is needed, for 250 could be either.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_SECONDS = {"us": Decimal("1e-6"), "ms": Decimal("1e-3"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600)}
_BYTES = {
    unit: Decimal(size)
    for unit, size in {
        "B": 1,
        "KB": 1000,
        "MB": 1000**2,
        "GB": 1000**3,
        "KiB": 1024,
        "MiB": 1024**2,
        "GiB": 1024**3,
    }.items()
}
_QUANTITY = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,40})?)\s*([A-Za-z]+)\s*")  # 15 digits: always finite
_MONEY = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def _quantity(value: object, units: dict[str, Decimal], example: str) -> float:
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in units:
        raise ValueError(f"not a quantity; write a number and one of {', '.join(units)}, like {example}")
    return float(Decimal(match[1]) * units[match[2]])


def parse_duration(value: object) -> float:
    """Read `250ms`, `5s` or `2m` into seconds. Zero needs no unit.

    Raises:
        ValueError: it is none of these, or negative.
    """
    if value == 0 and not isinstance(value, bool):
        return 0.0
    if isinstance(value, float):
        raise ValueError("a duration needs a unit, like 250ms or 5s")
    return _quantity(value, _SECONDS, "250ms or 5s")


def parse_size(value: object) -> int:
    """Read `16KB` (1000) or `16KiB` (1024) into bytes. A bare whole number counts bytes.

    Raises:
        ValueError: it is none of these, or negative.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise ValueError("a size cannot be negative")
        return value
    return int(_quantity(value, _BYTES, "16KB"))


def parse_rate(value: object) -> float:
    """Read `64KB/s` into bytes per second.

    Raises:
        ValueError: it is none of these, or zero.
    """
    if not isinstance(value, str) or not value.strip().endswith("/s"):
        raise ValueError("not a rate; write a size per second, like 64KB/s")
    rate = _quantity(value.strip()[:-2], _BYTES, "64KB/s")
    if rate <= 0:
        raise ValueError("a rate must be above zero; to stop all traffic use the fault `timeout`")
    return rate


def parse_money(value: object) -> Decimal:
    """Read a decimal string, like `"25.00"`. A float is refused: it has lost cents already.

    Raises:
        ValueError: it is no decimal string.
    """
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if not isinstance(value, str) or not _MONEY.fullmatch(value):
        raise ValueError('not an amount; write a decimal in quotes, like "25.00"')
    try:
        return Decimal(value)
    except InvalidOperation as error:  # pragma: no cover - the pattern admits only decimals
        raise ValueError("not an amount") from error


def show_duration(seconds: float) -> str:
    """Write seconds the way a person would: `250ms`, `5s`, `2m`."""
    if 0 < seconds < 1:
        return f"{seconds * 1000:.10g}ms"
    if seconds >= 60 and seconds % 60 == 0:
        return f"{seconds / 60:.10g}m"
    return f"{seconds:.10g}s"


def write_duration(seconds: float) -> str:
    """Write seconds so that `parse_duration` reads exactly the same number back."""
    short = show_duration(seconds)
    return short if "e" not in short and parse_duration(short) == seconds else f"{Decimal(repr(seconds)):f}s"


def write_rate(rate: float) -> str:
    """Write bytes per second so that `parse_rate` reads exactly the same number back."""
    return f"{Decimal(repr(rate)):f}B/s"


_SIZE_PATTERN = r"[0-9]+(\.[0-9]+)?\s*(B|KB|MB|GB|KiB|MiB|GiB)"
_DURATION_SCHEMA = {
    "type": ["string", "integer"],
    "pattern": r"^[0-9]+(\.[0-9]+)?\s*(us|ms|s|m|h)$",
    "minimum": 0,
    "maximum": 0,
    "examples": ["250ms", "5s", "2m"],
}
_SIZE_SCHEMA = {"type": ["string", "integer"], "pattern": f"^{_SIZE_PATTERN}$", "minimum": 0, "examples": ["16KB"]}
_RATE_SCHEMA = {"type": "string", "pattern": f"^{_SIZE_PATTERN}/s$", "examples": ["64KB/s"]}
_MONEY_SCHEMA = {"type": ["string", "integer"], "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["25.00"]}

Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(write_duration, return_type=str, when_used="json-unless-none"),
    WithJsonSchema(_DURATION_SCHEMA),
]
"""Seconds, written `250ms`, `5s`, `2m`."""

Size = Annotated[int, BeforeValidator(parse_size), WithJsonSchema(_SIZE_SCHEMA)]
"""Bytes, written `16KB`."""

Rate = Annotated[
    float,
    BeforeValidator(parse_rate),
    PlainSerializer(write_rate, return_type=str, when_used="json-unless-none"),
    WithJsonSchema(_RATE_SCHEMA),
]
"""Bytes per second, written `64KB/s`."""

Money = Annotated[Decimal, BeforeValidator(parse_money), WithJsonSchema(_MONEY_SCHEMA)]
"""A decimal, written in quotes: `"25.00"`."""
