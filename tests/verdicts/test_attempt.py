from __future__ import annotations

import pytest

from proxy_addons.events.event import CallRecord
from proxy_addons.exchange import Commit
from proxy_addons.faults import words
from proxy_addons.verdicts.attempt import HARMLESS, IDLE, READABLE, Attempt, attempts_of
from tests.support.journal import Facts, Log


def only(log: Log) -> Attempt:
    """The one attempt of a run."""
    (attempt,) = attempts_of(log.exchanges)
    return attempt


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(Log().create(), True, id="answered"),
        pytest.param(Log().lose(), False, id="answer lost"),
        pytest.param(Log().create(status=503, fault="status"), False, id="told otherwise"),
        pytest.param(Log().create(fault="truncate"), False, id="spoilt answer"),
        pytest.param(Log().create(fault="a_fault_of_tomorrow"), False, id="unknown fault"),
        pytest.param(Log().create(fault="latency"), True, id="late answer"),
        pytest.param(Log().create(fault="schema_drift"), True, id="edited answer"),
        pytest.param(Log().call("pay", status=302, pristine=302), False, id="redirect"),
        pytest.param(Log().call("pay", status=402, pristine=402), False, id="refused"),
        pytest.param(Log().fail(), False, id="failed before"),
    ],
)
def test_success_is_a_sound_answer_that_says_yes(log: Log, expected: bool) -> None:  # noqa: FBT001
    """What the agent saw counts, not what the provider said."""
    assert expected is only(log).succeeded


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(Log().create(), (True, False), id="committed"),
        pytest.param(Log().lose(), (True, False), id="committed, answer lost"),
        pytest.param(Log().vanish(), (False, True), id="nothing heard"),
        pytest.param(Log().fail(), (False, False), id="never arrived"),
        pytest.param(Log().call("pay", pristine=503, commit=Commit.AMBIGUOUS), (False, True), id="upstream's 503"),
        pytest.param(Log().read(), (False, False), id="a read commits nothing"),
    ],
)
def test_commit_point(log: Log, expected: tuple[bool, bool]) -> None:
    """Committed and ambiguous are never both."""
    attempt = only(log)
    assert expected == (attempt.committed, attempt.ambiguous)


def test_batch_is_judged_call_by_call() -> None:
    """A batch is committed when one of its calls is; the others say for themselves."""
    (exchange,) = Log().call("pay").exchanges
    exchange.calls = [CallRecord("pay", False, "f", "d", 1, 1, 1, status=status) for status in (200, 402, 500, None)]  # noqa: FBT003
    expected = [(True, False), (False, False), (False, True), (False, True)]
    assert expected == [(attempt.committed, attempt.ambiguous) for attempt in attempts_of([exchange])]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(Facts(), False, id="sound"),
        pytest.param(Facts(fault="latency"), True, id="a fault took place"),
        pytest.param(Facts(fault="noop"), False, id="a fault that does nothing"),
        pytest.param(Facts(delivered=False), True, id="lost without a fault"),
        pytest.param(Facts(status=503), True, id="upstream in trouble"),
        pytest.param(Facts(status=429), True, id="upstream throttles"),
        pytest.param(Facts(status=422), False, id="the agent's own mistake"),
    ],
)
def test_disturbed(facts: Facts, expected: bool) -> None:  # noqa: FBT001
    """A refusal that the agent earned is no disturbance."""
    assert expected is only(Log().call("pay", **facts)).disturbed


@pytest.mark.parametrize(
    ("operation", "method", "expected"),
    [
        ("create_escrow", "POST", False),
        ("create_escrow", "PUT", True),
        ("remove_it", "POST", True),
        ("set_budget_cap", "POST", True),
        ("settle", "POST", False),
        ("cancelOrder", "POST", True),
        ("POST /orders", "POST", False),
        ("DELETE /orders/{id}", "DELETE", True),
    ],
)
def test_idempotent_by_method_or_name(operation: str, method: str, expected: bool) -> None:  # noqa: FBT001
    """RFC 9110, 9.2.2, and the first word of a tool's name."""
    assert expected is only(Log().call(operation, method=method)).idempotent


def test_words_are_what_the_agent_named() -> None:
    """Path segments and the input's values, however deep."""
    asked = {"ids": ["e-1", {"id": 7}], "amount": 1.5, "flag": True, "big": 2**70}
    words = only(Log().call("pay", path="/v1/x/e-2", input=asked)).words
    assert words >= {"e-1", "7", "e-2", hex(2**70)}


def test_attempts_are_in_the_order_of_their_start() -> None:
    """The journal has them in the order of their end."""
    exchanges = Log().create().release().exchanges
    assert [attempt.number for attempt in attempts_of(reversed(exchanges))] == [1, 2]


def test_idle_faults_are_harmless() -> None:
    """What does nothing spoils nothing."""
    assert IDLE <= HARMLESS < READABLE <= set(words())


def test_edited_answer_that_is_asked_for_again_at_once_was_none() -> None:
    """Under the same key, and soon."""
    log = Log().create(key="a", fault="schema_drift").create(key="a").create(key="b", fault="schema_drift")
    log.create(key="b", gap=60)
    assert [attempt.succeeded for attempt in attempts_of(log.exchanges)] == [False, True, True, True]
    assert [attempt.sound for attempt in attempts_of(log.exchanges)] == [False, True, False, True]
