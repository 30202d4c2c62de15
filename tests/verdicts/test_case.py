from __future__ import annotations

import pytest

from proxy_addons.verdicts.case import case_of, crash_of
from tests.support.journal import Log


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(Log(), 0, id="nothing"),
        pytest.param(Log().create(), 0, id="no fault"),
        pytest.param(Log().lose().fail(), 2, id="two faults"),
        pytest.param(Log().create(fault="noop"), 0, id="a fault that does nothing"),
    ],
)
def test_delivered_faults(log: Log, expected: int) -> None:
    """Only what took place and did something counts."""
    assert expected == case_of(log.events()).delivered_faults


def test_fault_on_a_batch_counts_once() -> None:
    """However many calls it carries."""
    events = Log().fail()
    events.exchanges[0].calls *= 3
    assert case_of(events.events()).delivered_faults == 1


def test_missing_end_is_noticed() -> None:
    """A run that was cut short is not judged as if it were whole."""
    assert case_of(Log().cut()).missing == "the journal ends before the run did"
    assert case_of(Log().events(), trouble="3 events are missing").missing == "3 events are missing"
    assert not case_of(Log().events()).missing


def test_chains_are_laid_out_once() -> None:
    """All checks see the same."""
    case = case_of(Log().fail().create().events())
    assert case.chains is case.chains
    assert len(case.chains) == 1


def test_crash_of_ours() -> None:
    """The first one is told."""
    assert crash_of(Log().crash("KeyError").events()) == "KeyError"
    assert crash_of(Log().events()) is None


def test_a_webhook_is_no_call_of_an_agent_but_its_faults_count() -> None:
    """A run in which only a confirmation was lost shows something."""
    case = case_of(Log().create().deliver("drop_delivery").deliver().events())
    assert [attempt.number for attempt in case.attempts] == [1]
    assert case.delivered_faults == 1
