from __future__ import annotations

import pytest

from proxy_addons.exchange import Commit, Origin
from proxy_addons.verdicts.attempt import attempts_of
from proxy_addons.verdicts.evidence import blame_of, describe, evidence_of
from proxy_addons.verdicts.verdict import Evidence
from tests.support.journal import Log


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(Log().create(), "create_escrow 25.00 → committed, answer delivered", id="all is well"),
        pytest.param(
            Log().lose(), "create_escrow 25.00 → committed, answer lost (lost_response)", id="injected, answer lost"
        ),
        pytest.param(
            Log().create(delivered=False),
            "create_escrow 25.00 → committed, answer lost (upstream)",
            id="lost by itself",
        ),
        pytest.param(
            Log().create(status=502, fault="lost_response"),
            "create_escrow 25.00 → committed, told 502 (lost_response)",
            id="told otherwise",
        ),
        pytest.param(
            Log().create(fault="truncate"),
            "create_escrow 25.00 → committed, a spoilt 201 delivered (truncate)",
            id="spoilt",
        ),
        pytest.param(Log().fail(), "create_escrow 25.00 → not committed, told 503 (status)", id="failed before"),
        pytest.param(
            Log().fail(fault="reset", delivered=False),
            "create_escrow 25.00 → not committed, no answer (reset)",
            id="reset",
        ),
        pytest.param(
            Log().vanish(), "create_escrow 25.00 → nobody knows if it committed, answer lost (upstream)", id="ambiguous"
        ),
        pytest.param(
            Log().call("pay", status=402, pristine=None, commit=Commit.NONE, origin=Origin.GUARD, refusal="too much"),
            "pay 25.00 → not committed, told 402 (guard)",
            id="refused by the proxy",
        ),
        pytest.param(
            Log().create(delivered=False, client_aborted=True),
            "create_escrow 25.00 → committed, the agent gave up waiting",
            id="the agent left",
        ),
        pytest.param(
            Log().create(delivered=False, client_aborted=True, fault="latency"),
            "create_escrow 25.00 → committed, the agent gave up waiting (latency)",
            id="the agent left a late answer",
        ),
        pytest.param(Log().read(), "get_balance → answer delivered", id="a read"),
        pytest.param(Log().read(status=404, pristine=404), "get_balance → told 404 (upstream)", id="a read of nothing"),
    ],
)
def test_attempt_in_a_line(log: Log, expected: str) -> None:
    """What was asked, what the provider did, what the agent got, and who is to blame."""
    (attempt,) = attempts_of(log.exchanges)
    assert expected == describe(attempt)


def test_refusal_within_a_batch() -> None:
    """A batch is answered 200 even when its calls fail."""
    log = Log().call("pay", status=200)
    log.exchanges[0].calls[0].status = 402
    (attempt,) = attempts_of(log.exchanges)
    assert describe(attempt) == "pay 25.00 → not committed, refused within a 200 (upstream)"


def test_faults_are_named_once_and_idle_ones_not_at_all() -> None:
    """Blame is for what did something."""
    log = Log().create(fault="latency")
    injection = log.exchanges[0].injections[0]
    log.exchanges[0].injections = [injection, injection]
    assert [blame_of(attempt) for attempt in attempts_of(log.exchanges)] == ["latency"]
    assert [blame_of(attempt) for attempt in attempts_of(Log().create(fault="noop").exchanges)] == [""]


def test_evidence_is_in_order_and_names_nothing_twice() -> None:
    """However it was collected."""
    first, second = attempts_of(Log().lose().create("e-2").exchanges)
    expected = (Evidence(1, describe(first)), Evidence(2, describe(second)))
    assert expected == evidence_of([second, first, second])


def test_a_repeat_of_the_network_is_told_as_one() -> None:
    """Nobody lost its answer: nobody waited for it."""
    _, repeat = evidence_of(attempts_of(Log().create(fault="duplicate_request").repeat().exchanges))
    assert repeat.text == "create_escrow 25.00 → committed, the network's repeat of #1"
