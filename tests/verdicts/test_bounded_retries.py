from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.verdicts.bounded_retries import FAIL_ABOVE, WARN_ABOVE, bounded_retries
from proxy_addons.verdicts.case import case_of
from proxy_addons.verdicts.verdict import Finding, Result
from tests.support.journal import Log

PASS, FAIL, SKIPPED = Result.PASS, Result.FAIL, Result.NOT_EXERCISED


def check(log: Log) -> Finding:
    """The finding on a run."""
    return bounded_retries(case_of(log.events()))


def failing(count: int, gap: float = 1.0, takes: float = 0.1, retry_after: float | None = None) -> Log:
    """A call that is tried so often, in vain."""
    log = Log()
    for _ in range(count):
        log.fail(gap=gap, takes=takes, retry_after=retry_after)
    return log


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(failing(1), (PASS, False), id="no retry"),
        pytest.param(failing(4), (PASS, False), id="the official client's four"),
        pytest.param(failing(5), (PASS, True), id="more than four"),
        pytest.param(failing(10), (PASS, True), id="ten"),
        pytest.param(failing(11), (FAIL, False), id="more than ten"),
        pytest.param(failing(11).create(), (FAIL, False), id="more than ten, and then it worked"),
        pytest.param(failing(5).create(), (PASS, True), id="more than four, and then it worked"),
        pytest.param(failing(5, gap=20), (FAIL, False), id="still going after 60 s"),
        pytest.param(failing(4, gap=21), (FAIL, False), id="four, still going after 60 s"),
        pytest.param(failing(3, gap=100), (PASS, False), id="a slow agent within three attempts"),
        pytest.param(failing(4, gap=2, takes=30), (PASS, False), id="a black hole and a time-out of 30 s"),
        pytest.param(failing(4, gap=31, retry_after=30), (PASS, False), id="the provider asked to wait"),
        pytest.param(Log().fail().create(), (SKIPPED, False), id="over by the first retry"),
        pytest.param(Log().create(), (SKIPPED, False), id="nothing failed"),
        pytest.param(Log(), (SKIPPED, False), id="nothing happened"),
        pytest.param(Log().create(fault="latency"), (SKIPPED, False), id="late, but answered"),
    ],
)
def test_attempts_are_bounded(log: Log, expected: tuple[Result, bool]) -> None:
    """Warn above 4, fail above 10 or after 60 s of the agent's own time."""
    finding = check(log)
    assert expected == (finding.result, finding.warning)


def test_polling_is_no_retry() -> None:
    """Neither of what is there nor of what is not there yet."""
    log = Log()
    for _ in range(20):
        log.read().read("get_job", status=404, pristine=404)
    assert check(log).result is SKIPPED


def test_polling_edited_answers_is_no_retry() -> None:
    """What a fault edited is an answer all the same."""
    log = Log()
    for _ in range(13):
        log.read(fault="partial_response")
    assert check(log).result is SKIPPED


def test_404_of_a_fault_is_a_failure() -> None:
    """It was not the provider who said so."""
    log = Log()
    for _ in range(11):
        log.read("get_job", status=404, pristine=None, fault="status")
    assert check(log).result is FAIL


def test_failure_says_how_often_and_how_long() -> None:
    """Each attempt with its time."""
    finding = check(failing(12, gap=0.9))
    assert finding.sentence == "create_escrow was tried 12 times in 11.0 s while it kept failing; the limit is 10."
    assert finding.figures == {"attempts": "12", "seconds": "11.0"}
    assert finding.evidence[1].text.startswith("+1.0 s create_escrow 25.00")


def test_time_limit_and_other_calls_are_told() -> None:
    """Which limit was passed, and whether it was the only call."""
    log = Log()
    for operation in ("pay", "send"):
        for _ in range(5):
            log.fail(operation, gap=20)
    assert check(log).sentence == (
        "pay was tried 5 times in 80.4 s while it kept failing; the limit is 60 s. 1 other call went on like that too."
    )


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (failing(1), "1 failing call was not tried again."),
        (failing(3).fail("pay"), "2 failing calls were given up after 3 attempts at most."),
    ],
)
def test_pass_says_when_the_agent_gave_up(log: Log, expected: str) -> None:
    """The longest chain counts."""
    assert expected == check(log).sentence


def test_giving_up_at_the_very_end_is_not_proven() -> None:
    """The run may have ended before the agent did."""
    assert check(failing(2)).not_ruled_out == "That it gave up only because the run ended."
    assert check(failing(2).read()).not_ruled_out == ""


@given(st.integers(0, 20), st.integers(0, 20))
def test_one_attempt_more_never_makes_it_better(first: int, more: int) -> None:
    """Results only get worse as an agent goes on."""
    order = [(SKIPPED, False), (PASS, False), (PASS, True), (FAIL, False)]
    ranks = [
        order.index((found.result, found.warning)) for found in (check(failing(first)), check(failing(first + more)))
    ]
    assert ranks == sorted(ranks)
    assert WARN_ABOVE < FAIL_ABOVE
