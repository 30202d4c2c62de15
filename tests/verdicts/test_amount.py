from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.verdicts.amount import read_amount, show_amount, show_total


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("25.0", Decimal("25.0"), id="text"),
        pytest.param(25, Decimal(25), id="whole number"),
        pytest.param(0.1, Decimal("0.1"), id="float as written"),
        pytest.param(True, None, id="no number"),
        pytest.param("much", None, id="a word"),
        pytest.param("NaN", None, id="not a number"),
        pytest.param("1e999999", None, id="absurd"),
        pytest.param("1e-999999", None, id="absurdly small"),
        pytest.param("9" * 100_000, None, id="endless"),
        pytest.param(10**5000, None, id="endless whole number"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_amount_is_read_as_written(written: object, expected: Decimal | None) -> None:
    """No cent is lost to a float, and nothing absurd is counted."""
    assert expected == read_amount(written)


@pytest.mark.parametrize(
    ("written", "expected"), [("25", "25.00"), ("25.0", "25.00"), ("0.125", "0.125"), ("1E+2", "100.00")]
)
def test_amount_is_shown_with_cents(written: str, expected: str) -> None:
    """Two decimals, more where there are more."""
    assert expected == show_amount(Decimal(written))


def test_total_keeps_currencies_apart() -> None:
    """What cannot be added is not added."""
    amounts = [("25.0", "CREDITS"), ("10", "USD"), ("0.10", "CREDITS"), ("5", None), (None, "USD")]
    assert show_total(amounts) == "5.00, 25.10 CREDITS, 10.00 USD, 1 of unknown amount"


@given(st.lists(st.tuples(st.text() | st.floats() | st.integers() | st.none(), st.none() | st.text())))
def test_total_never_raises(amounts: list[tuple[object, str | None]]) -> None:
    """Whatever an agent wrote where an amount belongs."""
    assert isinstance(show_total(amounts), str)
