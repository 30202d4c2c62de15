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
from typing import NamedTuple, get_args

import psutil
import pytest
import yaml
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy.server import ConnectionHandler

from proxy_addons import faults
from proxy_addons.exchange import Exchange, Phase
from tests.e2e.invoke import CLIENTS, ESCROWS
from tests.support.live import LiveProxy, live_proxy

EACH = 1000
"""Faults of one kind on one side of the upstream."""

WARM_UP = 40
"""Faults before the first look: what is made once for all calls, such as a certificate, is there by then."""

LIMIT = 20.0
"""Seconds after which what is still there was left behind."""

KEPT = (ConnectionHandler, Exchange, HTTPFlow)
"""Types whose objects belong to one connection or one call."""

SANDBOX, UPSTREAM = "sandbox.greenhelix.net", "upstream.test"


@dataclass(frozen=True)
class Case:
    """How a fault is set for this test, each setting in turn, and what it is played on.

    A fault that does nothing to a new escrow needs a `path` of the upstream's, such as `/events`.
    """

    settings: tuple[str, ...] = ("{}",)
    path: str = ""


CASES = {
    "drip": Case(("{chunk: 32, gap: 1ms}",)),
    "latency": Case(("{delay: 1ms}",)),
    "lost_response": Case(
        ("{instead: reset}", "{instead: close}", "{instead: bad_gateway}", "{instead: timeout, hold: 10ms}")
    ),
    "status": Case(("{code: 503}", "{code: 204}")),
    "timeout": Case(("{hold: 10ms}",)),
}
"""Faults that are not here are played on a new escrow, as they are when nothing is set."""

SHARES = (
    ("tls", SANDBOX, False, 200),
    ("tls", UPSTREAM, True, 200),
    ("plain", UPSTREAM, False, 300),
    ("plain", SANDBOX, True, 200),
    ("http2", SANDBOX, True, 50),
    ("http2", UPSTREAM, True, 50),
)
"""Transport, host, whether connections are kept where the fault leaves them open, and how many of `EACH`."""


def sides(word: str) -> tuple[Phase, ...]:
    """On which sides of the upstream a fault can play."""
    annotation = faults.load(word).model_fields["at"].annotation
    return tuple(Phase) if annotation is Phase else get_args(annotation)


class Load:
    """The program that sends the calls, in a process of its own: what it opens is not the proxy's."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = self._answer()["port"]

    def ask(self, do: str, load: Mapping[str, object], count: int, **more: object) -> dict[str, int]:
        """Start a batch; its first answer."""
        return self.go_on(json.dumps({"do": do, "load": load, "count": count, **more}))

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

    @property
    def idle(self) -> bool:
        """Whether nobody is connected."""
        return (self.exchanges, self.clients, self.connections) == (0, 0, 0)


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
            Counter(type(it).__name__ for it in gc.get_objects() if isinstance(it, KEPT)),
        )

    return proxy.on_loop(look)


def wait_for(proxy: LiveProxy, holds: Callable[[Footprint], bool]) -> Footprint:
    """Look until it holds, or for `LIMIT` seconds; what it looked like in the end."""
    deadline = time.monotonic() + LIMIT
    while not holds(seen := footprint(proxy)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return seen


def rules(word: str) -> list[dict[str, object]]:
    """A rule for each side and setting, for the agent of its name."""
    return [
        {"name": f"{side}-{number}", "match": {"agent": f"{side}-{number}"}, "fault": {word: {"at": side} | settings}}
        for side in sides(word)
        for number, settings in enumerate(map(yaml.safe_load, CASES.get(word, Case()).settings))
    ]


def strike(word: str, each: int, proxy: LiveProxy, load: Load) -> None:
    """Let `each` faults be played on every side."""
    case = CASES.get(word, Case())
    for rule in rules(word):
        for transport, host, keep, share in SHARES:
            target = {"proxy": proxy.address, "bundle": proxy.bundle, "agent": rule["name"], "transport": transport}
            target |= {"host": UPSTREAM, "path": case.path} if case.path else {"host": host, "path": ESCROWS}
            load.ask("send", target, share * each // EACH // len(case.settings), keep=keep)


@pytest.mark.parametrize("word", faults.words())
def test_a_thousand_faults_leave_nothing_behind(word: str, tmp_path: Path, ca: Path, load: Load) -> None:
    """On fresh connections and kept ones, over TLS and without, on HTTP/1.1 and HTTP/2."""
    maps = [f"{UPSTREAM}=http://127.0.0.1:{load.port}"]
    with live_proxy(tmp_path, ca, rules=json.dumps(rules(word)), maps=maps) as proxy:
        strike(word, WARM_UP, proxy, load)
        before = wait_for(proxy, lambda seen: seen.idle)
        strike(word, EACH, proxy, load)
        after = wait_for(proxy, lambda seen: seen == before)
        assert before.idle
        assert after == before
    played = Counter(
        injection.at for exchange in proxy.exchanges for injection in exchange.injections if injection.delivered
    )
    assert played == dict.fromkeys(sides(word), EACH + WARM_UP)
