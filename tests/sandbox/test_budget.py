from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from proxy_addons.sandbox.budget import Budgets, Caps
from proxy_addons.sandbox.errors import SandboxError


def at(day: str) -> float:
    """Seconds since the epoch of an ISO time in UTC."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


EVENING, MORNING = at("2026-01-31T23:59:59"), at("2026-02-01T00:00:00")
NOTHING = (Decimal(0), Decimal(0))


@pytest.fixture
def budgets() -> Budgets:
    """Budgets in which `a` may spend 5 a day, 8 a month, 4 at once."""
    budgets = Budgets()
    budgets.set("a", Caps(Decimal(5), Decimal(8), Decimal(4)))
    return budgets


def test_without_caps_everything_goes() -> None:
    """An agent has none until it sets some."""
    Budgets().check("a", Decimal(10**9), MORNING)


def test_spending_up_to_the_cap_goes(budgets: Budgets) -> None:
    """The cap itself is allowed."""
    budgets.spend("a", Decimal(1), MORNING)
    budgets.check("a", Decimal(4), MORNING)


@pytest.mark.parametrize(
    ("spent", "amount", "cap"),
    [("0", "4.01", "per-transaction"), ("2", "3.01", "daily"), ("7.5", "0.51", "monthly")],
)
def test_spending_past_a_cap_is_refused(budgets: Budgets, spent: str, amount: str, cap: str) -> None:
    """402, naming the cap."""
    budgets.spend("a", Decimal(spent), EVENING)
    now = EVENING if cap != "monthly" else EVENING - 86_400
    with pytest.raises(SandboxError) as refusal:
        budgets.check("a", Decimal(amount), now)
    assert (refusal.value.code, refusal.value.status) == ("budget-exceeded", 402)
    assert f"The {cap} cap" in refusal.value.detail


def test_a_new_day_and_month_start_at_midnight_utc(budgets: Budgets) -> None:
    """Both windows are the calendar's."""
    budgets.spend("a", Decimal(4), EVENING)
    assert budgets.spent("a", EVENING) == (Decimal(4), Decimal(4))
    assert budgets.spent("a", MORNING) == NOTHING


def test_money_that_comes_back_makes_room_where_it_left(budgets: Budgets) -> None:
    """A refund in the morning is no licence to spend more that morning."""
    budgets.spend("a", Decimal(4), EVENING)
    budgets.spend("a", Decimal(-4), EVENING)
    assert budgets.spent("a", EVENING) == NOTHING
    assert budgets.spent("a", MORNING) == NOTHING


def test_caps_are_replaced_as_a_whole(budgets: Budgets) -> None:
    """One that is left out is gone."""
    budgets.set("a", Caps(daily=Decimal(0)))
    assert Caps(daily=Decimal(0)) == budgets.caps("a")


@pytest.mark.parametrize("cap", ["daily", "monthly", "per_transaction"])
def test_a_cap_below_zero_is_refused(budgets: Budgets, cap: str) -> None:
    """422, and the old caps stay."""
    with pytest.raises(SandboxError, match="must not be negative"):
        budgets.set("a", Caps(**{cap: Decimal(-1)}))
    assert budgets.caps("a").daily == 5
