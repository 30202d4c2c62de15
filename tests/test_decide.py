"""Which faults an exchange gets: decided once, before anything waits, and written down whether taken or not."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from proxy_addons.rules.draw import Draw, seed_key
from tests.support.calls import ESCROW, ESCROWS, call, create, escrows, plain
from tests.support.live import LiveProxy, live_proxy
from tests.support.sockets import request_bytes, tunnel
from tests.support.upstream import upstream

HALF = "[{name: half, match: {operation: create_escrow}, when: {probability: 0.5}, fault: {status: 503}}]"


def fired(proxy: LiveProxy) -> list[tuple[str, bool]]:
    """Rule and outcome of every decision of the run, in order."""
    return [(d.rule, d.fired) for event in proxy.exchanges for d in event.decisions]


def run_once(folder: Path, ca: Path, seed: int | None) -> list[tuple[bool, float | None]]:
    """The decisions about twelve different purchases."""
    with live_proxy(folder, ca, rules=HALF, seed=seed) as proxy:
        for n in range(12):
            create(proxy, amount=f"{n + 1}.00")
        return [(d.fired, d.draw) for event in proxy.exchanges for d in event.decisions]


def test_the_same_seed_decides_the_same(tmp_path: Path, ca: Path) -> None:
    """And another one otherwise."""
    first = run_once(tmp_path / "1", ca, 7)
    assert first == run_once(tmp_path / "2", ca, 7)
    assert first != run_once(tmp_path / "3", ca, 8)
    assert {outcome for outcome, _ in first} == {True, False}


def test_the_journal_holds_the_draw_that_decided(tmp_path: Path, ca: Path) -> None:
    """Seed, rule, agent, operation, fingerprint and ordinal give it, so that anybody can check."""
    with live_proxy(tmp_path, ca, rules=HALF, seed=7) as proxy:
        create(proxy, {"x-agent-id": "buyer"})
        (event,) = proxy.exchanges
    (decision,) = event.decisions
    drawn = Draw(seed_key(7), "half", "buyer", "create_escrow", event.calls[0].fingerprint, 1).uniform("fire")
    assert decision.draw == drawn
    assert decision.fired is (drawn < 0.5)
    assert decision.reason == f"probability 0.5, drew {drawn:.4f}"


def test_what_was_not_taken_is_written_down_with_its_reason(tmp_path: Path, ca: Path) -> None:
    """Rules that matched alone; the fault is not in the list of what was played."""
    rules = """[
      {name: later, when: {calls: 2}, fault: reset},
      {name: never, when: {probability: 0}, fault: reset},
      {name: elsewhere, match: {operation: deposit}, fault: reset},
      {name: counts, fault: noop}]"""
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        assert create(proxy).status == 201
        (event,) = proxy.exchanges
    assert [(d.rule, d.fault, d.fired) for d in event.decisions] == [
        ("later", "reset", False),
        ("never", "reset", False),
        ("counts", "noop", True),
    ]
    assert event.decisions[0].reason == "call 1 is not in 2"
    assert event.decisions[0].draw is None
    assert [injection.rule for injection in event.injections] == ["counts"]


def test_a_cap_holds_for_one_and_the_same_call(tmp_path: Path, ca: Path) -> None:
    """Another input has a cap of its own."""
    rules = "[{name: once, when: {max: 1}, fault: {status: 503}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        statuses = [create(proxy, amount=a).status for a in ("1.00", "1.00", "2.00", "2.00")]
        assert statuses == [503, 201, 503, 201]
        assert [d.reason for event in proxy.exchanges for d in event.decisions][1] == "max 1 reached"


def test_a_fault_on_the_first_attempt_lets_the_retry_through(tmp_path: Path, ca: Path) -> None:
    """The plainest rule there is."""
    with live_proxy(tmp_path, ca, rules="[{name: first, when: {attempts: 1}, fault: reset}]") as proxy:
        assert [create(proxy).ending for _ in range(2)] == ["reset", "open"]
        assert fired(proxy) == [("first", True), ("first", False)]


def test_a_retry_that_comes_before_the_first_try_is_over_is_a_retry(tmp_path: Path, ca: Path) -> None:
    """The agent need not wait for a try that is doomed."""
    rules = "[{name: hole, match: {operation: create_escrow}, when: {attempts: 1}, fault: timeout}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        with tunnel(proxy.address, proxy.bundle) as first:
            first.sendall(request_bytes("POST", ESCROWS, ESCROW))
            while not proxy.on_loop(lambda: proxy.session.chain.observe.open_exchanges):
                pass
            assert create(proxy).status == 201
        assert [event.calls[0].attempt for event in proxy.exchanges] == [1, 2]
        assert escrows(proxy) == 1


@pytest.mark.parametrize("fault", ["{latency: 100ms}", "noop"])
def test_a_call_that_runs_beside_a_healthy_one_is_no_retry(tmp_path: Path, ca: Path, fault: str) -> None:
    """Only a failure makes one."""
    with live_proxy(tmp_path, ca, rules=f"[{{fault: {fault}}}]") as proxy:
        threads = [threading.Thread(target=create, args=(proxy,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [event.calls[0].attempt for event in proxy.exchanges] == [1, 1]


def test_a_window_is_counted_from_the_start_of_the_run(tmp_path: Path, ca: Path) -> None:
    """Here it opens far later."""
    rules = (
        "[{name: late, when: {window: {after: 1h}}, fault: reset}, {name: now, when: {window: {for: 1h}}, fault: noop}]"
    )
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        assert create(proxy).status == 201
        assert fired(proxy) == [("late", False), ("now", True)]
        assert proxy.exchanges[0].decisions[0].reason == "outside its window"


def test_a_paused_decider_fires_nothing(tmp_path: Path, ca: Path) -> None:
    """And the journal says that it was paused."""
    with live_proxy(tmp_path, ca, rules="[{name: always, fault: {status: 503}}]") as proxy:
        decider = proxy.session.chain.decider
        for paused, status in ((True, 200), (False, 503)):
            proxy.on_loop(lambda paused=paused: setattr(decider, "paused", paused))  # type: ignore[misc]  # a lambda's default
            assert call(proxy).status == status
        decisions = [d for event in proxy.exchanges for d in event.decisions]
    assert [(d.fired, d.draw is None) for d in decisions] == [(False, True), (True, False)]
    assert decisions[0].reason == "paused"


def test_a_batch_is_decided_by_the_first_of_its_calls_that_fires(tmp_path: Path, ca: Path) -> None:
    """One fault for one exchange, and the call that it was about."""
    tools = [{"tool": tool, "params": {"agent_id": "buyer"}} for tool in ("get_balance", "get_analytics")]
    rules = "[{name: second, match: {operation: get_analytics}, fault: {status: 503}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        assert call(proxy, "POST", "/v1/batch", {"calls": tools}).status == 503
        assert [(d.rule, d.call) for d in proxy.exchanges[0].decisions] == [("second", 1)]


def test_what_is_refused_or_out_of_scope_is_not_decided(tmp_path: Path, ca: Path) -> None:
    """A rule's cap is not used up by a call that never was."""
    rules = "[{name: once, when: {max: 1}, fault: {status: 503}}]"
    with (
        upstream() as server,
        live_proxy(
            tmp_path, ca, rules=rules, head="budget: {per_call: '1'}", maps=[f"a.example={server.url}"]
        ) as proxy,
    ):
        assert create(proxy, amount="2").status == 402
        assert plain(proxy, f"{server.url}/x").status == 200
        assert create(proxy, amount="1").status == 503
        assert fired(proxy) == [("once", True)]
