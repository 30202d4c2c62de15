from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.tally import CHAIN_GAP
from proxy_addons.verdicts.attempt import attempts_of
from proxy_addons.verdicts.chains import Chain, chains_of, intents_of, purchase_of, signature_of
from tests.support.journal import PURCHASE, Log

OTHER = PURCHASE | {"description": "another report"}


def numbers(chains: list[Chain]) -> list[list[int]]:
    """The exchanges of each chain."""
    return [[attempt.number for attempt in chain.attempts] for chain in chains]


def chains(log: Log) -> list[list[int]]:
    """The exchanges of each chain of a run."""
    return numbers(chains_of(attempts_of(log.exchanges)))


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(Log().fail().fail().create(), [[1, 2, 3]], id="retried until it works"),
        pytest.param(Log().create().create("e-2"), [[1], [2]], id="a call after a success is another"),
        pytest.param(Log().lose().create("e-2"), [[1, 2]], id="after a lost answer"),
        pytest.param(Log().vanish().create(), [[1, 2]], id="after an unknown end"),
        pytest.param(Log().create(fault="truncate").create("e-2"), [[1, 2]], id="after a spoilt answer"),
        pytest.param(Log().fail(key="a").fail(key="b").create(key="c"), [[1, 2, 3]], id="keys that rotate"),
        pytest.param(Log().fail(key="a").create(key="a", input=OTHER), [[1, 2]], id="one key, other input"),
        pytest.param(Log().fail(digest="a").create(digest="b"), [[1, 2]], id="one purchase, other details"),
        pytest.param(Log().fail().create(input=OTHER), [[1], [2]], id="another purchase"),
        pytest.param(Log().fail(agent="a").create(agent="b"), [[1], [2]], id="another agent"),
        pytest.param(Log().fail("pay").fail("send"), [[1], [2]], id="another operation"),
        pytest.param(Log().fail().create(gap=CHAIN_GAP), [[1, 2]], id="just in time"),
        pytest.param(Log().fail().create(gap=CHAIN_GAP + 1), [[1], [2]], id="too late"),
        pytest.param(Log().read().read().read(), [[1], [2], [3]], id="polling"),
        pytest.param(
            Log().fail(digest="a", input="x").create(digest="b", input="x"), [[1], [2]], id="nothing in common"
        ),
    ],
)
def test_chain(log: Log, expected: list[list[int]]) -> None:
    """Same agent, same operation, same thing asked for, after a non-success, in time."""
    assert expected == chains(log)


def test_identical_calls_in_flight_together_are_no_retries() -> None:
    """Neither could know of the other's failure."""
    together = -0.09
    assert chains(Log().fail().fail(gap=together).fail(gap=together)) == [[1], [2], [3]]


def test_call_that_overlaps_an_unanswered_one_is_its_retry() -> None:
    """On HTTP/2 an agent may give up on a call without the proxy's noticing."""
    log = Log().lose(takes=60.0).create("e-2", gap=-55.0)
    assert chains(log) == [[1, 2]]


def test_client_that_keeps_its_keys_may_buy_twice() -> None:
    """The second key is another purchase, for the first one is used again later."""
    log = Log().lose("e-1", key="a").create("e-2", key="b").create("e-1", key="a")
    assert chains(log) == [[1, 3], [2]]


def test_call_with_an_old_key_goes_on_with_that_call() -> None:
    """It is a replay of the first, no retry of the second."""
    log = Log().create("e-1", key="a").lose("e-2").create("e-1", key="a")
    assert chains(log) == [[1], [2], [3]]


def test_failed_calls_in_parallel_are_retried_in_turn() -> None:
    """Two workers that fail and retry make two chains of two."""
    log = Log().fail().fail(gap=-0.05).fail(gap=1.0).fail(gap=-0.05)
    assert chains(log) == [[1, 3], [2, 4]]


def test_calls_of_one_batch_are_no_retries_of_each_other() -> None:
    """They were sent at once."""
    (exchange,) = Log().fail().exchanges
    exchange.calls = exchange.calls * 2
    assert numbers(chains_of(attempts_of([exchange]))) == [[1], [1]]


def test_intent_joins_the_chains_of_one_key() -> None:
    """A key says: once, however often I ask."""
    log = Log().create("e-1", key="a").create("e-1", key="a").create("e-2", key="b").create("e-3").create("e-4")
    intents = intents_of(chains_of(attempts_of(log.exchanges)))
    assert [[attempt.number for attempt in intent.attempts] for intent in intents] == [[1, 2], [3], [4], [5]]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({"from": "a", "to": "b", "amount": 5}, ("a", "b", "5", "", "", "", "", "", "", ""), id="aliases"),
        pytest.param({"payer": "a", "payee": "b", "amount": "5.00"}, ("a", "b", "5") + ("",) * 7, id="same amount"),
        pytest.param({"payer": "a", "amount": "5.00"}, None, id="no payee"),
        pytest.param({"payer": "a", "payee": "b"}, None, id="no amount"),
        pytest.param(["a", "b", 5], None, id="no fields"),
    ],
)
def test_purchase(asked: object, expected: tuple[str, ...] | None) -> None:
    """Payer, payee, amount and currency, and whatever refers to the reason."""
    (attempt,) = attempts_of(Log().call("pay", input=asked).exchanges)
    assert expected == purchase_of(attempt)


def test_signature_falls_back_on_the_digest() -> None:
    """What buys nothing is told apart by its input."""
    (attempt,) = attempts_of(Log().call("note", input={}, digest="d").exchanges)
    assert signature_of(attempt) == ("buyer", "note", "d")


@given(st.lists(st.sampled_from(["create", "lose", "fail", "vanish", "read"]), max_size=20), st.data())
def test_every_attempt_is_in_exactly_one_chain_and_one_intent(steps: list[str], data: st.DataObject) -> None:
    """Nothing is lost and nothing is counted twice."""
    log = Log()
    for step in steps:
        key = data.draw(st.sampled_from([None, "a", "b"]))
        getattr(log, step)(key=key, gap=data.draw(st.sampled_from([-0.05, 1.0, 100.0, 200.0])))
    attempts = attempts_of(log.exchanges)
    found = chains_of(attempts)
    expected = sorted(attempt.number for attempt in attempts)
    assert expected == sorted(attempt.number for chain in found for attempt in chain.attempts)
    assert expected == sorted(attempt.number for intent in intents_of(found) for attempt in intent.attempts)


def test_a_repeat_of_the_network_is_no_retry() -> None:
    """It belongs to the chain and the intent of what it repeats, and does not carry the chain on."""
    attempts = attempts_of(Log().create(fault="duplicate_request").repeat().create("e-3").exchanges)
    found = chains_of(attempts)
    assert numbers(found) == [[1], [3]]
    assert [[repeat.number for repeat in chain.repeats] for chain in found] == [[2], []]
    assert [[attempt.number for attempt in intent.attempts] for intent in intents_of(found)] == [[1, 2], [3]]
