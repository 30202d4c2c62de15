"""A webhook that arrives several times at the agent's own server."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from proxy_addons.faults.duplicate_delivery import DuplicateDelivery
from proxy_addons.verdicts.case import case_of
from tests.support.calls import create
from tests.support.live import live_proxy
from tests.support.receiver import receiver, settle

RULES = "[{match: {operation: webhook.escrow.created}, fault: {duplicate_delivery: {times: 2, gap: 200ms}}}]"


def test_it_arrives_three_times_the_same(tmp_path: Path, ca: Path) -> None:
    """Same id, body and signature, `gap` apart; the escrow was created once."""
    with receiver() as agent, live_proxy(tmp_path, ca, rules=RULES) as proxy:
        agent.register(proxy)
        create(proxy)
        came = agent.wait_for(3)
        settle(proxy)
        original, *repeats = [event for event in proxy.exchanges if event.protocol == "webhook"]
        faults = case_of(proxy.events).delivered_faults
    assert len(agent.received) == 3
    assert len({(one.body, one.headers["x-greenhelix-signature"]) for one in came}) == 1
    assert all(one.genuine for one in came)
    assert [after.at - before.at > 0.15 for before, after in pairwise(came)] == [True, True]
    assert original.injections[0].detail == "delivered 2 times more"
    assert [(e.duplicate_of, e.reached_upstream) for e in repeats] == [(original.number, True)] * 2
    assert faults == 1


def test_it_says_what_it_does() -> None:
    """In the words of a report."""
    assert DuplicateDelivery().describe() == "the webhook arrives once more"
    assert DuplicateDelivery(times=2, gap="1s").describe() == "the webhook arrives 2 times more, 1s apart"
