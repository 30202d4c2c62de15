"""A profile's file changes while calls go on, on a connection that is open all the while."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy_addons.engine.reload import Source
from proxy_addons.engine.session import Session, Ways
from proxy_addons.events.event import ProfileReloaded
from proxy_addons.rules.load import load
from proxy_addons.rules.settings import Settings, settle
from tests.support.calls import ESCROW, ESCROWS
from tests.support.live import LiveProxy
from tests.support.sockets import exchange, tunnel


def profile(path: Path, rules: str, head: str = "") -> None:
    """Write a profile, as an editor does that puts a new file in the old one's place."""
    aside = path.with_suffix(".tmp")
    aside.write_text(f"version: 1\nname: test\n{head}\nrules: {rules}\n", encoding="utf-8")
    aside.replace(path)


@contextmanager
def watched(folder: Path, ca: Path, path: Path) -> Iterator[LiveProxy]:
    """A proxy that watches its profile."""

    def read() -> Settings:
        return settle(load(path), environ={})

    folder.mkdir()
    proxy = LiveProxy(Session(read(), Ways(ca_folder=ca), folder, environ={}, source=Source(path, read)))
    try:
        yield proxy
    finally:
        proxy.stop()
    assert proxy.errors == []


def create(client: socket.socket, description: str = "") -> int | None:
    """One call on the open connection."""
    return exchange(client, "POST", ESCROWS, ESCROW | {"description": description}).status


def becomes(client: socket.socket, status: int, seconds: float = 8) -> bool:
    """Whether the calls come to be answered like that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if create(client, str(deadline)) == status:
            return True
        time.sleep(0.05)
    return False


def reloads(proxy: LiveProxy) -> list[ProfileReloaded]:
    """What came of each change."""
    return [event for event in proxy.events if isinstance(event, ProfileReloaded)]


def test_new_rules_hold_on_an_open_connection(tmp_path: Path, ca: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """From the next call on; the journal has the new digest."""
    path = tmp_path / "p.yaml"
    profile(path, "[]")
    with watched(tmp_path / "run", ca, path) as proxy, tunnel(proxy.address, proxy.bundle) as client:
        assert create(client) == 201
        profile(path, "[{fault: {status: 503}}]")
        assert becomes(client, 503)
        profile(path, "[{fault: {status: 418}}]")
        assert becomes(client, 418)
        digest = proxy.session.chain.live.settings.digest
        client.close()
        first, second = reloads(proxy)
    assert (first.ok, second.ok, second.digest) == (True, True, digest)
    assert first.digest != second.digest
    assert f"{path} changed and holds from the next call on" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("rules", "head", "problem"),
    [
        ("[{fault: {statsu: 503}}]", "", "statsu"),
        ("[{fault: {status: 503}", "", "p.yaml:"),
        ("[{fault: {status: 503}}]", "scope: {hosts: ['*']}", "scope, map and origin cannot change"),
        ("[{fault: {status: 503}}]", "map: {a.test: 'http://127.0.0.1:1'}", "scope, map and origin cannot change"),
        ("[{fault: {status: 503}}]", "origin: upstream", "scope, map and origin cannot change"),
    ],
)
def test_what_cannot_be_taken_over_is_refused(
    tmp_path: Path, ca: Path, capfd: pytest.CaptureFixture[str], rules: str, head: str, problem: str
) -> None:
    """The old rules stay, and a later good file is taken."""
    path = tmp_path / "p.yaml"
    profile(path, "[{fault: {status: 429}}]")
    with watched(tmp_path / "run", ca, path) as proxy, tunnel(proxy.address, proxy.bundle) as client:
        before = proxy.session.chain.live.settings.digest
        profile(path, rules, head)
        said = ""
        deadline = time.monotonic() + 8
        while "is refused" not in said and time.monotonic() < deadline:
            assert create(client, str(deadline)) == 429
            time.sleep(0.05)
            said += capfd.readouterr().err
        assert create(client, "after") == 429
        profile(path, "[{fault: {status: 418}}]")
        assert becomes(client, 418)
        client.close()
        refused, taken = reloads(proxy)
    assert problem in said
    assert (refused.ok, refused.digest, taken.ok) == (False, before, True)
    assert any(problem in told for told in refused.problems)


def test_a_file_that_goes_away_changes_nothing(tmp_path: Path, ca: Path) -> None:
    """It is told, and the run goes on."""
    path = tmp_path / "p.yaml"
    profile(path, "[{fault: {status: 429}}]")
    with watched(tmp_path / "run", ca, path) as proxy, tunnel(proxy.address, proxy.bundle) as client:
        path.unlink()
        time.sleep(1.6)
        assert create(client) == 429
        client.close()
        (refused,) = reloads(proxy)
    assert not refused.ok
    assert "there is no such file" in refused.problems[0]


def test_a_file_that_says_the_same_is_no_news(tmp_path: Path, ca: Path) -> None:
    """Touched, or written again."""
    path = tmp_path / "p.yaml"
    profile(path, "[]")
    with watched(tmp_path / "run", ca, path) as proxy:
        os.utime(path, (1, 1))
        time.sleep(1.6)
        assert reloads(proxy) == []


def test_a_new_budget_holds(tmp_path: Path, ca: Path) -> None:
    """What was spent under the old one counts."""
    path = tmp_path / "p.yaml"
    profile(path, "[]", "budget: {per_run: '1000.00'}")
    with watched(tmp_path / "run", ca, path) as proxy, tunnel(proxy.address, proxy.bundle) as client:
        assert create(client, "one") == 201
        profile(path, "[]", "budget: {per_call: '1.00'}")
        deadline = time.monotonic() + 8
        while create(client, "two") != 402:
            assert time.monotonic() < deadline
            time.sleep(0.1)
