from __future__ import annotations

from decimal import Decimal

import pytest

from proxy_addons.sandbox.budget import Budgets, Caps
from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.escrow import EscrowOrder, Escrows, EscrowStatus
from proxy_addons.sandbox.ids import Ids
from proxy_addons.sandbox.wallet import Wallets

ORDER = EscrowOrder(payer="buyer", payee="seller", amount=Decimal(25))
TIMED = EscrowOrder(payer="buyer", payee="seller", amount=Decimal(25), timeout_hours=1)


def both(wallets: Wallets) -> list[str]:
    """The balances of buyer and seller."""
    return [str(wallets.balance(agent)) for agent in ("buyer", "seller")]


@pytest.fixture
def wallets() -> Wallets:
    """Wallets that start with 500 credits."""
    return Wallets(Ids(), Decimal(500))


@pytest.fixture
def budgets() -> Budgets:
    """No caps yet."""
    return Budgets()


@pytest.fixture
def escrows(wallets: Wallets, budgets: Budgets) -> Escrows:
    """No escrows yet."""
    return Escrows(Ids(), wallets, budgets)


def test_holding_takes_the_money(escrows: Escrows, wallets: Wallets) -> None:
    """It is neither the payer's nor the payee's."""
    escrow = escrows.create(ORDER, 0.0, None).value
    assert escrow.status is EscrowStatus.HELD
    assert both(wallets) == ["475", "500"]


def test_releasing_pays_the_payee(escrows: Escrows, wallets: Wallets) -> None:
    """And names a settlement."""
    escrow = escrows.release(escrows.create(ORDER, 0.0, None).value.id, 1.0)
    assert (escrow.status, escrow.updated_at) == (EscrowStatus.SETTLED, 1.0)
    assert escrow.settlement_id not in {None, escrow.id}
    assert both(wallets) == ["475", "525"]


def test_cancelling_pays_the_payer_back(escrows: Escrows, wallets: Wallets) -> None:
    """All of it."""
    escrow = escrows.cancel(escrows.create(ORDER, 0.0, None).value.id, 1.0)
    assert (escrow.status, escrow.settlement_id) == (EscrowStatus.REFUNDED, None)
    assert both(wallets) == ["500", "500"]


def test_a_held_escrow_expires_when_its_time_is_up(escrows: Escrows, wallets: Wallets) -> None:
    """At the very second, and the money is back."""
    escrow = escrows.create(TIMED, 0.0, None).value
    escrows.expire(3599.9)
    assert escrows.get(escrow.id).status is EscrowStatus.HELD
    escrows.expire(3600.0)
    assert (escrows.get(escrow.id).status, escrows.get(escrow.id).updated_at) == (EscrowStatus.EXPIRED, 3600.0)
    assert wallets.balance("buyer") == 500


def test_without_a_timeout_it_is_held_for_ever(escrows: Escrows) -> None:
    """That is how funds get locked."""
    escrow = escrows.create(ORDER, 0.0, None).value
    escrows.expire(1e12)
    assert escrows.get(escrow.id).status is EscrowStatus.HELD


def test_what_has_ended_does_not_expire(escrows: Escrows, wallets: Wallets) -> None:
    """The timeout of a released escrow pays nobody twice."""
    escrow = escrows.create(TIMED, 0.0, None).value
    escrows.release(escrow.id, 1.0)
    escrows.expire(1e12)
    assert escrows.get(escrow.id).status is EscrowStatus.SETTLED
    assert both(wallets) == ["475", "525"]


@pytest.mark.parametrize("first", ["release", "cancel", "expire"])
@pytest.mark.parametrize("second", ["release", "cancel"])
def test_an_end_is_final(escrows: Escrows, first: str, second: str) -> None:
    """409 in the gateway's words."""
    escrow = escrows.create(TIMED, 0.0, None).value
    match first:
        case "release":
            state = escrows.release(escrow.id, 1.0).status
        case "cancel":
            state = escrows.cancel(escrow.id, 1.0).status
        case _:
            escrows.expire(1e9)
            state = EscrowStatus.EXPIRED
    with pytest.raises(SandboxError) as refusal:
        (escrows.release if second == "release" else escrows.cancel)(escrow.id, 2e9)
    assert refusal.value.status == 409
    assert refusal.value.detail == f"Cannot {second} escrow in state '{state}'; must be 'held'"


def test_both_ids_find_it(escrows: Escrows) -> None:
    """The gateway's and the guide's."""
    escrow = escrows.create(ORDER, 0.0, None).value
    assert escrow.short_id == f"esc_{escrow.id[:12]}"
    assert escrow == escrows.get(escrow.id) == escrows.get(escrow.short_id)


@pytest.mark.parametrize("escrow_id", ["", "esc_", "esc_000000000000", "0" * 32])
def test_an_unknown_id_is_404(escrows: Escrows, escrow_id: str) -> None:
    """Also one that looks right."""
    with pytest.raises(SandboxError) as refusal:
        escrows.get(escrow_id)
    assert (refusal.value.code, refusal.value.status) == ("escrow-not-found", 404)


def test_a_key_makes_one_escrow_whatever_the_body(escrows: Escrows, wallets: Wallets) -> None:
    """And the answer shows it as it is by now."""
    first = escrows.create(ORDER, 0.0, "k").value
    escrows.release(first.id, 1.0)
    again = escrows.create(EscrowOrder(payer="buyer", payee="other", amount=Decimal(1)), 2.0, "k")
    assert (first.id, EscrowStatus.SETTLED, True) == (again.value.id, again.value.status, again.replayed)
    assert len(escrows.by_id) == 1
    assert wallets.balance("buyer") == 475


def test_without_a_key_twice_is_two(escrows: Escrows) -> None:
    """What a retry after a lost answer does to an agent."""
    assert escrows.create(ORDER, 0.0, None).value.id != escrows.create(ORDER, 0.0, None).value.id


def test_a_refused_order_changes_nothing(escrows: Escrows, wallets: Wallets) -> None:
    """Neither money, nor the key, nor the ids that come after."""
    dear = EscrowOrder(payer="buyer", payee="seller", amount=Decimal(501))
    with pytest.raises(SandboxError, match="Insufficient balance"):
        escrows.create(dear, 0.0, "k")
    assert escrows.by_id == {}
    assert wallets.balances == {}
    assert not escrows.create(ORDER, 0.0, "k").replayed


def test_an_order_keeps_to_the_budget(escrows: Escrows, budgets: Budgets) -> None:
    """What came back can be spent again."""
    budgets.set("buyer", Caps(daily=Decimal(30)))
    escrow = escrows.create(ORDER, 0.0, None).value
    with pytest.raises(SandboxError, match="daily cap"):
        escrows.create(ORDER, 1.0, None)
    escrows.cancel(escrow.id, 2.0)
    escrows.create(ORDER, 3.0, None)


def test_both_parties_see_it(escrows: Escrows) -> None:
    """And one who pays itself sees it once."""
    escrow = escrows.create(ORDER, 0.0, None).value
    own = escrows.create(EscrowOrder(payer="buyer", payee="buyer", amount=Decimal(1)), 0.0, None).value
    assert ([escrow, own], [escrow], []) == tuple(escrows.of(agent) for agent in ("buyer", "seller", "other"))
