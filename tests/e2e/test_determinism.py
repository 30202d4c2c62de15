"""The same seed gives the same faults, however calls interleave and whichever engine carries them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from proxy_addons.engine.certs import certificate, merged_bundle
from proxy_addons.engine.environment import child_environment
from proxy_addons.events.event import ExchangeClosed
from tests.e2e.invoke import LIMIT, ROOT, Crosswind, python

AGENTS, CALLS = 16, 30

PROFILE = """\
version: 1
name: mixed
seed: 7
rules:
  - {name: busy, match: {operation: [get_balance, deposit]}, when: {probability: 0.4}, fault: {status: 503}}
  - name: lost
    match: {operation: create_escrow}
    when: {probability: 0.6, attempts: [1, 2]}
    fault: {lost_response: close}
  - {name: torn, match: {operation: release_escrow}, when: {probability: 0.5, max: 1}, fault: {reset: {at: after}}}
  - {name: hiccup, match: {agent: "agent-1*"}, when: {calls: [2, 4..5]}, fault: {status: 502}}
  - {name: slow, when: {probability: 0.3}, fault: {latency: 1ms}}
"""

type Decisions = Counter[tuple[str, str, str, int, int, str, bool, float | None]]


def decisions(exchanges: list[ExchangeClosed]) -> Decisions:
    """Every decision with all that it was made from, in no order."""
    return Counter(
        (
            exchange.agent,
            call.operation,
            call.fingerprint,
            call.ordinal,
            call.attempt,
            decision.rule,
            decision.fired,
            decision.draw,
        )
        for exchange in exchanges
        for decision in exchange.decisions
        for call in [exchange.calls[decision.call]]
    )


def outcomes(exchanges: list[ExchangeClosed]) -> Counter[tuple[str, str, str, int, int | None, tuple[bool, ...]]]:
    """What each call came to for its agent, and which faults took place, in no order."""
    return Counter(
        (
            exchange.agent,
            call.operation,
            call.fingerprint,
            call.ordinal,
            exchange.status,
            tuple(injection.delivered for injection in exchange.injections),
        )
        for exchange in exchanges
        for call in exchange.calls
    )


def of_run(crosswind: Crosswind, run: str, agents: int, *options: str) -> list[ExchangeClosed]:
    """Run the agents under the profile."""
    crosswind.profile(PROFILE)
    command = python("agents.py", str(agents), str(CALLS))
    done = crosswind.run(*command, run=run, options=["--profile", "profile.yaml", *options])
    assert "Traceback" not in done.stderr
    assert done.code in {0, 1}
    return crosswind.exchanges(run)


def test_the_same_seed_gives_the_same_faults(crosswind: Crosswind) -> None:
    """Sixteen agents at once: every decision is the same in both runs, and every outcome."""
    first, second = (of_run(crosswind, run, AGENTS) for run in ("first", "second"))
    assert decisions(first) == decisions(second)
    assert outcomes(first) == outcomes(second)
    assert len(first) > AGENTS * CALLS  # some were tried again
    assert [exchange.agent for exchange in first] != [exchange.agent for exchange in second]  # in another order
    fired = Counter(decision.rule for exchange in first for decision in exchange.decisions if decision.fired)
    assert min(fired[rule] for rule in ("busy", "lost", "torn", "hiccup", "slow")) >= AGENTS // 4


def test_another_seed_gives_other_faults(crosswind: Crosswind) -> None:
    """The first calls are the same, and the draws for them are others."""
    first, second = (of_run(crosswind, f"seed-{seed}", 4, "--seed", str(seed)) for seed in (1, 2))
    made, others = ({entry[:4] + entry[5:6]: entry[-1] for entry in decisions(found)} for found in (first, second))
    shared = [key for key in made.keys() & others.keys() if made[key] is not None and others[key] is not None]
    assert len(shared) > 4 * CALLS / 2
    assert [key for key in shared if made[key] == others[key]] == []
    assert decisions(first) != decisions(second)


@contextmanager
def mitmdump(crosswind: Crosswind, run: str) -> Iterator[str]:
    """A mitmdump of the user's own with the chain in it; its address."""
    options = {"crosswind_profile": "profile.yaml", "crosswind_run": run, "confdir": str(crosswind.ca)}
    settings = [part for name, value in options.items() for part in ("--set", f"{name}={value}")]
    command = [str(Path(sys.executable).with_name("mitmdump")), "--listen-host", "127.0.0.1", "-p", "0", *settings]
    with subprocess.Popen(
        [*command, "--set", "flow_detail=0", "-s", str(ROOT / "proxy_addons" / "chain.py")],
        cwd=crosswind.folder,
        env=crosswind.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield f"http://127.0.0.1:{listening_port(process)}"
            process.send_signal(signal.SIGINT)
            shown, _ = process.communicate(timeout=LIMIT)
            assert "Traceback" not in shown
        finally:
            process.kill()


def listening_port(process: subprocess.Popen[str]) -> int:
    """Wait until it listens: with the chain loaded mitmdump does not say where."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline and process.poll() is None:
        for connection in psutil.Process(process.pid).net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                return int(connection.laddr.port)
        time.sleep(0.02)
    raise AssertionError("mitmdump does not listen")


def test_mitmdump_decides_as_crosswind_does(crosswind: Crosswind, tmp_path: Path) -> None:
    """The same profile under `mitmdump -s`, with its own engine and 34 addons around the chain."""
    ours = of_run(crosswind, "ours", 4)
    bundle = merged_bundle(tmp_path / "bundle.pem", certificate(crosswind.ca), {})
    with mitmdump(crosswind, "theirs") as address:
        environment = child_environment(
            crosswind.environment(),
            proxy_url=address,
            bundle=bundle,
            ca_certificate=certificate(crosswind.ca),
            no_proxy=None,
        )
        subprocess.run(python("agents.py", "4", str(CALLS)), check=True, env=environment, timeout=LIMIT)
    theirs = crosswind.exchanges("theirs")
    assert decisions(ours) == decisions(theirs)
    assert outcomes(ours) == outcomes(theirs)
