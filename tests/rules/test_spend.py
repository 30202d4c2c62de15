"""What a call spends, and what the budget says to it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.exchange import JSON, Call
from proxy_addons.rules.spend import Budget, Spend, spend_of


def deposit(
    amount: JSON, *, key: str | None = None, safe: bool = False, ordinal: int = 1, currency: JSON = None
) -> Call:
    """A call that names an amount."""
    value: JSON = {"amount": amount, "currency": currency}
    return Call("deposit", value, safe=safe, key=key, digest="d", ordinal=ordinal)


def amount_of(call: Call) -> Decimal | None:
    """What it spends, if anything."""
    spend = spend_of(call, "buyer")
    return spend.amount if spend else None


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("25.00", Decimal("25.00")),
        (0.1, Decimal("0.1")),
        (3, Decimal(3)),
        ("1e2", Decimal(100)),
        ("-4", Decimal(-4)),
    ],
)
def test_an_amount_is_a_decimal_as_written(written: JSON, amount: Decimal) -> None:
    """A float means what it shows, not its binary neighbour."""
    assert amount_of(deposit(written)) == amount


@pytest.mark.parametrize("written", ["NaN", "Infinity", "-Infinity", "free", "", True, None, [1], {"value": 1}])
def test_what_is_no_finite_number_spends_nothing(written: JSON) -> None:
    """The provider will refuse it."""
    assert amount_of(deposit(written)) is None


def test_an_amount_beyond_all_sums_still_counts() -> None:
    """An exponent too large to be added must not slip by the budget."""
    spend = spend_of(deposit("1e1000000"), "buyer")
    assert spend is not None
    assert Budget(per_call=Decimal(100)).refuses(spend) != ""
    assert spend.amount + spend.amount > spend.amount


def test_a_call_that_reads_spends_nothing() -> None:
    """Whatever amount it names."""
    assert amount_of(deposit("25.00", safe=True)) is None


@pytest.mark.parametrize("value", [None, "25.00", ["25.00"], {}])
def test_an_input_without_an_amount_spends_nothing(value: JSON) -> None:
    """Whatever its shape."""
    assert spend_of(Call("deposit", value), "buyer") is None


@pytest.mark.parametrize(("written", "currency"), [("EUR", "EUR"), (None, None), (978, None)])
def test_a_currency_is_text_or_the_providers_own(written: JSON, currency: str | None) -> None:
    """What is no text names none."""
    spend = spend_of(deposit("1", currency=written), "buyer")
    assert spend is not None
    assert spend.currency == currency


def test_a_retry_with_the_same_key_is_the_same_intent() -> None:
    """Whatever its ordinal."""
    first, second = (spend_of(deposit("1.0", key="k", ordinal=n), "buyer") for n in (1, 2))
    assert first is not None
    assert first == second


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param((deposit("1"), "a"), (deposit("1", ordinal=2), "a"), id="without a key"),
        pytest.param((deposit("1", key="k"), "a"), (deposit("1", key="l"), "a"), id="another key"),
        pytest.param((deposit("1", key="k"), "a"), (deposit("1", key="k"), "b"), id="another agent"),
        pytest.param((deposit("1", key="k"), "a"), (deposit("900", key="k"), "a"), id="another amount"),
        pytest.param((deposit("1", key="d"), "a"), (deposit("1"), "a"), id="a key that looks like a digest"),
    ],
)
def test_another_purchase_is_another_intent(one: tuple[Call, str], other: tuple[Call, str]) -> None:
    """Each is counted."""
    first, second = spend_of(*one), spend_of(*other)
    assert first is not None
    assert second is not None
    assert first.intent != second.intent


SPEND = Spend("deposit", Decimal("1.00"), "USD", ("buyer",))


@pytest.mark.parametrize(
    ("budget", "why"),
    [
        (Budget(), ""),
        (Budget(per_call=Decimal(1)), ""),
        (Budget(per_call=Decimal("0.99")), "deposit of 1.00 is above the budget of 0.99 per call"),
        (Budget(per_run=Decimal("0.01")), ""),
        (Budget(currency="usd"), ""),
        (Budget(currency="EUR"), "deposit is in USD, the budget in EUR"),
    ],
)
def test_a_budget_says_why_it_refuses(budget: Budget, why: str) -> None:
    """The cap per call, and a currency that cannot be compared; the sum of a run is the tally's."""
    assert budget.refuses(SPEND) == why


def test_a_call_without_a_currency_is_in_the_budgets() -> None:
    """It is the provider's own."""
    assert Budget(currency="EUR").refuses(Spend("deposit", Decimal(1), None, ())) == ""


@given(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.decimals().map(str)),
    st.one_of(st.none(), st.text()),
)
def test_no_amount_breaks_it(written: JSON, key: str | None) -> None:
    """Whatever an agent makes up: a finite amount that can be added, or none."""
    amount = amount_of(deposit(written, key=key))
    assert amount is None or (amount + amount).is_finite()
