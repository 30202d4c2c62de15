"""A profile that changes on disk, and webhooks, under each way to start the proxy."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from proxy_addons.engine.certs import certificate
from proxy_addons.events.event import Event, ExchangeClosed, ProfileReloaded, ProxyError, RunEnded, WebhookDropped
from proxy_addons.events.jsonl import JOURNAL_NAME, read_journal
from tests.e2e.invoke import COMMAND, ROOT, Crosswind
from tests.support.calls import ESCROW, ESCROWS
from tests.support.receiver import SECRET, failing, receiver
from tests.support.sockets import exchange, tunnel

CALM = "version: 1\nname: live\nrules: []\n"
BROKEN = "version: 1\nname: live\nrules: [{fault: {statsu: 503}}]\n"
FAILING = "version: 1\nname: live\nrules: [{match: {operation: create_escrow}, fault: {status: 503}}]\n"
WAYS = ("proxy", "mitmdump")


class Started:
    """A proxy in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, run: Path, bundle: Path) -> None:
        self.process = process
        self.address = ("127.0.0.1", port)
        self.bundle = str(bundle)
        self._run = run

    def stop(self) -> tuple[str, list[Event]]:
        """End it as Ctrl-C does; what it said on stderr, and its journal."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=30)
        journal = read_journal(self._run / JOURNAL_NAME)
        assert not journal.torn
        assert [event for event in journal.events if isinstance(event, ProxyError)] == []
        assert isinstance(journal.events[-1], RunEnded)
        return said.decode(), journal.events


@contextmanager
def started(way: str, crosswind: Crosswind) -> Iterator[Started]:
    """Start it, and wait until it listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        port = found.getsockname()[1]
    run = crosswind.folder / "run"
    if way == "proxy":
        command = [str(COMMAND), "proxy", "--listen", f"127.0.0.1:{port}", "--profile", "p.yaml", "--run-dir", "run"]
    else:
        options = {"crosswind_profile": "p.yaml", "crosswind_run": "run", "confdir": str(crosswind.ca)}
        mitmdump = str(Path(sys.executable).with_name("mitmdump"))
        command = [mitmdump, "-q", "--listen-host", "127.0.0.1", "--listen-port", str(port)]
        command += ["-s", str(ROOT / "proxy_addons" / "chain.py")]
        for name, value in options.items():
            command += ["--set", f"{name}={value}"]
    with subprocess.Popen(
        command,
        cwd=crosswind.folder,
        env=crosswind.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            yield Started(process, port, run, certificate(crosswind.ca))
        finally:
            process.kill()


def wait_for(client: socket.socket, status: int) -> bool:
    """Call until the answer is that, on one connection."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if exchange(client, "POST", ESCROWS, ESCROW | {"description": str(deadline)}).status == status:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("way", WAYS)
def test_a_profile_is_read_again(crosswind: Crosswind, way: str) -> None:
    """A broken one is refused and told; a good one holds on the connection that is open."""
    crosswind.profile(CALM, "p.yaml")
    with started(way, crosswind) as proxy, tunnel(proxy.address, proxy.bundle) as client:
        assert wait_for(client, 201)
        crosswind.profile(BROKEN, "p.yaml")
        time.sleep(2)
        assert wait_for(client, 201)
        crosswind.profile(FAILING, "p.yaml")
        assert wait_for(client, 503)
        said, events = proxy.stop()
    refused, taken = [event for event in events if isinstance(event, ProfileReloaded)]
    assert (refused.ok, taken.ok) == (False, True)
    assert "statsu" in refused.problems[0]
    assert "p.yaml changed and is refused" in said
    assert "p.yaml changed and holds from the next call on" in said


@pytest.mark.parametrize("way", WAYS)
def test_webhooks_are_sent_and_what_is_left_is_journaled(crosswind: Crosswind, way: str) -> None:
    """To loopback, signed; one that keeps failing is dropped when the proxy ends."""
    crosswind.profile(CALM, "p.yaml")
    with (
        receiver() as agent,
        receiver(failing(9)) as broken,
        started(way, crosswind) as proxy,
        tunnel(proxy.address, proxy.bundle) as client,
    ):
        for one in (agent, broken):
            order = {"url": one.url, "event_types": ["escrow.*"], "secret": SECRET}
            assert exchange(client, "POST", "/v1/infra/webhooks", order).status == 201
        assert wait_for(client, 201)
        (came,) = agent.wait_for(1)
        broken.wait_for(1)
        _, events = proxy.stop()
    assert came.genuine
    sent = [event for event in events if isinstance(event, ExchangeClosed) and event.protocol == "webhook"]
    assert {event.status for event in sent} == {200, 503}
    assert [event.event_type for event in events if isinstance(event, WebhookDropped)] == ["escrow.created"]
