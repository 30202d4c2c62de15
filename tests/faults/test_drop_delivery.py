"""A webhook that never arrives at the agent's own server, and what the sandbox makes of it."""

from __future__ import annotations

from pathlib import Path

from proxy_addons.faults.drop_delivery import DropDelivery
from tests.support.calls import create, escrows
from tests.support.live import live_proxy
from tests.support.receiver import receiver, settle


def rules(fault: str, when: str = "{}") -> str:
    """Drop what tells of an escrow."""
    return f"[{{match: {{protocol: webhook}}, when: {when}, fault: {{drop_delivery: {fault}}}}}]"


def test_the_confirmation_never_arrives(tmp_path: Path, ca: Path) -> None:
    """The escrow is held, the sandbox believes that it told, and tries once."""
    with receiver() as agent, live_proxy(tmp_path, ca, rules=rules("ok")) as proxy:
        agent.register(proxy)
        assert create(proxy).status == 201
        settle(proxy)
        held = proxy.on_loop(lambda: escrows(proxy))
        (event,) = [event for event in proxy.exchanges if event.protocol == "webhook"]
    assert (held, agent.received) == (1, [])
    assert (event.status, event.reached_upstream) == (200, False)
    assert event.injections[0].delivered


def test_a_provider_that_knows_tries_again(tmp_path: Path, ca: Path) -> None:
    """Every attempt is dropped."""
    with receiver() as agent, live_proxy(tmp_path, ca, rules=rules("error")) as proxy:
        agent.register(proxy)
        create(proxy)
        settle(proxy)
        tries = [event for event in proxy.exchanges if event.protocol == "webhook"]
    assert agent.received == []
    assert [(event.status, event.calls[0].attempt) for event in tries] == [(503, 1), (503, 2), (503, 3)]


def test_the_second_attempt_may_come_through(tmp_path: Path, ca: Path) -> None:
    """Late, and marked as what it is."""
    with receiver() as agent, live_proxy(tmp_path, ca, rules=rules("error", "{attempts: [1]}")) as proxy:
        agent.register(proxy)
        create(proxy)
        (came,) = agent.wait_for(1)
        settle(proxy)
    assert came.headers["x-greenhelix-attempt"] == "2"
    assert len(agent.received) == 1


def test_it_says_what_it_does() -> None:
    """In the words of a report."""
    assert DropDelivery().describe() == "the webhook never arrives, and the provider believes that it did"
    assert DropDelivery(provider_sees="error").describe() == "the webhook does not arrive, and the provider knows it"
    assert (DropDelivery().fatal, DropDelivery(provider_sees="error").fatal) == (False, True)


def test_an_agent_s_own_calls_are_no_deliveries(tmp_path: Path, ca: Path) -> None:
    """A rule for everything hits webhooks alone."""
    with receiver() as agent, live_proxy(tmp_path, ca, rules="[{fault: drop_delivery}]") as proxy:
        agent.register(proxy)
        assert create(proxy).body
        settle(proxy)
        _, called, delivery = proxy.exchanges
    assert agent.received == []
    assert (called.decisions, len(delivery.decisions)) == ([], 1)
