"""A thousand faults of each kind leave nothing behind in the proxy: no task, no socket, no connection, no object."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, get_args

import psutil
import pytest
import yaml
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy.server import ConnectionHandler

from proxy_addons import faults
from proxy_addons.exchange import Exchange, Phase
from tests.e2e.invoke import CLIENTS, ESCROWS
from tests.support.live import LiveProxy, live_proxy
from tests.support.upstream import say, upstream

EACH = 1000
"""Faults of one kind over HTTP/1.1, shared between its settings and the sides of the upstream."""

WARM_UP = 30
"""Faults before the first look: what is made once for all calls, such as a certificate, is there by then."""

LIMIT = 20.0
"""Seconds after which what is still there was left behind."""

KEPT = (ConnectionHandler, Exchange, HTTPFlow)
"""Types whose objects belong to one connection or one call."""

SANDBOX, UPSTREAM = "sandbox.greenhelix.net", "upstream.test"
ESCROW = '{"payer":"buyer","payee":"seller","amount":"0.01"}'


@dataclass(frozen=True)
class Case:
    """How a fault is set here, each setting in turn, and the call that it is played on: a new escrow, as a rule.

    `least` is the share of the calls that it must hit. Paths other than the sandbox's are the upstream's, which
    answers with a stream of events at `/events`.
    """

    settings: tuple[str, ...] = ("{}",)
    path: str = ESCROWS
    body: str = ESCROW
    least: float = 1.0


CASES = {
    "bandwidth": Case(("{down: 1MB/s}", "{up: 1MB/s}")),
    "close": Case(("{}", "{at: after, after_bytes: 10}")),
    "corrupt_fields": Case(("{fields: [status]}",)),
    "drip": Case(("{chunk: 32, gap: 1ms}",)),
    "duplicate_request": Case(("{gap: 1ms}",)),
    "goaway": Case(least=0.0),  # on HTTP/1.1 there is none
    "headers": Case(("{set: {x-test: '1'}}", "{oversized: 16KB}")),
    "latency": Case(("{delay: 1ms}",)),
    "lost_response": Case(
        ("{instead: reset}", "{instead: close}", "{instead: bad_gateway}", "{instead: timeout, hold: 10ms}")
    ),
    "overloaded": Case(
        ("{shape: openai}", "{shape: anthropic, in_stream: true}"),
        "/v1/chat/completions",
        '{"model":"m","messages":[{"role":"user","content":"hi"}]}',
    ),
    "rate_limit": Case(("{limit: 1, per: 1h}",), least=0.9),  # the first call has a token
    "redirect": Case(("{to: /v2}", "{loop: true}")),
    "reorder": Case(("{after: 1, hold: 5ms}",), least=0.0),  # the calls of one connection have none behind them
    "schema_drift": Case(("{preset: v2}",)),
    "slow_close": Case(("{hold: 1ms}",), least=0.5),  # a client that has all the bytes may leave
    "stale": Case(least=0.7),  # not where the earlier answer said the same, as the upstream's always does
    "status": Case(("{code: 503}", "{code: 204}")),
    "stream_cut": Case(
        ("{after_events: 2}", "{after_events: 2, end: close}", "{after_events: 2, end: clean}"), "/events"
    ),
    "stream_duplicate": Case(("{event: every}",), "/events"),
    "stream_malform": Case(("{event: 2}",), "/events"),
    "stream_stall": Case(("{after_events: 2, hold: 2ms}", "{after_events: 2, hold: 2ms, then: reset}"), "/events"),
    "timeout": Case(("{hold: 10ms}",)),
    "tls_failure": Case(("{kind: alert}", "{kind: wrong_host}", "{kind: expired}", "{kind: untrusted}")),
    "tool_error": Case(
        ("{}", "{code: -32001}"),
        "/mcp",
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{}}}',
    ),
    "truncate": Case(("{framing: broken}", "{framing: clean}")),
    "wrong_length": Case(("{by: 10}", "{by: -10}")),
}
"""A fault that is not here is played as it is when nothing is set. What must be set, must be set here."""

HTTP2 = 60
"""Calls over HTTP/2 for each kind besides. What ends a connection ends many of them, so that fewer are hit."""

SHARES = (
    ("tls", SANDBOX, False, 40),
    ("tls", UPSTREAM, True, 80),
    ("plain", UPSTREAM, False, 80),
    ("plain", SANDBOX, True, 800),
    ("http2", SANDBOX, True, HTTP2 // 2),
    ("http2", UPSTREAM, True, HTTP2 // 2),
)
"""Transport, host, whether connections are kept where the fault leaves them open, and how many of `EACH`."""

OPENINGS = (("tls", SANDBOX, False, EACH),)
"""The same, for faults that strike when a connection is opened."""


class Load:
    """The program that sends the calls, in a process of its own: what it opens is not the proxy's."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = self._answer()["port"]

    def ask(self, do: str, target: Mapping[str, object], count: int, **more: object) -> dict[str, int]:
        """Start a batch; its first answer."""
        return self.go_on(json.dumps({"do": do, "load": target, "count": count, **more}))

    def go_on(self, line: str = "") -> dict[str, int]:
        """Let it go on; its next answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, int]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the load ended"
        answer: dict[str, int] = json.loads(line)
        assert "error" not in answer, answer
        return answer


@pytest.fixture(scope="module")
def load() -> Iterator[Load]:
    """One program for all tests."""
    command = [sys.executable, str(CLIENTS / "load.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Load(process)
        process.communicate(timeout=LIMIT)


class Footprint(NamedTuple):
    """What the proxy holds on to at one moment."""

    exchanges: int
    clients: int
    connections: int
    tasks: Counter[str]
    sockets: Counter[str]
    descriptors: int
    objects: Counter[str]

    def no_more_than(self, before: Footprint) -> bool:
        """Whether nothing has come since. Objects may have gone: those of the last call go a little later than it."""
        return self._replace(objects=before.objects) == before and self.objects <= before.objects

    @property
    def idle(self) -> bool:
        """Whether nobody is connected, and nothing is under way."""
        return (self.exchanges, self.clients, self.connections, self.tasks.total()) == (0, 0, 0, 1)


def footprint(proxy: LiveProxy) -> Footprint:
    """Look, on the proxy's own loop."""
    process = psutil.Process()

    def look() -> Footprint:
        chain, master = proxy.session.chain, proxy.session.master
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        gc.collect()
        return Footprint(
            chain.observe.open_exchanges,
            len(chain.clients),
            len(master.proxyserver.connections),
            Counter(getattr(task.get_coro(), "__qualname__", "") for task in tasks),
            Counter(connection.status for connection in process.net_connections("inet")),
            process.num_fds(),
            Counter(type(it).__name__ for it in gc.get_objects() if issubclass(type(it), KEPT)),
        )

    return proxy.on_loop(look)


def wait_for(proxy: LiveProxy, holds: Callable[[Footprint], bool]) -> Footprint:
    """Look until it holds, or for `LIMIT` seconds; what it looked like in the end."""
    deadline = time.monotonic() + LIMIT
    while not holds(seen := footprint(proxy)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


def case_of(word: str) -> Case:
    """How it is set."""
    return CASES.get(word, Case())


def sides(word: str) -> tuple[Phase, ...]:
    """On which sides of the upstream a fault can play."""
    annotation = faults.load(word).model_fields["at"].annotation
    return tuple(Phase) if annotation is Phase else get_args(annotation)


def hits_webhooks(word: str) -> bool:
    """Whether it is played on the sandbox's webhooks."""
    return faults.load(word).protocols == frozenset({"webhook"})


def rules(word: str) -> dict[str, dict[str, Any]]:
    """A rule for each side and setting by its name: that of the agent whose calls it hits, or of the webhook's path."""
    found = {}
    for side in sides(word):
        for number, settings in enumerate(map(yaml.safe_load, case_of(word).settings)):
            if settings.get("at", side) != side:
                continue
            name = f"{side}-{number}"
            match = {"agent": "sandbox", "path": f"/{name}"} if hits_webhooks(word) else {"agent": name}
            found[name] = {"name": name, "match": match, "fault": {word: {"at": side} | settings}}
    return found


class Battery:
    """Sends calls through one proxy, whose rules break all of them."""

    def __init__(self, word: str, proxy: LiveProxy, load: Load) -> None:
        self.word = word
        self.case = case_of(word)
        self.shares = OPENINGS if Phase.CONNECT in sides(word) else SHARES
        self.proxy = proxy
        self.load = load
        if hits_webhooks(word):
            for name in rules(word):
                order = {
                    "secret": "whsec",
                    "url": f"http://127.0.0.1:{load.port}/{name}",
                    "event_types": ["escrow.created"],
                }
                self.send("receiver", "plain", SANDBOX, 1, path="/v1/infra/webhooks", body=json.dumps(order))

    def send(self, agent: str, transport: str, host: str, count: int, *, keep: bool = True, **call: str) -> None:
        """Send one batch."""
        if hits_webhooks(self.word):
            host = SANDBOX
        elif self.case.path != ESCROWS:
            host = UPSTREAM
        target = {"proxy": self.proxy.address, "bundle": self.proxy.bundle, "agent": agent, "host": host}
        target |= {"transport": transport, "path": self.case.path, "body": self.case.body} | call
        self.load.ask("send", target, count, keep=keep)

    def fire(self, each: int) -> None:
        """Let `each` faults be played, and a few more on HTTP/2."""
        agents = ["buyer"] if hits_webhooks(self.word) else list(rules(self.word))
        for agent in agents:
            for transport, host, keep, share in self.shares:
                self.send(agent, transport, host, -(-share * each // (EACH * len(agents))), keep=keep)


@pytest.mark.parametrize("word", faults.words())
def test_a_thousand_faults_leave_nothing_behind(word: str, tmp_path: Path, ca: Path, load: Load) -> None:
    """On fresh connections and kept ones, over TLS and without, on HTTP/1.1 and HTTP/2."""
    maps = [f"{UPSTREAM}=http://127.0.0.1:{load.port}"]
    with live_proxy(tmp_path, ca, rules=json.dumps(list(rules(word).values())), maps=maps) as proxy:
        battery = Battery(word, proxy, load)
        battery.fire(WARM_UP)
        before = wait_for(proxy, lambda seen: seen.idle)
        battery.fire(EACH)
        after = wait_for(proxy, lambda seen: seen.no_more_than(before))
        assert before.idle
        assert after._replace(objects=after.objects - before.objects) == before._replace(objects=Counter())
    selected, delivered = Counter[bool](), Counter[bool]()
    for exchange in proxy.exchanges:
        http2 = exchange.http_version == "HTTP/2.0"
        selected[http2] += len(exchange.injections)
        delivered[http2] += sum(injection.delivered for injection in exchange.injections)
    least = case_of(word).least
    assert {injection.rule for exchange in proxy.exchanges for injection in exchange.injections} == set(rules(word))
    assert selected[False] >= EACH
    assert delivered[False] >= least * selected[False]
    assert delivered[True] > 0 or least == 0 or hits_webhooks(word) or Phase.CONNECT in sides(word)


HELD = [
    pytest.param("timeout", "{hold: 1h}", id="timeout-before"),
    pytest.param("timeout", "{hold: 1h, at: after}", id="timeout-after"),
    pytest.param("latency", "{delay: 1h}", id="latency-before"),
    pytest.param("latency", "{delay: 1h, at: after}", id="latency-after"),
    pytest.param("lost_response", "{instead: timeout, hold: 1h}", id="lost-response"),
    pytest.param("drip", "{gap: 10m, chunk: 1}", id="drip"),
]
LEAVING = 100
"""Clients that leave while they are held."""


@pytest.mark.parametrize("transport", ["plain", "tls"])
@pytest.mark.parametrize(("word", "settings"), HELD)
def test_clients_that_leave_leave_nothing_behind(
    word: str, settings: str, transport: str, tmp_path: Path, ca: Path, load: Load
) -> None:
    """A fault that holds a call for an hour lets go of it when its client goes."""
    maps = [f"{UPSTREAM}=http://127.0.0.1:{load.port}"]
    rule = {"name": "held", "match": {"agent": "buyer"}, "fault": {word: yaml.safe_load(settings)}}
    with live_proxy(tmp_path, ca, rules=json.dumps([rule]), maps=maps) as proxy:
        target = {"proxy": proxy.address, "bundle": proxy.bundle, "host": UPSTREAM, "transport": transport}
        target |= {"path": ESCROWS, "body": ESCROW}
        load.ask("send", target | {"agent": "warm-up"}, WARM_UP)
        before = wait_for(proxy, lambda seen: seen.idle)
        load.ask("hold", target | {"agent": "buyer"}, LEAVING)
        held = wait_for(proxy, lambda seen: seen.exchanges == LEAVING)
        load.go_on()
        after = wait_for(proxy, lambda seen: seen.no_more_than(before))
        assert (before.idle, held.exchanges) == (True, LEAVING)
        assert after.no_more_than(before), after
    ended = [exchange for exchange in proxy.exchanges if exchange.agent == "buyer"]
    assert len(ended) == LEAVING


def test_cancelled_streams_leave_nothing_behind(tmp_path: Path, ca: Path, load: Load) -> None:
    """A cancelled HTTP/2 stream ends with its fault at the latest, while its connection goes on."""
    rule = {"name": "held", "match": {"agent": "buyer"}, "fault": {"timeout": {"hold": "1s"}}}
    with live_proxy(tmp_path, ca, rules=json.dumps([rule])) as proxy:
        target = {"proxy": proxy.address, "bundle": proxy.bundle, "host": SANDBOX, "transport": "http2"}
        target |= {"path": ESCROWS, "body": ESCROW}
        load.ask("send", target | {"agent": "warm-up"}, WARM_UP)
        before = wait_for(proxy, lambda seen: seen.idle)
        load.ask("cancel", target | {"agent": "buyer"}, LEAVING)
        held = wait_for(proxy, lambda seen: seen.exchanges == LEAVING)
        load.go_on()
        cancelled = wait_for(proxy, lambda seen: seen.exchanges == 0)
        load.go_on()
        after = wait_for(proxy, lambda seen: seen.no_more_than(before))
        assert (held.exchanges, cancelled.exchanges, cancelled.clients) == (LEAVING, 0, 1)
        assert after.no_more_than(before), after
    assert len([exchange for exchange in proxy.exchanges if exchange.agent == "buyer"]) == LEAVING


def test_every_call_that_reached_the_upstream_is_journaled_so(tmp_path: Path, ca: Path, load: Load) -> None:
    """Though its HTTP/2 connection is reset under it, none is taken for one that the upstream never saw."""
    rule = {"name": "torn", "when": {"probability": 0.2}, "fault": {"reset": {"at": "after"}}}
    with upstream(say(201, b'{"id":"e-1","status":"held","amount":"0.01"}')) as asked:
        maps = [f"{UPSTREAM}={asked.url}"]
        with live_proxy(tmp_path, ca, rules=json.dumps([rule]), maps=maps) as proxy:
            target = {"proxy": proxy.address, "bundle": proxy.bundle, "host": UPSTREAM, "transport": "http2"}
            load.ask("send", target | {"agent": "buyer", "path": ESCROWS, "body": ESCROW}, 200)
            assert wait_for(proxy, lambda seen: seen.idle).idle
    assert sum(exchange.reached_upstream for exchange in proxy.exchanges) >= len(asked.asked) > 0
