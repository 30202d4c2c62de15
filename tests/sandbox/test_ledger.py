from __future__ import annotations

from decimal import Decimal
from typing import Any, override

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from proxy_addons.sandbox.budget import Caps
from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.escrow import EscrowOrder, EscrowStatus
from proxy_addons.sandbox.ids import Ids
from proxy_addons.sandbox.intent import IntentOrder, IntentStatus
from proxy_addons.sandbox.ledger import FREE_CREDITS, Ledger
from proxy_addons.sandbox.wallet import CashOrder

NAMES = st.sampled_from(["buyer", "seller", "broker"])
AMOUNTS = st.decimals(min_value=-1, max_value=700, places=2)
CAPS = st.one_of(st.none(), st.decimals(min_value=-1, max_value=700, places=2))
KEYS = st.sampled_from([None, "k1", "k2"])
HOURS = st.sampled_from([None, -1.0, 0.0, 0.001, 1.0, 24.0])
LATER = {
    EscrowStatus.HELD: frozenset(EscrowStatus),
    EscrowStatus.SETTLED: frozenset({EscrowStatus.SETTLED}),
    EscrowStatus.REFUNDED: frozenset({EscrowStatus.REFUNDED}),
    EscrowStatus.EXPIRED: frozenset({EscrowStatus.EXPIRED}),
    IntentStatus.PENDING: frozenset(IntentStatus),
    IntentStatus.SETTLED: frozenset({IntentStatus.SETTLED, IntentStatus.REFUNDED}),
    IntentStatus.REFUNDED: frozenset({IntentStatus.REFUNDED}),
}


class LedgerMachine(RuleBasedStateMachine):
    """Agents do as they like, and after every step the books are in order."""

    escrows: Bundle[str] = Bundle("escrows")
    intents: Bundle[str] = Bundle("intents")

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(Ids())
        self.now = 1_700_000_000.0
        self.seen: dict[str, EscrowStatus | IntentStatus] = {}
        self.made: dict[tuple[str, str, str], Any] = {}

    def snapshot(self) -> tuple[Any, ...]:
        """Everything that a refused call must not change."""
        ledger = self.ledger
        return dict(ledger.balances), dict(ledger.escrows), dict(ledger.intents), ledger.granted

    def attempt(self, call: Any, *arguments: Any) -> Any:  # noqa: ANN401 - any of the ledger's calls
        """Make a call; None when it was refused, and then it has changed nothing."""
        self.ledger.balance("nobody", self.now)  # what is due expires now, not in the call
        before = self.snapshot()
        try:
            return call(*arguments)
        except SandboxError:
            assert before == self.snapshot()
            return None

    def make(self, call: Any, operation: str, agent: str, order: object, key: str | None) -> Any:  # noqa: ANN401
        """Make a call that takes a key; the same key makes the same thing, and nothing else."""
        before = self.snapshot()
        made = self.attempt(call, order, self.now, key)
        if made is None:
            return None
        scope = (operation, agent, key or "")
        assert made.replayed is (key is not None and scope in self.made)
        if made.replayed:
            assert before == self.snapshot()
            assert self.made[scope] == made.value.id
        self.made[scope] = made.value.id
        return made.value

    @initialize(agent=NAMES, balance=AMOUNTS)
    def fund(self, agent: str, balance: Decimal) -> None:
        """A wallet may start with any balance."""
        if self.attempt(self.ledger.fund, agent, balance, self.now):
            assert balance == self.ledger.balance(agent, self.now)

    @rule(agent=NAMES, amount=AMOUNTS, key=KEYS)
    def deposit(self, agent: str, amount: Decimal, key: str | None) -> None:
        """Pay in."""
        self.make(self.ledger.deposit, "deposit", agent, CashOrder(agent, amount), key)

    @rule(agent=NAMES, amount=AMOUNTS, key=KEYS)
    def withdraw(self, agent: str, amount: Decimal, key: str | None) -> None:
        """Pay out."""
        self.make(self.ledger.withdraw, "withdraw", agent, CashOrder(agent, amount), key)

    @rule(agent=NAMES, daily=CAPS, monthly=CAPS, single=CAPS)
    def set_caps(self, agent: str, daily: Decimal | None, monthly: Decimal | None, single: Decimal | None) -> None:
        """Set budget caps."""
        self.attempt(self.ledger.set_caps, agent, Caps(daily, monthly, single))

    @rule(target=escrows, payer=NAMES, payee=NAMES, amount=AMOUNTS, hours=HOURS, key=KEYS)
    def create_escrow(self, payer: str, payee: str, amount: Decimal, hours: float | None, key: str | None) -> Any:  # noqa: ANN401
        """Hold money."""
        order = EscrowOrder(payer=payer, payee=payee, amount=amount, timeout_hours=hours)
        escrow = self.make(self.ledger.create_escrow, "create_escrow", payer, order, key)
        return multiple() if escrow is None else escrow.id

    @rule(escrow=escrows)
    def release(self, escrow: str) -> None:
        """Settle an escrow."""
        self.attempt(self.ledger.release_escrow, escrow, self.now)

    @rule(escrow=escrows)
    def cancel(self, escrow: str) -> None:
        """Refund an escrow."""
        self.attempt(self.ledger.cancel_escrow, escrow, self.now)

    @rule(target=intents, payer=NAMES, payee=NAMES, amount=AMOUNTS, key=KEYS)
    def create_intent(self, payer: str, payee: str, amount: Decimal, key: str | None) -> Any:  # noqa: ANN401
        """Note an intent."""
        order = IntentOrder(payer=payer, payee=payee, amount=amount)
        intent = self.make(self.ledger.create_intent, "create_intent", payer, order, key)
        return multiple() if intent is None else intent.id

    @rule(intent=intents)
    def capture(self, intent: str) -> None:
        """Pay an intent."""
        self.attempt(self.ledger.capture_intent, intent, self.now)

    @rule(intent=intents)
    def refund(self, intent: str) -> None:
        """Void an intent or take its money back."""
        self.attempt(self.ledger.refund_intent, intent, self.now)

    @rule(seconds=st.floats(min_value=-100, max_value=100_000))
    def wait(self, seconds: float) -> None:
        """Time goes on, and a clock may step back."""
        self.now += seconds

    @invariant()
    def money_is_conserved(self) -> None:
        """Nothing is made or lost."""
        ledger = self.ledger
        assert sum(ledger.balances.values()) + ledger.held == ledger.granted + ledger.deposited - ledger.withdrawn

    @invariant()
    def no_balance_is_negative(self) -> None:
        """Nobody owes."""
        assert all(balance >= 0 for balance in self.ledger.balances.values())

    @invariant()
    def transactions_explain_balances(self) -> None:
        """A balance is the sum of its transactions, and the last one says so."""
        self.ledger.balance("nobody", self.now)
        for agent, balance in self.ledger.balances.items():
            history = self.ledger.transactions(agent, self.now)
            assert balance == sum(one.amount for one in history) == history[-1].balance_after

    @invariant()
    def lives_go_one_way(self) -> None:
        """No state is ever left for an earlier one."""
        now: dict[str, EscrowStatus | IntentStatus] = {
            **{escrow.id: escrow.status for escrow in self.ledger.escrows.values()},
            **{intent.id: intent.status for intent in self.ledger.intents.values()},
        }
        assert all(now[known] in LATER[status] for known, status in self.seen.items())
        self.seen = now

    @override
    def teardown(self) -> None:
        """In the end every escrow with a timeout has ended."""
        self.ledger.balance("buyer", self.now + 10**9)
        held = [one for one in self.ledger.escrows.values() if one.status is EscrowStatus.HELD]
        assert all(one.timeout_at is None for one in held)
        self.money_is_conserved()


class TestLedgerMachine(LedgerMachine.TestCase):  # type: ignore[misc, valid-type]  # made at run time
    settings = settings(max_examples=60, stateful_step_count=40)


ORDER = EscrowOrder(payer="buyer", payee="seller", amount=Decimal(25))


@pytest.fixture
def ledger() -> Ledger:
    """Fresh books."""
    return Ledger(Ids())


def test_a_new_agent_has_500_credits(ledger: Ledger) -> None:
    """As on the gateway."""
    assert Decimal(500) == FREE_CREDITS == ledger.balance("anyone", 0.0)


def test_the_free_credits_can_be_others() -> None:
    """None, for instance."""
    assert Ledger(Ids(), free_credits=Decimal(0)).balance("anyone", 0.0) == 0


@pytest.mark.parametrize("balance", ["0", "100.00", "1000"])
def test_funding_sets_the_balance(ledger: Ledger, balance: str) -> None:
    """Below the free credits or above."""
    ledger.fund("a", Decimal(balance), 0.0)
    assert Decimal(balance) == ledger.balance("a", 0.0) == ledger.granted


def test_nobody_is_funded_below_zero(ledger: Ledger) -> None:
    """422, and the balance stays."""
    with pytest.raises(SandboxError, match="must not be negative"):
        ledger.fund("a", Decimal("-0.01"), 0.0)
    assert ledger.balance("a", 0.0) == 500


def test_every_read_sees_what_has_expired(ledger: Ledger) -> None:
    """The time that a call brings comes first."""
    order = EscrowOrder(payer="buyer", payee="seller", amount=Decimal(25), timeout_hours=1)
    escrow = ledger.create_escrow(order, 0.0).value
    assert ledger.balance("buyer", 3599.0) == 475
    assert ledger.escrow(escrow.id, 3600.0).status is EscrowStatus.EXPIRED
    assert [one.status for one in ledger.escrows_of("seller", 3600.0)] == [EscrowStatus.EXPIRED]
    assert ledger.balance("buyer", 3600.0) == 500
    assert sum(ledger.spent("buyer", 3600.0)) == 0


def test_a_clock_that_steps_back_revives_nothing(ledger: Ledger) -> None:
    """What has expired stays so."""
    order = EscrowOrder(payer="buyer", payee="seller", amount=Decimal(25), timeout_hours=1)
    escrow = ledger.create_escrow(order, 0.0).value
    ledger.balance("buyer", 3600.0)
    assert ledger.escrow(escrow.id, 0.0).status is EscrowStatus.EXPIRED


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_an_amount_must_be_above_zero(ledger: Ledger, amount: str) -> None:
    """In every operation that moves money."""
    bad = Decimal(amount)
    with pytest.raises(SandboxError, match="amount must be greater than 0"):
        ledger.deposit(CashOrder("a", bad), 0.0)
    with pytest.raises(SandboxError, match="amount must be greater than 0"):
        ledger.withdraw(CashOrder("a", bad), 0.0)
    with pytest.raises(SandboxError, match="amount must be greater than 0"):
        ledger.create_escrow(EscrowOrder(payer="a", payee="b", amount=bad), 0.0)
    with pytest.raises(SandboxError, match="amount must be greater than 0"):
        ledger.create_intent(IntentOrder(payer="a", payee="b", amount=bad), 0.0)


def test_a_key_of_one_operation_is_none_of_another(ledger: Ledger) -> None:
    """The scope is agent and operation."""
    assert not ledger.deposit(CashOrder("buyer", Decimal(25)), 0.0, "k").replayed
    assert not ledger.withdraw(CashOrder("buyer", Decimal(25)), 0.0, "k").replayed
    assert not ledger.create_escrow(ORDER, 0.0, "k").replayed
    assert not ledger.create_intent(IntentOrder(payer="buyer", payee="seller", amount=Decimal(25)), 0.0, "k").replayed


def test_a_key_with_another_deposit_is_refused(ledger: Ledger) -> None:
    """409, and the balance stays."""
    ledger.deposit(CashOrder("a", Decimal(1)), 0.0, "k")
    with pytest.raises(SandboxError) as refusal:
        ledger.deposit(CashOrder("a", Decimal(2)), 0.0, "k")
    assert refusal.value.status == 409
    assert ledger.balance("a", 0.0) == 501


def test_the_books_cannot_be_written_from_outside(ledger: Ledger) -> None:
    """What tests look at is read-only."""
    views: list[Any] = [ledger.balances, ledger.escrows, ledger.intents]
    for view in views:
        with pytest.raises(TypeError):
            view["a"] = None


def test_ids_do_not_depend_on_other_agents() -> None:
    """Two interleavings of two agents give each the same ids."""
    first, second = Ledger(Ids(7)), Ledger(Ids(7))
    orders = {name: EscrowOrder(payer=name, payee="seller", amount=Decimal(5)) for name in ("a", "b")}
    for name in ("a", "a", "b", "b"):
        first.create_escrow(orders[name], 0.0)
    for name in ("b", "a", "b", "a"):
        second.create_escrow(orders[name], 0.0)
    for name in orders:
        assert first.escrows_of(name, 0.0) == second.escrows_of(name, 0.0)
        assert first.transactions(name, 0.0) == second.transactions(name, 0.0)
