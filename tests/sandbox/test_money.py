from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.money import DECIMALS, LARGEST, gateway_money, guide_money, read_amount

AMOUNTS = st.decimals(min_value=-LARGEST, max_value=LARGEST, places=DECIMALS)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("25.00", "25"),
        ("+1", "1"),
        ("-5.5", "-5.5"),
        (25, "25"),
        (25.0, "25"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.3"),
        (1e-9, "0"),
        (1e12, "1000000000000"),
    ],
)
def test_an_amount_is_read_from_text_and_from_numbers(sent: str | float, read: str) -> None:
    """The official client sends floats; their binary noise is rounded away."""
    assert Decimal(read) == read_amount(sent)


@pytest.mark.parametrize(
    "sent",
    [
        *(
            "",
            " 1",
            "1 ",
            "1e5",
            "NaN",
            "Infinity",
            "1,5",
            "0x10",
            "1_000",
            "\u0661",
            "1.",
            ".5",
            "9" * 40,
            "0.123456789",
        ),
        *(nan, inf, -inf, 1e300, 1e13, 10**400, LARGEST + 1),
    ],
)
def test_what_is_no_amount_is_refused(sent: str | float) -> None:
    """As 422, and never as an exception of another kind."""
    with pytest.raises(SandboxError) as refusal:
        read_amount(sent, "daily_cap")
    assert refusal.value.status == 422
    assert refusal.value.detail.startswith("daily_cap ")


@pytest.mark.parametrize(
    ("amount", "gateway", "guide"),
    [
        ("25.00", "25.0", "25.00"),
        ("1474.62", "1474.62", "1474.62"),
        ("100", "100.0", "100.00"),
        ("0", "0.0", "0.00"),
        ("0.001", "0.001", "0.001"),
        ("-3", "-3.0", "-3.00"),
        ("1E+9", "1000000000.0", "1000000000.00"),
    ],
)
def test_each_dialect_has_its_own_decimals(amount: str, gateway: str, guide: str) -> None:
    """One at least in the gateway's, two in the guide's."""
    assert (gateway, guide) == (gateway_money(Decimal(amount)), guide_money(Decimal(amount)))


@given(AMOUNTS)
def test_what_is_written_reads_back(amount: Decimal) -> None:
    """No dialect loses money on the way."""
    assert amount == read_amount(gateway_money(amount)) == read_amount(guide_money(amount))


@given(st.one_of(st.text(), st.floats(), st.integers()))
def test_reading_never_crashes(sent: str | float) -> None:
    """Whatever an agent sends is an amount or a refusal."""
    with suppress(SandboxError):
        assert abs(read_amount(sent)) <= LARGEST
