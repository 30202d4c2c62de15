from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.events.event import (
    CallRecord,
    DecisionRecord,
    EffectRecord,
    Event,
    ExchangeClosed,
    InjectionRecord,
    Noise,
    PassedThrough,
    ProxyError,
    RunEnded,
    RunStarted,
)
from proxy_addons.exchange import Commit, Origin, Phase
from proxy_addons.verdicts.judge import CHECKS, judge
from proxy_addons.verdicts.summary import summarise
from proxy_addons.verdicts.unexercised import unexercised
from proxy_addons.verdicts.verdict import Result
from tests.support.journal import Log

CAREFUL = Log().lose(key="a").create(key="a").release()
CAREFUL_CRASHED = Log().lose(key="a").create(key="a").release().crash("")
NAIVE = Log().lose("e-1").create("e-2").release("e-2")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(
            CAREFUL.events(), (Result.PASS, 0, "2 checks passed, 1 was not exercised"), id="an agent that copes"
        ),
        pytest.param(
            NAIVE.events(),
            (Result.FAIL, 1, "no_duplicate_effect and no_funds_locked failed"),
            id="an agent that does not",
        ),
        pytest.param(
            CAREFUL.events(child_status=7),
            (Result.PASS, 2, "2 checks passed, 1 was not exercised, but the agent's own command ended with status 7"),
            id="a command that failed",
        ),
        pytest.param(
            Log().create().release().events(),
            (Result.NOT_EXERCISED, 3, "no fault was delivered, so nothing was shown"),
            id="no fault",
        ),
        pytest.param(
            Log().read(fault="latency").events(), (Result.NOT_EXERCISED, 3, "no check was exercised"), id="no check"
        ),
        pytest.param(
            Log().vanish(fault="reset").create().release().events(),
            (Result.INCONCLUSIVE, 3, "nobody can tell about no_duplicate_effect and no_funds_locked"),
            id="nobody can tell",
        ),
        pytest.param(
            CAREFUL.cut(),
            (Result.INCONCLUSIVE, 3, "the journal ends before the run did"),
            id="a run that was cut short",
        ),
        pytest.param(
            Log().lose("e-1").create("e-2").crash("KeyError: 'x'").events(),
            (Result.INCONCLUSIVE, 4, "Crosswind itself broke: KeyError: 'x'"),
            id="a crash of ours",
        ),
        pytest.param(
            CAREFUL_CRASHED.events(), (Result.INCONCLUSIVE, 4, "Crosswind itself broke: "), id="a crash without words"
        ),
        pytest.param(
            Log().events(), (Result.NOT_EXERCISED, 3, "no fault was delivered, so nothing was shown"), id="nothing"
        ),
        pytest.param([], (Result.INCONCLUSIVE, 3, "the journal ends before the run did"), id="no events at all"),
    ],
)
def test_verdict(events: list[Event], expected: tuple[Result, int, str]) -> None:
    """Result, exit code and why."""
    verdict = judge(events)
    assert expected == (verdict.result, verdict.exit_code, verdict.reason)


def test_findings_are_in_the_order_of_the_checks() -> None:
    """Each check says something about every run."""
    assert [check.__name__ for check in CHECKS] == [finding.check for finding in judge(NAIVE.events()).findings]


def test_trouble_of_the_journal_makes_it_inconclusive() -> None:
    """A full disk must not end in green."""
    verdict = judge(CAREFUL.events(), trouble="12 events are missing from the journal: No space left on device")
    assert (verdict.result, verdict.exit_code) == (Result.INCONCLUSIVE, 3)
    assert verdict.reason.startswith("12 events are missing")


def test_baseline_is_the_measure() -> None:
    """What an undisturbed agent leaves open may stay open."""
    log = Log().fail().create()
    assert judge(log.events()).result is Result.FAIL
    assert judge(log.events(), baseline=Log().create("b-1").events()).result is Result.PASS


NAMES = st.sampled_from(["", "a", "b", "create_escrow", "cancel", "e-1"]) | st.text(max_size=5)
TIMES = st.floats(0, 1000)
COUNTS = st.integers(0, 5)
STATUS = st.none() | st.sampled_from([200, 201, 302, 404, 429, 500, 503])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["payer", "payee", "amount"]), inner),
    max_leaves=6,
)
EFFECTS = st.lists(
    st.builds(
        EffectRecord, st.sampled_from(["opens", "closes", "moves", "?"]), NAMES, st.none() | NAMES, st.none() | NAMES
    ),
    max_size=2,
)
CALLS = st.lists(
    st.builds(
        CallRecord, NAMES, st.booleans(), NAMES, NAMES, COUNTS, COUNTS, COUNTS, st.none() | NAMES, JSON, STATUS, EFFECTS
    ),
    max_size=2,
)
EXCHANGES = st.builds(
    ExchangeClosed,
    number=COUNTS,
    agent=NAMES,
    protocol=NAMES,
    method=st.sampled_from(["GET", "POST", "PUT"]),
    host=NAMES,
    path=NAMES,
    http_version=NAMES,
    started_at=TIMES,
    closed_at=TIMES,
    calls=CALLS,
    reached_upstream=st.booleans(),
    committed=st.none() | st.booleans(),
    commit=st.sampled_from(Commit),
    delivered=st.booleans(),
    answered_at=st.none() | TIMES,
    status=STATUS,
    pristine_status=STATUS,
    origin=st.none() | st.sampled_from(Origin),
    decisions=st.lists(
        st.builds(DecisionRecord, NAMES, st.sampled_from(["noop", "reset"]), COUNTS, st.booleans(), NAMES), max_size=2
    ),
    injections=st.lists(
        st.builds(
            InjectionRecord, NAMES, st.sampled_from(["noop", "reset"]), st.sampled_from(Phase), st.booleans(), NAMES
        ),
        max_size=2,
    ),
    refusal=NAMES,
    retry_after=st.none() | TIMES,
    client_aborted=st.booleans(),
    error=NAMES,
)
ANYTHING = st.lists(
    EXCHANGES
    | EXCHANGES
    | EXCHANGES
    | st.builds(RunStarted, TIMES, NAMES, COUNTS, COUNTS, NAMES, NAMES, NAMES)
    | st.builds(PassedThrough, TIMES, NAMES, COUNTS)
    | st.builds(Noise, TIMES, NAMES, NAMES, NAMES)
    | st.builds(ProxyError, TIMES, NAMES)
    | st.builds(RunEnded, TIMES, st.none() | COUNTS),
    max_size=12,
)


@given(ANYTHING, st.none() | ANYTHING)
def test_judging_never_raises_and_green_is_always_earned(events: list[Event], baseline: list[Event] | None) -> None:
    """Whatever a journal holds."""
    verdict = judge(events, baseline=baseline)
    summary = summarise(events)
    assert (unexercised(summary) is None) == (summary.delivered > 0)
    if verdict.exit_code in {0, 2}:
        assert summary.delivered > 0
        assert summary.complete
        assert summary.errors == {}
    assert judge(events, baseline=baseline) == verdict


@pytest.mark.parametrize("agents", [pytest.param(1, id="one agent"), pytest.param(500, id="many agents")])
def test_large_runs_are_judged_in_reasonable_time(agents: int) -> None:
    """Linear in the calls: 6,000 take a good deal less than a second."""
    log = Log()
    for number in range(2000):
        agent = f"agent-{number % agents}"
        log.lose(f"e-{number}", agent=agent).create(f"f-{number}", agent=agent).fail("pay", agent=agent)
    began = time.process_time()
    assert judge(log.events()).result is Result.FAIL
    assert time.process_time() - began < 10
