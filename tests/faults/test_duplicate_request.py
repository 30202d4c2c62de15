"""The same request at the provider several times, and one answer at the agent's socket."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from proxy_addons.events.event import ExchangeClosed
from proxy_addons.exchange import Commit
from proxy_addons.faults.duplicate_request import DuplicateRequest
from proxy_addons.verdicts.judge import judge
from proxy_addons.verdicts.verdict import Finding, Result
from tests.support.calls import call, create, escrows
from tests.support.live import LiveProxy, live_proxy
from tests.support.upstream import say, upstream

RULES = "[{match: {operation: create_escrow}, fault: {duplicate_request: {times: 2}}}]"


def finding(proxy: LiveProxy, check: str) -> Finding:
    """What a check says of the run."""
    return next(finding for finding in judge(proxy.events).findings if finding.check == check)


def test_the_ledger_sees_every_repeat_and_the_agent_one_answer(tmp_path: Path, ca: Path) -> None:
    """Three escrows are held for one call without a key; the agent learns of the first."""
    with live_proxy(tmp_path, ca, rules=RULES) as proxy:
        seen = create(proxy)
        held = proxy.on_loop(lambda: escrows(proxy))
        first, *repeats = proxy.exchanges
    assert (held, seen.status, seen.ending) == (3, 201, "open")
    assert json.loads(seen.body)["id"] == first.calls[0].effects[0].resource
    assert [injection.delivered for injection in first.injections] == [True]
    assert first.injections[0].detail == "sent to the provider 2 times more"
    assert [(e.number, e.duplicate_of, e.delivered, e.commit) for e in repeats] == [
        (2, 1, False, Commit.COMMITTED),
        (3, 1, False, Commit.COMMITTED),
    ]
    assert all(repeat.decisions == [] and repeat.status is None for repeat in repeats)
    assert len({e.calls[0].effects[0].resource for e in (first, *repeats)}) == 3


def test_a_keyless_create_is_a_duplicate_effect_by_the_network(tmp_path: Path, ca: Path) -> None:
    """The verdict does not say that the agent sent it twice."""
    with live_proxy(tmp_path, ca, rules=RULES) as proxy:
        create(proxy)
        found = finding(proxy, "no_duplicate_effect")
    assert found.result is Result.FAIL
    assert found.sentence == (
        "create_escrow took effect 3 times for one intent: the network repeated #1 (duplicate_request), "
        "which carried no idempotency key."
    )
    assert [evidence.number for evidence in found.evidence] == [1, 2, 3]


def test_a_keyed_create_passes(tmp_path: Path, ca: Path) -> None:
    """The provider answers the repeats from the first."""
    with live_proxy(tmp_path, ca, rules=RULES) as proxy:
        create(proxy, {"idempotency-key": "k-1"})
        held = proxy.on_loop(lambda: escrows(proxy))
        repeats = proxy.exchanges[1:]
        found = finding(proxy, "no_duplicate_effect")
        retries = finding(proxy, "bounded_retries")
    assert held == 1
    assert [repeat.calls[0].effects for repeat in repeats] == [[], []]
    assert found.result is Result.PASS
    assert found.sentence == "1 mutating call was disturbed, and nothing took effect twice."
    assert retries.result is Result.NOT_EXERCISED


def test_the_next_call_is_no_retry_of_the_repeat(tmp_path: Path, ca: Path) -> None:
    """A second purchase, on purpose, counts as call 2, attempt 1."""
    with live_proxy(tmp_path, ca, rules="[{when: {calls: [1]}, fault: duplicate_request}]") as proxy:
        create(proxy)
        create(proxy)
        first, repeat, second = proxy.exchanges
    assert [(e.calls[0].nth, e.calls[0].ordinal, e.calls[0].attempt) for e in (first, repeat, second)] == [
        (1, 1, 1),
        (1, 1, 1),
        (2, 2, 1),
    ]


def test_the_budget_is_charged_once(tmp_path: Path, ca: Path) -> None:
    """The agent meant to spend 25 once."""
    with live_proxy(tmp_path, ca, rules=RULES, head="budget: {per_run: '50.00'}") as proxy:
        statuses = [create(proxy, description=str(number)).status for number in range(3)]
    assert statuses == [201, 201, 402]


def test_a_mapped_upstream_gets_the_same_bytes_again(tmp_path: Path, ca: Path) -> None:
    """Method, path, headers and body, whatever else the agent does meanwhile."""
    rules = "[{fault: {duplicate_request: {times: 3, gap: 10ms}}}]"
    with (
        upstream(say(201, b'{"id":"e-1"}')) as server,
        live_proxy(tmp_path, ca, rules=rules, maps=[f"api.example.com={server.url}"]) as proxy,
    ):
        seen = call(
            proxy, "POST", "/v1/orders?x=1", {"amount": "1.00"}, {"x-request-id": "r-1"}, host="api.example.com"
        )
        events = proxy.exchanges
    assert seen.status == 201
    assert len(server.asked) == 4
    assert all(asked == server.asked[0] for asked in server.asked)
    assert server.asked[0][2]["host"] == "api.example.com"
    assert [(e.host, e.path, e.reached_upstream) for e in events] == [("api.example.com", "/v1/orders", True)] * 4


def test_a_repeat_without_an_answer_is_told(tmp_path: Path, ca: Path) -> None:
    """The provider hangs up on the second request; the agent has the answer to the first."""

    def once(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if len(server.asked) > 1:
            handler.close_connection = True
        else:
            say(201)(handler, body)

    with (
        upstream(once) as server,
        live_proxy(tmp_path, ca, rules="[{fault: duplicate_request}]", maps=[f"api.example.com={server.url}"]) as proxy,
    ):
        assert call(proxy, "POST", "/orders", {"amount": "1"}, host="api.example.com").status == 201
        first, repeat = proxy.exchanges
    assert first.injections[0].detail == "sent to the provider once more, 1 without an answer"
    assert (repeat.commit, repeat.delivered, repeat.client_aborted) == (Commit.AMBIGUOUS, False, False)


def test_nothing_is_left_behind(tmp_path: Path, ca: Path) -> None:
    """No client, no open exchange, no waiter."""
    with live_proxy(tmp_path, ca, rules=RULES) as proxy:
        for number in range(20):
            create(proxy, description=str(number))
        chain = proxy.session.chain
        while proxy.on_loop(lambda: chain.observe.open_exchanges or len(chain.clients)):
            pass
        assert proxy.on_loop(lambda: len(chain.departures)) == 0
        events = [event for event in proxy.events if isinstance(event, ExchangeClosed)]
    assert len(events) == 60


def test_it_says_what_it_does() -> None:
    """In the words of a report."""
    assert (
        DuplicateRequest(times=2, gap="1s").describe()
        == "the provider gets the request 2 times more, 1s apart, the agent one answer"
    )
    assert DuplicateRequest().describe() == "the provider gets the request once more, the agent one answer"
