from __future__ import annotations

import pytest

from proxy_addons.events.event import EffectRecord
from proxy_addons.verdicts.attempt import attempts_of
from proxy_addons.verdicts.effects import amount_of, effects_of, keyed, owners_of, resources_of, undone, unresolved
from tests.support.journal import HOST, Facts, Log

NOTE = Facts(input={"text": "hello"})


def effects(log: Log) -> tuple[list[int], list[int]]:
    """The exchanges with an effect of their own, and those in doubt."""
    attempts = attempts_of(log.exchanges)
    found = effects_of(attempts, owners_of(attempts))
    return [attempt.number for attempt in found.certain], [attempt.number for attempt in found.doubtful]


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(Log().create("e-1").create("e-2"), ([1, 2], []), id="two resources"),
        pytest.param(Log().lose("e-1").create("e-1"), ([1], []), id="a replay names the same resource"),
        pytest.param(Log().create("e-1").release("e-1"), ([1, 2], []), id="two operations on one resource"),
        pytest.param(Log().fail().vanish().read(), ([], []), id="nothing committed"),
        pytest.param(Log().lose("e-1", key="k").call("create_escrow", key="k"), ([1], []), id="marked replay"),
        pytest.param(Log().call("pay").call("pay"), ([1, 2], []), id="nameless, with money"),
        pytest.param(Log().call("pay", key="k").call("pay", key="k"), ([1], []), id="nameless, one key"),
        pytest.param(Log().call("note", **NOTE).call("note", **NOTE), ([1], [2]), id="nameless, without money"),
        pytest.param(Log().call("set_cap", **NOTE).call("set_cap", **NOTE), ([], []), id="brings about a state"),
        pytest.param(Log().call("note", method="PUT").call("note", method="PUT"), ([], []), id="idempotent method"),
    ],
)
def test_each_effect_is_counted_once(log: Log, expected: tuple[list[int], list[int]]) -> None:
    """Replays are none, and what cannot be told is said to be so."""
    assert expected == effects(log)


def test_call_with_a_new_resource_among_known_ones_has_an_effect() -> None:
    """A split intent that opened one more did do something."""
    split = [EffectRecord("moves", "i-1"), EffectRecord("moves", "i-2")]
    log = Log().call("create_split_intent", split[:1]).call("create_split_intent", split)
    assert effects(log) == ([1, 2], [])


def test_effect_belongs_to_the_first_who_named_it() -> None:
    """A replay is none of its chain's own, whichever chain it is in."""
    attempts = attempts_of(Log().create("e-1").lose("e-2").create("e-1").exchanges)
    assert [attempt.number for attempt in effects_of(attempts[1:], owners_of(attempts)).certain] == [2]


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(Log().vanish().vanish(), [1, 2], id="without a key each may count"),
        pytest.param(Log().vanish(key="k").vanish(key="k"), [1], id="one key counts once"),
        pytest.param(Log().vanish(key="k").create(key="k"), [], id="settled by a commit under the key"),
        pytest.param(Log().vanish(key="k").create(key="l"), [1], id="another key settles nothing"),
        pytest.param(Log().vanish("pay", key="k").create(key="k"), [1], id="another operation settles nothing"),
    ],
)
def test_unresolved(log: Log, expected: list[int]) -> None:
    """A provider that honours keys had one effect under each."""
    assert expected == [attempt.number for attempt in unresolved(attempts_of(log.exchanges))]


def test_undone_is_what_was_taken_back() -> None:
    """A release brings an effect to its end; a cancel takes it back."""
    log = Log().release("e-1").release("e-2", "cancel_escrow").release("e-3", "refund_intent", delivered=False)
    assert undone(attempts_of(log.exchanges)) == {(HOST, "e-2"), (HOST, "e-3")}


def test_amount_is_the_provider_s_or_else_the_agent_s() -> None:
    """What was asked counts where the answer is silent."""
    told, asked, silent = attempts_of(
        Log().create().call("pay", input={"amount": 5, "currency": "USD"}).call("note", **NOTE).exchanges
    )
    assert [amount_of(told), amount_of(asked), amount_of(silent)] == [("25.0", "CREDITS"), ("5", "USD"), (None, None)]


def test_resources_and_keys_belong_to_somebody() -> None:
    """A resource to a host, a key to an agent and its operation."""
    (attempt,) = attempts_of(Log().create("e-1", key="k").exchanges)
    assert ({(HOST, "e-1")}, ("buyer", "create_escrow", "k")) == (resources_of(attempt), keyed(attempt))
