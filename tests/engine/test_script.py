"""The chain under a mitmdump of the user's own: a real process, with real options."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from mitmproxy import exceptions
from mitmproxy.test import taddons

from proxy_addons.engine.script import OPTIONS, Script
from proxy_addons.events.event import Event, ExchangeClosed, RunEnded, RunStarted
from proxy_addons.events.jsonl import JOURNAL_NAME, read_journal
from proxy_addons.rules.load import load
from proxy_addons.rules.settings import settle
from tests.support.calls import ESCROW, ESCROWS
from tests.support.live import LiveProxy, Session, Ways
from tests.support.sockets import HOST, Seen, receive, request_bytes, tunnel

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
  - {name: slow, match: {operation: create_escrow}, when: {probability: 0.3}, fault: {latency: {distribution: uniform, min: 1ms, max: 9ms}}}
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
    folder: Path, ca: Path, options: Mapping[str, object], environ: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start mitmdump with the chain, as a user does."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"confdir": ca, "crosswind_run": folder / "run"} | dict(options)
    return subprocess.Popen(
        [
            *(MITMDUMP, "--listen-host", "127.0.0.1", "--listen-port", "0", "-s", "proxy_addons/chain.py"),
            *(part for name, value in settings.items() for part in ("--set", f"{name}={value}")),
        ],
        cwd=ROOT,
        env=environment(environ or {}),
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
    process = start(folder, ca, {"crosswind_profile": profile, "crosswind_seed": 7}, {"CHAOS_SEED": "8"})
    try:
        assert process.stdout is not None
        address = next(filter(None, (re.search(r"listening at (\S+):(\d+)", line) for line in process.stdout)))
        found = Run(make_calls((address[1], int(address[2])), str(ca / "mitmproxy-ca-cert.pem")))
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
REFUSED: dict[str, tuple[dict[str, object], dict[str, str], str]] = {
    "no profile": ({}, {}, "crosswind: name a profile; options are crosswind_profile, crosswind_seed,"),
    "a misspelt option": (
        {"crosswind_profile": "calm", "crosswind_sede": 1},
        {},
        "crosswind: no such option: crosswind_sede; options are crosswind_profile,",
    ),
    "no such profile": ({"crosswind_profile": "nowhere.yaml"}, {}, "nowhere.yaml: there is no such file"),
    "a bad profile": ({"crosswind_profile": "BAD"}, {}, "no such fault; did you mean latency?"),
    "a bad map": ({"crosswind_profile": "calm", "crosswind_map": "a.example"}, {}, "--map a.example: write HOST=URL"),
    "a bad origin": ({"crosswind_profile": "calm", "crosswind_origin": "moon"}, {}, "it is sandbox or upstream"),
    "a bad seed": ({"crosswind_profile": "calm"}, {"CHAOS_SEED": "many"}, "CHAOS_SEED=many: a seed is a whole number"),
    "a run that was": ({"crosswind_profile": "calm", "crosswind_run": "TAKEN"}, {}, "holds another run's journal"),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory, ca: Path) -> dict[str, tuple[int, str]]:
    """Exit code and stderr of each, all of them started at once."""
    folder = tmp_path_factory.mktemp("refused")
    (folder / "bad.yaml").write_text(BAD_PROFILE)
    (folder / "taken").mkdir()
    (folder / "taken" / JOURNAL_NAME).touch()
    known = {"BAD": folder / "bad.yaml", "TAKEN": folder / "taken"}
    processes = {
        name: start(folder / name, ca, {key: known.get(str(value), value) for key, value in options.items()}, environ)
        for name, (options, environ, _) in REFUSED.items()
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
    assert REFUSED[name][2] in stderr
    assert "Traceback" not in stderr


# What a process would be too slow for


@pytest.fixture
def script() -> Iterator[Script]:
    """One that is ended with the test."""
    made = Script()
    yield made
    made.done()


async def test_options_cannot_change_under_way(tmp_path: Path, script: Script) -> None:
    """The journal's first line would no longer be true."""
    with taddons.context(script) as context:
        context.configure(script, crosswind_profile="calm", crosswind_run=str(tmp_path / "run"))
        assert len(script.addons) > 5
        context.configure(script, crosswind_profile="calm")  # the same again is no change
        with pytest.raises(exceptions.OptionsError, match="crosswind options cannot change while the proxy runs"):
            context.configure(script, crosswind_seed=9)


async def test_options_of_others_are_nothing_to_us(tmp_path: Path, script: Script) -> None:
    """They may change."""
    with taddons.context(script) as context:
        context.configure(script, crosswind_profile="calm", crosswind_run=str(tmp_path / "run"))
        chain = script.addons
        context.configure(script, ssl_insecure=True)
        assert script.addons is chain


async def test_an_unreviewed_option_of_the_engine_is_refused(tmp_path: Path, script: Script) -> None:
    """It would sign with a key that is known to be compromised."""
    with taddons.context(script) as context:
        context.options.add_option("emudhra_sign", bool, False, "As later releases have it.")
        with pytest.raises(exceptions.OptionsError, match="emudhra_sign is not reviewed and must not be set"):
            context.configure(
                script, emudhra_sign=True, crosswind_profile="calm", crosswind_run=str(tmp_path / "run")
            )
    assert not (tmp_path / "run").exists()


async def test_the_engine_answers_lazily(script: Script) -> None:
    """An answer of the sandbox's needs no upstream; and every option has its help."""
    with taddons.context(script) as context:
        assert (context.options.connection_strategy, context.options.upstream_cert) == ("lazy", False)
        assert all(context.options._options[name].help for name in OPTIONS)
