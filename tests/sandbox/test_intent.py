from __future__ import annotations

from decimal import Decimal

import pytest

from proxy_addons.sandbox.budget import Budgets, Caps
from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.ids import Ids
from proxy_addons.sandbox.intent import IntentOrder, Intents, IntentStatus
from proxy_addons.sandbox.wallet import Kind, Reason, Wallets

ORDER = IntentOrder(payer="buyer", payee="seller", amount=Decimal(25))


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
def intents(wallets: Wallets, budgets: Budgets) -> Intents:
    """No intents yet."""
    return Intents(Ids(), wallets, budgets)


def test_an_intent_holds_no_money(intents: Intents, wallets: Wallets) -> None:
    """It may even be larger than the balance."""
    intent = intents.create(IntentOrder(payer="buyer", payee="seller", amount=Decimal(9999)), 0.0, None).value
    assert intent.status is IntentStatus.PENDING
    assert wallets.balances == {}


def test_capturing_pays_the_payee(intents: Intents, wallets: Wallets) -> None:
    """And names a settlement."""
    intent = intents.capture(intents.create(ORDER, 0.0, None).value.id, 1.0)
    assert (intent.status, intent.updated_at, intent.captured_at) == (IntentStatus.SETTLED, 1.0, 1.0)
    assert intent.settlement_id is not None
    assert both(wallets) == ["475", "525"]


def test_refunding_a_pending_intent_moves_nothing(intents: Intents, wallets: Wallets) -> None:
    """It is voided."""
    assert intents.refund(intents.create(ORDER, 0.0, None).value.id, 1.0).status is IntentStatus.REFUNDED
    assert wallets.balances == {}


def test_refunding_a_settled_intent_pays_the_payer_back(intents: Intents, wallets: Wallets) -> None:
    """All of it."""
    intent = intents.create(ORDER, 0.0, None).value
    intents.capture(intent.id, 1.0)
    assert intents.refund(intent.id, 2.0).status is IntentStatus.REFUNDED
    assert both(wallets) == ["500", "500"]


def test_what_the_payee_has_spent_cannot_be_refunded(intents: Intents, wallets: Wallets) -> None:
    """402, and the intent stays settled."""
    intent = intents.create(ORDER, 0.0, None).value
    intents.capture(intent.id, 1.0)
    wallets.post("seller", Decimal(-525), Reason(Kind.WITHDRAWAL), 2.0)
    with pytest.raises(SandboxError, match="Insufficient balance"):
        intents.refund(intent.id, 3.0)
    assert intents.get(intent.id).status is IntentStatus.SETTLED
    assert wallets.balance("buyer") == 475


def test_an_intent_is_captured_once(intents: Intents) -> None:
    """409 after that."""
    intent = intents.create(ORDER, 0.0, None).value
    intents.capture(intent.id, 1.0)
    with pytest.raises(SandboxError) as refusal:
        intents.capture(intent.id, 2.0)
    assert refusal.value.detail == "Cannot capture intent in state 'settled'; must be 'pending'"


@pytest.mark.parametrize("again", ["capture", "refund"])
def test_a_refund_is_final(intents: Intents, again: str) -> None:
    """Nothing comes after it."""
    intent = intents.create(ORDER, 0.0, None).value
    intents.refund(intent.id, 1.0)
    with pytest.raises(SandboxError) as refusal:
        (intents.capture if again == "capture" else intents.refund)(intent.id, 2.0)
    assert (refusal.value.status, refusal.value.context["state"]) == (409, "refunded")


def test_capture_without_the_money_is_refused(intents: Intents, wallets: Wallets) -> None:
    """402, and it stays pending."""
    intent = intents.create(IntentOrder(payer="buyer", payee="seller", amount=Decimal(501)), 0.0, None).value
    with pytest.raises(SandboxError, match="Insufficient balance"):
        intents.capture(intent.id, 1.0)
    assert intents.get(intent.id).status is IntentStatus.PENDING
    assert wallets.balances == {}


def test_capture_keeps_to_the_budget(intents: Intents, budgets: Budgets) -> None:
    """What was refunded can be spent again."""
    budgets.set("buyer", Caps(daily=Decimal(30)))
    first, second = (intents.create(ORDER, 0.0, None).value.id for _ in range(2))
    intents.capture(first, 1.0)
    with pytest.raises(SandboxError, match="daily cap"):
        intents.capture(second, 2.0)
    intents.refund(first, 3.0)
    intents.capture(second, 4.0)


def test_a_key_makes_one_intent(intents: Intents) -> None:
    """The same order in the same words, or in other words for the same money."""
    first = intents.create(ORDER, 0.0, "k").value
    again = intents.create(IntentOrder(payer="buyer", payee="seller", amount=Decimal("25.00")), 1.0, "k")
    assert (first, True) == again


def test_a_key_with_another_body_is_refused(intents: Intents) -> None:
    """409 as observed on the gateway."""
    intents.create(ORDER, 0.0, "k")
    with pytest.raises(SandboxError) as refusal:
        intents.create(IntentOrder(payer="buyer", payee="seller", amount=Decimal(26)), 1.0, "k")
    assert (refusal.value.code, refusal.value.status) == ("idempotency_key_reused", 409)
    assert len(intents.by_id) == 1


def test_an_unknown_id_is_404(intents: Intents) -> None:
    """It is not the escrows' code."""
    with pytest.raises(SandboxError) as refusal:
        intents.get("nope")
    assert (refusal.value.code, refusal.value.status) == ("intent-not-found", 404)


def test_both_parties_see_it(intents: Intents) -> None:
    """And one who pays itself sees it once."""
    intent = intents.create(ORDER, 0.0, None).value
    own = intents.create(IntentOrder(payer="buyer", payee="buyer", amount=Decimal(1)), 0.0, None).value
    assert ([intent, own], [intent], []) == tuple(intents.of(agent) for agent in ("buyer", "seller", "other"))
