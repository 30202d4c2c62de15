from __future__ import annotations

import pytest

from proxy_addons.events.event import DecisionRecord, InjectionRecord
from proxy_addons.exchange import Phase
from proxy_addons.verdicts.summary import summarise
from proxy_addons.verdicts.unexercised import IGNORES_THE_CA, IGNORES_THE_PROXY, Unexercised, unexercised
from tests.support.journal import Log


def why(log: Log, rule_names: list[str] | None = None) -> Unexercised:
    """Why a run showed nothing."""
    found = unexercised(summarise(log.events(), rule_names=rule_names or []))
    assert found is not None
    return found


def due(*, fired: bool) -> Log:
    """A run in which a reset was due, or held back, and never took place."""
    log = Log().create().create("e-2")
    for exchange in log.exchanges:
        exchange.decisions = [DecisionRecord("cut", "reset", 0, fired=fired, reason="probability 0.3, drew 0.9")]
        if fired:
            exchange.injections = [InjectionRecord("cut", "reset", Phase.BEFORE, delivered=False, detail="client left")]
    return log


def test_delivered_fault_needs_no_explanation() -> None:
    """Something was shown."""
    assert unexercised(summarise(Log().lose().events())) is None


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        pytest.param(Log(), "no_traffic", id="nothing"),
        pytest.param(Log().noise("no HTTP"), "no_traffic", id="only noise"),
        pytest.param(Log().noise("TLS handshake failed", "a"), "untrusted", id="only broken handshakes"),
        pytest.param(Log().noise("TLS handshake failed").pass_through("b"), "untrusted", id="and others"),
        pytest.param(Log().pass_through("b"), "out_of_scope", id="only hosts out of scope"),
        pytest.param(Log().create(), "never_fired", id="calls, and no rule"),
        pytest.param(due(fired=False), "never_fired", id="calls, and a rule that did not fire"),
        pytest.param(Log().create(fault="noop"), "never_fired", id="only a fault that does nothing"),
        pytest.param(due(fired=True), "undelivered", id="due and not delivered"),
        pytest.param(Log().create().pass_through("b"), "never_fired", id="calls and others"),
    ],
)
def test_cause(log: Log, cause: str) -> None:
    """The first that applies."""
    assert cause == why(log).cause


def test_no_traffic_names_the_clients_that_ignore_the_proxy() -> None:
    """And what to tell each of them."""
    found = why(Log().noise("the connection ended without an HTTP request"))
    assert found.sentence.startswith("Nothing came through the proxy")
    assert found.advice == (
        "On the port, but no call: the connection ended without an HTTP request",
        *IGNORES_THE_PROXY,
    )
    for client in ("aiohttp", "trust_env=True", "Node", "urllib3", "Go", "http_proxy", "NO_PROXY"):
        assert client in " ".join(IGNORES_THE_PROXY)


def test_broken_handshakes_name_where_clients_look_for_the_ca() -> None:
    """The most frequent cause of a run without calls."""
    found = why(Log().noise("client does not trust the certificate", "api.example"))
    assert found.advice == ("api.example: client does not trust the certificate", *IGNORES_THE_CA)


def test_hosts_out_of_scope_are_named() -> None:
    """With what to do about it."""
    log = Log()
    for number in range(7):
        log.pass_through(f"h{number}")
    found = why(log)
    assert found.sentence == "Only hosts outside the scope came by: h0, h1, h2, h3, h4 and 2 more."
    assert found.advice == ("The scope holds sandbox.greenhelix.net: add the host that you mean to scope.hosts.",)


def test_rules_that_never_fired_say_why() -> None:
    """Those that matched, and those that did not, and what did come by."""
    found = why(due(fired=False), ["cut", "other"])
    assert found.sentence == "2 calls came by, and no rule fired."
    assert found.advice == (
        "cut: matched 2 calls and never fired: probability 0.3 (2 times)",
        "other: matched no call",
        "Operations that came by: create_escrow",
    )


def test_no_rule_at_all_points_at_the_profiles() -> None:
    """The default profile breaks nothing."""
    assert why(Log().create()).advice == (
        "No rule of the profile lost-response matched.",
        "List others: crosswind profile list",
        "Operations that came by: create_escrow",
    )


def test_fault_that_does_nothing_is_named() -> None:
    """It was delivered, and shows nothing."""
    found = why(Log().create(fault="noop"))
    assert found.sentence == "1 call came by, and only faults that do nothing were played."
    assert "rule: noop was played on 1 call" in found.advice


def test_undelivered_faults_say_why() -> None:
    """Selected is not delivered."""
    found = why(due(fired=True))
    assert found.sentence == "2 faults were due, and none took place."
    assert found.advice == ("cut: reset did not take place: client left (2 times)",)
