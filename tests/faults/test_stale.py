"""Stale: what the agent was told before, once more."""

from __future__ import annotations

import itertools
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from proxy_addons.exchange import Answer
from proxy_addons.faults.stale import Stale
from tests.support.calls import http2
from tests.support.edits import ask, faulty, headers_of, reply, zipped
from tests.support.fake_wire import FakeWire, play
from tests.support.live import live_proxy
from tests.support.upstream import Respond

OLD = Answer(200, (("content-type", "application/json"), ("content-encoding", "gzip"), ("date", "then")), b"old")


async def test_the_earlier_answer_is_given_again() -> None:
    """With its own headers, but for those of the body."""
    wire = FakeWire(answer=Answer(200, (), b"new"), earlier=OLD)
    played = await play(Stale(), wire)
    assert wire.answer == Answer(200, (("content-type", "application/json"), ("date", "then")), b"old")
    assert (played.delivered, played.ends, played.detail) == (True, False, "an earlier answer instead: 200, 3 bytes")


@pytest.mark.parametrize(
    ("earlier", "said"),
    [(None, "there is no earlier answer of this operation"), (OLD, "the earlier answer said the same")],
)
async def test_where_there_is_nothing_older_it_says_so(earlier: Answer | None, said: str) -> None:
    """Not delivered."""
    wire = FakeWire(answer=Answer(200, (), b"old"), earlier=earlier)
    played = await play(Stale(), wire)
    assert (played.delivered, played.detail, wire.done) == (False, said, [])
    assert "its earlier answer" in Stale().describe()


def counting() -> Respond:
    """An origin that answers 1, 2, 3 …, and every third time with a failure."""
    numbers = itertools.count(1)

    def respond(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        number = next(numbers)
        text = b'{"n": %d}' % number
        (reply(text, 500) if number == 3 else zipped(text))(handler, body)

    return respond


def test_on_the_wire_it_is_the_answer_before_this_one(tmp_path: Path, ca: Path) -> None:
    """The provider is asked all the same; a failure is nothing to remember."""
    with faulty(tmp_path, ca, "stale", counting()) as proxy:
        seen = [ask(proxy) for _ in range(4)]
        events = proxy.exchanges
    assert [one.body for one in seen[1:]] == [b'{"n": 1}', b'{"n": 2}', b'{"n": 2}']
    assert "content-encoding" not in headers_of(seen[1])
    assert [event.injections[0].delivered for event in events] == [False, True, True, True]
    assert [(event.status, event.pristine_status) for event in events] == [
        (200, 200),
        (200, 200),
        (200, 500),
        (200, 200),
    ]
    assert [event.delivered for event in events] == [True, False, False, False]


def test_another_operation_has_answers_of_its_own(tmp_path: Path, ca: Path) -> None:
    """Of another path."""
    with faulty(tmp_path, ca, "stale", counting()) as proxy:
        ask(proxy, path="/v1/one")
        ask(proxy, path="/v1/two")
        assert [event.injections[0].delivered for event in proxy.exchanges] == [False, False]


def test_on_http2_a_balance_is_the_one_before_the_deposit(tmp_path: Path, ca: Path) -> None:
    """The read after the write shows nothing of it."""
    wallet = "/v1/billing/wallets/a"
    rules = "[{match: {operation: get_balance}, fault: stale}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy, http2(proxy) as client:
        before = client.get(f"{wallet}/balance").json()
        client.post(f"{wallet}/deposit", json={"amount": "10.00"})
        assert client.get(f"{wallet}/balance").json() == before
        assert client.get(f"{wallet}/balance").json() != before
