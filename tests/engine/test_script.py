"""The chain under a mitmdump of the user's own: a real process, with real options."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from mitmproxy import exceptions
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.test import taddons

from proxy_addons.engine.script import OPTIONS, Script
from proxy_addons.engine.session import Session, Ways
from proxy_addons.events.event import Event, ExchangeClosed, RunEnded, RunStarted
from proxy_addons.events.jsonl import JOURNAL_NAME, read_journal
from proxy_addons.rules.load import load
from proxy_addons.rules.settings import settle
from tests.support.calls import ESCROW, ESCROWS
from tests.support.live import LiveProxy
from tests.support.sockets import Seen, receive, request_bytes, tunnel

ROOT = Path(__file__).resolve().parents[2]
MITMDUMP = str(Path(sys.executable).with_name("mitmdump"))
LIMIT = 60
"""Seconds after which a process hangs."""

PROFILE = """
version: 1
name: half
seed: 1
rules:
  - {name: half, match: {operation: create_escrow}, when: {probability: 0.5}, fault: {status: 503}}
  - name: slow
    match: {operation: create_escrow}
    when: {probability: 0.3}
    fault: {latency: {distribution: uniform, min: 1ms, max: 9ms}}
  - {name: lost, match: {operation: deposit}, when: {attempts: 1}, fault: lost_response}
"""
CALLS = [
    *((agent, ESCROWS, ESCROW | {"amount": f"{n}.00"}) for n in range(1, 7) for agent in ("buyer", "seller")),
    *(("buyer", ESCROWS, ESCROW) for _ in range(4)),
    *(("buyer", "/v1/billing/wallets/buyer/deposit", {"amount": "10.00"}) for _ in range(2)),
]


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process's own, less what would change a run."""
    kept = {name: value for name, value in os.environ.items() if name != "CHAOS_SEED"}
    return kept | {"COLUMNS": "300", "TERM": "dumb"} | dict(more)


def start(
    folder: Path, ca: Path, options: Mapping[str, object], environ: Mapping[str, str], port: int = 0
) -> subprocess.Popen[str]:
    """Start mitmdump with the chain, as a user does."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"confdir": ca, "crosswind_run": folder / "run"} | dict(options)
    return subprocess.Popen(
        [
            *(MITMDUMP, "--listen-host", "127.0.0.1", "--listen-port", str(port), "-s", "proxy_addons/chain.py"),
            *(part for name, value in settings.items() for part in ("--set", f"{name}={value}")),
        ],
        cwd=ROOT,
        env=environment(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@dataclass
class Run:
    """What one run of these calls came to."""

    seen: list[tuple[int | None, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    code: int = 0
    stderr: str = ""

    @property
    def exchanges(self) -> list[ExchangeClosed]:
        """In the order in which they started."""
        return sorted((e for e in self.events if isinstance(e, ExchangeClosed)), key=lambda e: e.number)


def make_calls(address: tuple[str, int], bundle: str) -> list[tuple[int | None, str]]:
    """The calls, one after the other; what came of each at the socket."""
    seen: list[Seen] = []
    for agent, path, body in CALLS:
        with tunnel(address, bundle) as client:
            client.sendall(request_bytes("POST", path, body, {"x-agent-id": agent}))
            seen.append(receive(client))
    return [(one.status, one.ending) for one in seen]


def wait_until_it_listens(process: subprocess.Popen[str], port: int) -> None:
    """It says nothing when it does, and a connection to find out would be in its journal."""
    for _ in range(LIMIT * 20):
        assert process.poll() is None, process.communicate()
        sockets = psutil.Process(process.pid).net_connections("tcp")
        if any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in sockets):
            return
        time.sleep(0.05)
    pytest.fail("mitmdump does not listen")


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile's file."""
    file = tmp_path_factory.mktemp("script") / "half.yaml"
    file.write_text(PROFILE)
    return file


@pytest.fixture(scope="module")
def under_mitmdump(tmp_path_factory: pytest.TempPathFactory, ca: Path, profile: Path) -> Run:
    """The calls through mitmdump, with a seed of the command line's."""
    folder = tmp_path_factory.mktemp("mitmdump")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = start(folder, ca, {"crosswind_profile": profile, "crosswind_seed": 7}, {"CHAOS_SEED": "8"}, port)
    try:
        wait_until_it_listens(process, port)
        found = Run(make_calls(("127.0.0.1", port), str(ca / "mitmproxy-ca-cert.pem")))
        process.send_signal(signal.SIGTERM)
        _, found.stderr = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    found.code = process.wait()
    found.events = read_journal(folder / "run" / JOURNAL_NAME).events
    return found


@pytest.fixture(scope="module")
def in_a_session(tmp_path_factory: pytest.TempPathFactory, ca: Path, profile: Path) -> Run:
    """The same calls through the engine of our own, with the same profile and seed."""
    folder = tmp_path_factory.mktemp("session")
    settings = settle(load(profile), environ={}, seed=7)
    proxy = LiveProxy(Session(settings, Ways(ca_folder=ca), folder, environ={}))
    try:
        seen = make_calls(proxy.address, proxy.bundle)
    finally:
        proxy.stop()
    return Run(seen, proxy.events)


def test_faults_are_injected_and_the_journal_is_whole(under_mitmdump: Run) -> None:
    """From the first event to the last, without a defect of ours."""
    first, *exchanges, last = under_mitmdump.events
    assert isinstance(first, RunStarted)
    assert (first.profile, first.seed) == ("half", 7)
    assert isinstance(last, RunEnded)
    assert len(exchanges) == len(CALLS)
    assert all(isinstance(event, ExchangeClosed) for event in exchanges)
    played = {i.rule for event in under_mitmdump.exchanges for i in event.injections if i.delivered}
    assert played == {"half", "slow", "lost"}


def test_a_lost_response_is_a_reset_here_too(under_mitmdump: Run) -> None:
    """Carried out, and never heard of; the retry gets through."""
    lost, retried = under_mitmdump.exchanges[-2:]
    assert under_mitmdump.seen[-2] == (None, "reset")
    assert (lost.committed, lost.delivered, lost.calls[0].attempt) == (True, False, 1)
    assert (retried.delivered, retried.calls[0].attempt) == (True, 2)


def test_the_same_seed_decides_the_same_as_in_our_own_engine(under_mitmdump: Run, in_a_session: Run) -> None:
    """Every draw, every reason, every delay, and what the agent saw of it."""
    assert under_mitmdump.seen == in_a_session.seen
    assert told(under_mitmdump) == told(in_a_session)
    decided = [d.fired for event in under_mitmdump.exchanges for d in event.decisions]
    assert set(decided) == {True, False}


def told(run: Run) -> list[object]:
    """What must not depend on the engine or the time."""
    return [
        (
            event.agent,
            [(call.operation, call.ordinal, call.nth, call.attempt, call.fingerprint) for call in event.calls],
            [(d.rule, d.fired, d.draw, d.reason) for d in event.decisions],
            [(i.rule, i.at, i.delivered, i.detail) for i in event.injections],
            (event.status, event.pristine_status, event.commit, event.delivered, event.http_version),
            [effect.resource for call in event.calls for effect in call.effects],
        )
        for event in run.exchanges
    ]


def test_the_end_is_summed_up_on_stderr(under_mitmdump: Run) -> None:
    """Where CI shows it, with the name of the profile."""
    assert "half" in under_mitmdump.stderr
    assert "lost_response" in under_mitmdump.stderr


# What is refused at the start

BAD_PROFILE = "version: 1\nrules: [{fault: latencyy}]\n"
REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "no profile": ({}, "crosswind: name a profile; options are crosswind_profile, crosswind_seed,"),
    "a misspelt option": (
        {"crosswind_profile": "calm", "crosswind_sede": 1},
        "crosswind: no such option: crosswind_sede; options are crosswind_profile,",
    ),
    "a bad profile": (
        {"crosswind_profile": "BAD"},
        "bad.yaml:2:17: rules[0].fault: no such fault; did you mean `latency`?",
    ),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory, ca: Path) -> dict[str, tuple[int, str]]:
    """Exit code and stderr of each, all of them started at once."""
    folder = tmp_path_factory.mktemp("refused")
    (folder / "bad.yaml").write_text(BAD_PROFILE)
    known = {"BAD": folder / "bad.yaml"}
    processes = {
        name: start(folder / name, ca, {key: known.get(str(value), value) for key, value in options.items()}, {})
        for name, (options, _) in REFUSED.items()
    }
    found = {}
    for name, process in processes.items():
        try:
            _, stderr = process.communicate(timeout=LIMIT)
        finally:
            process.kill()
        found[name] = (process.wait(), stderr)
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_start_ends_with_exit_code_1_and_says_why(refused: dict[str, tuple[int, str]], name: str) -> None:
    """It must not run without the faults that were asked for."""
    code, stderr = refused[name]
    assert code == 1
    assert REFUSED[name][1] in stderr
    assert "Traceback" not in stderr


# What a process would be too slow for


@pytest.fixture
def script() -> Iterator[Script]:
    """One that is ended with the test."""
    made = Script()
    yield made
    made.done()


@pytest.mark.parametrize(
    ("options", "seed", "message"),
    [
        ({"crosswind_profile": "nowhere.yaml"}, "", "nowhere.yaml: there is no such file"),
        ({"crosswind_map": ["a.example"]}, "", "--map a.example: write HOST=URL"),
        ({"crosswind_origin": "moon"}, "", "--origin moon: it is sandbox or upstream"),
        ({}, "many", "CHAOS_SEED=many: a seed is a whole number"),
        ({"crosswind_run": "TAKEN"}, "", "holds another run's journal; name a new folder"),
    ],
    ids=["profile", "map", "origin", "seed", "run"],
)
async def test_a_wrong_value_stops_the_start_and_is_said_on_stderr(
    tmp_path: Path,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: dict[str, object],
    seed: str,
    message: str,
) -> None:
    """The engine itself tells it on stdout alone."""
    monkeypatch.setenv("CHAOS_SEED", seed)
    (tmp_path / JOURNAL_NAME).touch()
    folder = tmp_path if options.get("crosswind_run") else tmp_path / "run"
    asked = {"crosswind_profile": "calm"} | options | {"crosswind_run": str(folder)}
    with taddons.context(Proxyserver(), script) as context, pytest.raises(exceptions.OptionsError) as caught:
        context.configure(script, **asked)
    assert message in str(caught.value)
    assert capsys.readouterr().err == f"crosswind: {caught.value}\n"
    assert script.addons == []


async def test_options_cannot_change_under_way(tmp_path: Path, script: Script) -> None:
    """The journal's first line would no longer be true."""
    with taddons.context(Proxyserver(), script) as context:
        context.configure(script, crosswind_profile="calm", crosswind_run=str(tmp_path / "run"))
        assert len(script.addons) > 5
        context.configure(script, crosswind_profile="calm")  # the same again is no change
        with pytest.raises(exceptions.OptionsError, match="crosswind options cannot change while the proxy runs"):
            context.configure(script, crosswind_seed=9)


async def test_options_of_others_are_nothing_to_us(tmp_path: Path, script: Script) -> None:
    """They may change."""
    with taddons.context(Proxyserver(), script) as context:
        context.configure(script, crosswind_profile="calm", crosswind_run=str(tmp_path / "run"))
        chain = script.addons
        context.configure(script, ssl_insecure=True)
        assert script.addons is chain


async def test_an_unreviewed_option_of_the_engine_is_refused(tmp_path: Path, script: Script) -> None:
    """It would sign with a key that is known to be compromised."""
    with taddons.context(Proxyserver(), script) as context:
        context.options.add_option("emudhra_sign", str, "", "As later releases have it.")
        with pytest.raises(exceptions.OptionsError, match="emudhra_sign is not reviewed and must not be set"):
            context.configure(script, emudhra_sign="on", crosswind_profile="calm", crosswind_run=str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


async def test_the_engine_answers_lazily(script: Script) -> None:
    """An answer of the sandbox's needs no upstream."""
    with taddons.context(Proxyserver(), script) as context:
        assert (context.options.connection_strategy, context.options.upstream_cert) == ("lazy", False)
        assert [name for name in OPTIONS if name not in context.options] == []
