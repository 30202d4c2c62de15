"""Webhooks over the wire: from a call through the proxy to the agent's own server on loopback."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path

import pytest

from proxy_addons.events.event import WebhookDropped
from proxy_addons.exchange import Commit, Origin
from proxy_addons.verdicts.judge import judge
from tests.support.calls import ESCROW, ESCROWS, call, create, plain
from tests.support.live import LiveProxy, live_proxy
from tests.support.receiver import failing, receiver, settle
from tests.support.sockets import HOST


def dropped(proxy: LiveProxy) -> list[WebhookDropped]:
    """What never was delivered."""
    return [event for event in proxy.events if isinstance(event, WebhookDropped)]


def test_an_escrow_s_life_is_told_and_signed(tmp_path: Path, ca: Path) -> None:
    """Created and released, in that order, promptly, each an exchange of the sandbox's."""
    with receiver() as agent, live_proxy(tmp_path, ca) as proxy:
        webhook = agent.register(proxy)
        escrow = json.loads(create(proxy).body)["id"]
        answered_at = time.time()
        (created,) = agent.wait_for(1)
        call(proxy, "POST", f"{ESCROWS}/{escrow}/release")
        _, released = agent.wait_for(2)
        settle(proxy)
        exchanges = [event for event in proxy.exchanges if event.protocol == "webhook"]
    assert created.genuine
    assert released.genuine
    assert created.at - answered_at < 2
    assert created.event["event_type"] == "escrow.created"
    assert created.event["webhook_id"] == webhook
    assert created.event["payload"] | {"escrow_id": ""} == ESCROW | {
        "id": escrow,
        "escrow_id": "",
        "state": "held",
        "amount": "25.0",
        "currency": "CREDITS",
    }
    assert released.event["payload"]["state"] == "settled"
    assert created.headers["x-greenhelix-event-id"] == created.event["event_id"]
    assert created.headers["x-greenhelix-attempt"] == "1"
    assert abs(int(created.headers["x-greenhelix-timestamp"]) - created.at) < 3
    assert agent.server.asked[0][:2] == ("POST", "/hooks?x=1")
    assert [(e.agent, e.calls[0].operation, e.host, e.status, e.origin, e.commit, e.delivered) for e in exchanges] == [
        ("sandbox", f"webhook.escrow.{what}", "127.0.0.1", 200, Origin.UPSTREAM, Commit.COMMITTED, True)
        for what in ("created", "released")
    ]


def test_ids_are_the_same_on_every_run(tmp_path: Path, ca: Path) -> None:
    """They follow from the seed and the calls."""
    ids: list[list[str]] = []
    for run in range(2):
        with receiver() as agent, live_proxy(tmp_path / str(run), ca) as proxy:
            agent.register(proxy, url="http://127.0.0.1:1/gone")
            create(proxy)
            ids.append([event.id for event in dropped(proxy)])
    assert ids[0] == ids[1] != []


def test_a_deposit_is_told_to_whom_it_concerns(tmp_path: Path, ca: Path) -> None:
    """A webhook that was narrowed to another agent hears nothing."""
    with receiver() as agent, receiver() as other, live_proxy(tmp_path, ca) as proxy:
        agent.register(proxy, "billing.*")
        other.register(proxy, "billing.*", filter_agent_ids=["somebody-else"])
        call(proxy, "POST", "/v1/billing/wallets/buyer/deposit", {"amount": "10.00"})
        (told,) = agent.wait_for(1)
        settle(proxy)
    assert told.event["event_type"] == "billing.deposit"
    assert told.event["payload"]["amount"] == "10.0"
    assert other.received == []


def test_a_failed_delivery_is_tried_again_three_times_at_most(tmp_path: Path, ca: Path) -> None:
    """With growing pauses, the same event and attempts that count up."""
    with receiver(failing(9)) as agent, live_proxy(tmp_path, ca) as proxy:
        agent.register(proxy)
        create(proxy)
        tries = agent.wait_for(3)
        settle(proxy)
        exchanges = [event for event in proxy.exchanges if event.protocol == "webhook"]
        verdict = judge(proxy.events)
    assert len(agent.received) == 3
    assert [one.headers["x-greenhelix-attempt"] for one in tries] == ["1", "2", "3"]
    assert len({one.body for one in tries}) == 1
    gaps = [after.at - before.at for before, after in pairwise(tries)]
    assert gaps[0] >= 0.45
    assert gaps[1] >= 1.9
    assert [(e.status, e.calls[0].attempt) for e in exchanges] == [(503, 1), (503, 2), (503, 3)]
    assert not any("webhook" in finding.sentence for finding in verdict.findings)  # no agent's retries


def test_a_success_ends_it(tmp_path: Path, ca: Path) -> None:
    """And so does a refusal by the receiver: 4xx is its last word."""
    with receiver(failing(1)) as agent, receiver(failing(9, 401)) as strict, live_proxy(tmp_path, ca) as proxy:
        agent.register(proxy)
        strict.register(proxy)
        create(proxy)
        agent.wait_for(2)
        settle(proxy)
    assert (len(agent.received), len(strict.received)) == (2, 1)


def test_a_receiver_that_hangs_up_or_is_gone_is_a_failure(tmp_path: Path, ca: Path) -> None:
    """Tried again, and never an error of ours."""

    def hang_up(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        handler.close_connection = True

    with receiver(hang_up) as agent, live_proxy(tmp_path, ca) as proxy:
        agent.register(proxy)
        agent.register(proxy, url="http://127.0.0.1:1/gone")
        create(proxy)
        settle(proxy)
        exchanges = [event for event in proxy.exchanges if event.protocol == "webhook"]
    assert len(agent.received) == 3
    assert len(exchanges) == 6
    assert not any(event.delivered for event in exchanges)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://10.1.2.3/hook", "10.1.2.3 is neither loopback nor in scope"),
        ("http://169.254.169.254/hook", "169.254.169.254 is neither loopback nor in scope"),
        ("https://agent.example.com/hook", "agent.example.com is neither loopback nor in scope"),
        (f"https://{HOST}/v1/pricing", "is the sandbox itself"),
    ],
)
def test_webhooks_go_nowhere_else(tmp_path: Path, ca: Path, url: str, why: str) -> None:
    """Refused by the guard, and journaled."""
    with receiver() as agent, live_proxy(tmp_path, ca) as proxy:
        agent.register(proxy, url=url)
        create(proxy)
        settle(proxy)
        (event,) = [event for event in proxy.exchanges if event.protocol == "webhook"]
    assert why in event.refusal
    assert (event.origin, event.reached_upstream) == (Origin.GUARD, False)


def test_the_proxy_s_own_port_is_no_receiver(tmp_path: Path, ca: Path) -> None:
    """It would call itself."""
    with receiver() as agent, live_proxy(tmp_path, ca) as proxy:
        agent.register(proxy, url=f"{proxy.url}/hook")
        create(proxy)
        settle(proxy)
        (event,) = [event for event in proxy.exchanges if event.protocol == "webhook"]
    assert "own port" in event.refusal


def test_a_mapped_host_is_reached_where_the_map_leads(tmp_path: Path, ca: Path) -> None:
    """The receiver is asked by its own name."""
    with receiver() as agent, live_proxy(tmp_path, ca, maps=[f"agent.example.com={agent.server.url}"]) as proxy:
        agent.register(proxy, url="https://agent.example.com/hook")
        create(proxy)
        (told,) = agent.wait_for(1)
    assert told.headers["host"] == "agent.example.com"


def test_an_agent_cannot_pretend_to_be_the_sandbox(tmp_path: Path, ca: Path) -> None:
    """Loopback stays closed to the agents' own calls, whatever their headers say."""
    with receiver() as agent, live_proxy(tmp_path, ca) as proxy:
        host = f"127.0.0.1:{agent.server.port}"
        seen = plain(proxy, f"http://{host}/hooks", "POST", {}, {"x-greenhelix-event": "escrow.created"})
    assert seen.status == 403
    assert agent.received == []


def test_what_is_due_at_the_end_goes_out_or_is_journaled(tmp_path: Path, ca: Path) -> None:
    """The last webhook of a run still comes; what keeps failing is dropped and said so."""
    with receiver() as agent, receiver(failing(9)) as broken, live_proxy(tmp_path, ca) as proxy:
        agent.register(proxy)
        broken.register(proxy)
        create(proxy)
        started = time.monotonic()
        proxy.stop()
        took = time.monotonic() - started
        (event,) = dropped(proxy)
    assert len(agent.received) == 1
    assert took < 5
    assert event.event_type == "escrow.created"
    assert event.reason == "attempt 1 failed, and the run ended"


def test_an_address_that_is_none_is_journaled(tmp_path: Path, ca: Path) -> None:
    """Never an error of ours."""
    with receiver() as agent, live_proxy(tmp_path, ca) as proxy:
        agent.register(proxy, url="http://127.0.0.1:99999/x")
        create(proxy)
        settle(proxy)
        (event,) = dropped(proxy)
    assert "cannot be called" in event.reason


def test_latency_holds_a_webhook_back(tmp_path: Path, ca: Path) -> None:
    """Like any other exchange, past the time that a receiver has to answer."""
    rules = "[{match: {protocol: webhook}, fault: {latency: 700ms}}]"
    with receiver() as agent, live_proxy(tmp_path, ca, rules=rules) as proxy:
        proxy.on_loop(lambda: setattr(proxy.session.chain.outgoing, "_answer_within", 0.5))
        agent.register(proxy)
        create(proxy)
        answered_at = time.time()
        (came,) = agent.wait_for(1)
        settle(proxy)
    assert came.at - answered_at >= 0.7
    assert len(agent.received) == 1


def test_webhooks_come_in_another_order(tmp_path: Path, ca: Path) -> None:
    """The first escrow's is held until the second's was delivered."""
    rules = "[{match: {protocol: webhook}, when: {calls: [1]}, fault: {reorder: {at: before, hold: 20s}}}]"
    with receiver() as agent, live_proxy(tmp_path, ca, rules=rules) as proxy:
        agent.register(proxy)
        ids = [json.loads(create(proxy, description=text).body)["id"] for text in ("one", "two")]
        came = agent.wait_for(2)
        settle(proxy)
    assert [one.event["payload"]["id"] for one in came] == ids[::-1]


def test_a_receiver_that_never_answers_is_given_up(tmp_path: Path, ca: Path) -> None:
    """Each attempt ends, and nothing is left behind."""

    def hang(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        time.sleep(0.6)
        handler.close_connection = True

    with receiver(hang) as agent, live_proxy(tmp_path, ca) as proxy:
        chain = proxy.session.chain
        proxy.on_loop(lambda: setattr(chain.outgoing, "_answer_within", 0.2))
        agent.register(proxy)
        create(proxy)
        settle(proxy)
        while proxy.on_loop(lambda: chain.observe.open_exchanges or len(chain.clients)):
            time.sleep(0.01)
        tries = [event for event in proxy.exchanges if event.protocol == "webhook"]
    assert len(tries) == len(agent.received) == 3
    assert [(event.delivered, event.commit) for event in tries] == [(False, Commit.AMBIGUOUS)] * 3


def test_a_reset_is_an_error_to_the_sandbox(tmp_path: Path, ca: Path) -> None:
    """It tries again, and the agent gets it on the second attempt."""
    rules = "[{match: {protocol: webhook}, when: {attempts: [1]}, fault: reset}]"
    with receiver() as agent, live_proxy(tmp_path, ca, rules=rules) as proxy:
        agent.register(proxy)
        create(proxy)
        (came,) = agent.wait_for(1)
        settle(proxy)
        first, _ = [event for event in proxy.exchanges if event.protocol == "webhook"]
    assert came.headers["x-greenhelix-attempt"] == "2"
    assert first.injections[0].delivered
