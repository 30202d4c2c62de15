"""The chain as a whole: its order, and that a run shares nothing with another."""

from __future__ import annotations

from pathlib import Path

from proxy_addons import chain
from proxy_addons.chain import Chain
from proxy_addons.engine.script import Script
from proxy_addons.events.event import Event, ExchangeClosed
from proxy_addons.rules.load import parse
from proxy_addons.rules.settings import settle
from proxy_addons.tally import MemoryTally
from tests.support.calls import call, create, escrows
from tests.support.live import live_proxy

ORDER = ["Identify", "Guard", "Decide", "InjectBefore", "AnswerCall", "InjectAfter", "Observe"]


class NoProxyserver:
    """A chain that is never served needs none."""


def test_the_order_is_the_pipeline() -> None:
    """Requests and answers pass the same list from top to bottom; the last one sees what the agent gets."""
    events: list[Event] = []
    settings = settle(parse("version: 1\n", "test.yaml"), environ={})
    made = Chain(settings, NoProxyserver(), events.append, MemoryTally())  # type: ignore[arg-type]  # a stand-in
    names = [type(addon).__name__ for addon in made.addons]
    assert [name for name in names if name in ORDER] == ORDER
    assert made.addons[-1] is made.observe
    assert events == []


def test_mitmdump_finds_the_script() -> None:
    """`-s` loads what is called `addons`."""
    (addon,) = chain.addons
    assert isinstance(addon, Script)


def test_a_refusal_comes_before_every_decision_and_every_fault(tmp_path: Path, ca: Path) -> None:
    """Guard stands above decide and inject."""
    with live_proxy(tmp_path, ca, head="budget: {per_call: '1'}", rules="[{fault: reset}]") as proxy:
        assert create(proxy).status == 402
        assert proxy.exchanges[0].decisions == []


def test_a_fault_before_comes_before_the_answer_and_one_after_behind_it(tmp_path: Path, ca: Path) -> None:
    """Answer stands between the two."""
    rules = """[
      {match: {operation: create_escrow}, fault: {status: {code: 500, at: after}}},
      {match: {operation: get_balance}, fault: {status: 503}}]"""
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        assert create(proxy).status == 500
        assert call(proxy, path="/v1/billing/wallets/buyer/balance").status == 503
        assert escrows(proxy) == 1
        written, read = proxy.exchanges
    assert (written.pristine_status, read.pristine_status) == (201, None)


def test_the_event_tells_of_the_pristine_answer_and_of_what_the_agent_got(tmp_path: Path, ca: Path) -> None:
    """Observe stands last, answer has noted before any fault."""
    with live_proxy(tmp_path, ca, rules="[{fault: {status: {code: 418, at: after}}}]") as proxy:
        create(proxy)
        (event,) = proxy.exchanges
    assert (event.pristine_status, event.status, event.delivered) == (201, 418, False)
    assert [effect.kind for effect in event.calls[0].effects] == ["opens"]


def created(folder: Path, ca: Path, seed: int, count: int = 1) -> list[ExchangeClosed]:
    """A run in which that many escrows are created, of which no answer arrives."""
    rules = "[{match: {operation: create_escrow}, fault: {lost_response: bad_gateway}}]"
    with live_proxy(folder, ca, rules=rules, seed=seed) as proxy:
        for _ in range(count):
            create(proxy)
        assert escrows(proxy) == count
        return proxy.exchanges


def test_one_run_after_another_begins_anew(tmp_path: Path, ca: Path) -> None:
    """Books and counts are a run's own."""
    first, second = (created(tmp_path / name, ca, 7, count=2) for name in ("1", "2"))
    assert [event.number for event in second] == [1, 2]
    assert [event.calls[0].attempt for event in first] == [event.calls[0].attempt for event in second] == [1, 2]


def test_the_seed_makes_ids_and_decisions(tmp_path: Path, ca: Path) -> None:
    """The same one the same, another one others."""
    (one,), (same,), (other,) = (created(tmp_path / str(n), ca, seed) for n, seed in enumerate((1, 1, 2)))
    assert facts(one) == facts(same)
    assert not facts(one) & facts(other)


def facts(event: ExchangeClosed) -> set[object]:
    """What the seed has a say in."""
    return {event.calls[0].effects[0].resource, *(decision.draw for decision in event.decisions)}
