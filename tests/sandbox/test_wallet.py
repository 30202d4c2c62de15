from __future__ import annotations

from decimal import Decimal

import pytest

from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.ids import Ids
from proxy_addons.sandbox.wallet import Kind, Reason, Wallets

DEPOSIT = Reason(Kind.DEPOSIT)
WITHDRAWAL = Reason(Kind.WITHDRAWAL)


@pytest.fixture
def wallets() -> Wallets:
    """Wallets that start with 500 credits."""
    return Wallets(Ids(), Decimal(500))


def test_a_new_agent_has_the_free_credits(wallets: Wallets) -> None:
    """They are there to be spent."""
    assert wallets.balance("a") == 500


def test_looking_books_nothing(wallets: Wallets) -> None:
    """A read changes no state."""
    wallets.balance("a")
    assert wallets.balances == {}
    assert list(wallets.history("a")) == []
    assert wallets.total(Kind.GRANT) == 0


def test_the_first_posting_books_the_grant(wallets: Wallets) -> None:
    """So that the transactions explain the balance."""
    wallets.post("a", Decimal(10), DEPOSIT, 1.0)
    grant, paid_in = wallets.history("a")
    assert (grant.reason.kind, str(grant.amount), str(grant.balance_after)) == (Kind.GRANT, "500", "500")
    assert (paid_in.reason.kind, str(paid_in.amount), str(paid_in.balance_after)) == (Kind.DEPOSIT, "10", "510")


def test_a_balance_may_fall_to_zero(wallets: Wallets) -> None:
    """The last credit can be spent."""
    wallets.post("a", Decimal(-500), WITHDRAWAL, 1.0)
    assert wallets.balance("a") == 0


def test_a_balance_never_falls_below_zero(wallets: Wallets) -> None:
    """402 with both numbers, and nothing is posted."""
    with pytest.raises(SandboxError) as refusal:
        wallets.post("a", Decimal("-500.01"), WITHDRAWAL, 1.0)
    assert refusal.value.status == 402
    assert refusal.value.detail == "Insufficient balance: 500.0 available, 500.01 required"
    assert wallets.balances == {}


def test_totals_are_signed_and_by_kind(wallets: Wallets) -> None:
    """They feed the law of conservation."""
    wallets.post("a", Decimal(10), DEPOSIT, 1.0)
    wallets.post("b", Decimal(-3), WITHDRAWAL, 2.0)
    totals = [str(wallets.total(kind)) for kind in (Kind.GRANT, Kind.DEPOSIT, Kind.WITHDRAWAL)]
    assert totals == ["1000", "10", "-3"]


def test_every_transaction_has_an_id_of_its_own(wallets: Wallets) -> None:
    """Equal postings too."""
    for _ in range(50):
        wallets.post("a", Decimal(1), DEPOSIT, 1.0)
    assert len({one.id for one in wallets.history("a")}) == 51
