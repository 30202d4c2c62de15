from __future__ import annotations

import pytest

from proxy_addons.events.event import DecisionRecord, InjectionRecord
from proxy_addons.exchange import Phase
from proxy_addons.verdicts.summary import RuleCount, summarise
from tests.support.journal import START, Log


def decided(rule: str, reason: str, *, fired: bool = False) -> DecisionRecord:
    """A decision of one rule with a reset."""
    return DecisionRecord(rule, "reset", 0, fired=fired, reason=reason)


def test_facts_of_a_run() -> None:
    """What came by, what was let through, what was refused."""
    log = Log().lose().create("e-2", agent="seller").read().pass_through("b").pass_through("a").pass_through("b")
    log.noise("TLS handshake failed", "api.example").noise("no HTTP").call("pay", refusal="too much")
    summary = summarise(log.events(child_status=3, insecure=True), trouble="torn", unknown_events=2)
    assert (
        summary.calls,
        summary.exchanges,
        summary.insecure,
        summary.complete,
        summary.child_status,
    ) == (4, 4, True, True, 3)
    assert (summary.profile, summary.seed, summary.origin) == ("lost-response", 42, "sandbox")
    assert (summary.trouble, summary.unknown_events) == ("torn", 2)
    assert summary.passed_through == {"b": 2, "a": 1}
    assert summary.noise == {"api.example: TLS handshake failed": 1, "no HTTP": 1}
    assert summary.refusals == {"too much": 1}
    assert summary.agents == {"buyer": 3, "seller": 1}
    assert summary.operations == {"create_escrow": 2, "get_balance": 1, "pay": 1}
    assert summary.seconds == pytest.approx(log.now - START)


def test_most_frequent_come_first() -> None:
    """Ties in the order of the alphabet."""
    summary = summarise(Log().pass_through("c").pass_through("a").pass_through("b").pass_through("b").events())
    assert list(summary.passed_through) == ["b", "a", "c"]


def test_matched_selected_and_delivered_are_told_apart() -> None:
    """A rule that matches may not fire, and a fault that is due may not take place."""
    log = Log().create().create().create().create()
    first, second, third, _ = log.exchanges
    first.decisions = [decided("r", "probability 0.3, drew 0.9"), decided("s", "max 1 reached")]
    second.decisions = [decided("r", "", fired=True)]
    second.injections = [InjectionRecord("r", "reset", Phase.BEFORE, delivered=False, detail="the client had left")]
    third.decisions = [decided("r", "", fired=True), decided("s", "probability 1", fired=True)]
    third.injections = [InjectionRecord("r", "reset", Phase.BEFORE, delivered=True, detail="RST sent")]
    summary = summarise(log.events(), rule_names=["r", "s", "t"])
    late = {"the exchange was over before it was its turn": 1}
    assert summary.rules == (
        RuleCount("r", "reset", 3, 2, 1, {"probability 0.3": 1}, {"the client had left": 1}),
        RuleCount("s", "reset", 2, 1, 0, {"max 1 reached": 1}, late),
    )
    assert (summary.unmatched_rules, summary.selected, summary.delivered) == (("t",), 3, 1)


def test_idle_faults_are_counted_apart() -> None:
    """They take place and show nothing."""
    summary = summarise(Log().create(fault="noop").events())
    assert (summary.selected, summary.delivered, summary.rules[0].delivered) == (0, 0, 1)


def test_run_that_was_cut_short() -> None:
    """It has no end and so no length."""
    summary = summarise(Log().create().cut())
    assert (summary.complete, summary.seconds) == (False, None)


def test_crashes_are_counted() -> None:
    """The same one many times is one line."""
    assert summarise(Log().crash("KeyError").crash("KeyError").events()).errors == {"KeyError": 2}


def test_a_repeat_of_the_network_is_no_call() -> None:
    """Nobody made it."""
    summary = summarise(Log().create(fault="duplicate_request").repeat().events())
    assert (summary.calls, summary.exchanges, summary.delivered) == (1, 1, 1)
    assert summary.operations == {"create_escrow": 1}
