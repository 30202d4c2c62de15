"""The proxy for the length of one run: it accepts inside, has stopped outside, and its journal is whole."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from pathlib import Path

import pytest

from proxy_addons.engine import certs, master
from proxy_addons.engine.loop import run_loop
from proxy_addons.engine.master import ListenError
from proxy_addons.engine.session import Session, Ways
from proxy_addons.events.event import Event, ExchangeClosed, RunEnded, RunStarted
from proxy_addons.events.jsonl import JOURNAL_NAME, read_journal
from proxy_addons.rules.load import parse
from proxy_addons.rules.settings import settle
from tests.support.calls import ESCROW, ESCROWS, create
from tests.support.live import LiveProxy
from tests.support.sockets import Seen, receive, request_bytes, tunnel


def session(folder: Path, ways: Ways, rules: str = "[]", environ: dict[str, str] | None = None) -> Session:
    """A run with these rules."""
    settings = settle(parse(f"version: 1\nrules: {rules}\n", "test.yaml"), environ={})
    folder.mkdir(parents=True, exist_ok=True)
    return Session(settings, ways, folder, environ=environ or {}, command=["agent"])


def events(folder: Path) -> list[Event]:
    """What the journal holds."""
    return read_journal(folder / JOURNAL_NAME).events


async def pass_through(made: Session, child_status: int | None = None) -> str:
    """Enter and leave; where it listened."""
    async with made:
        made.child_status = child_status
        return made.proxy_url


def test_it_accepts_inside_and_no_longer_outside(tmp_path: Path, ca: Path) -> None:
    """On loopback, at a port of its own."""
    proxy = LiveProxy(session(tmp_path, Ways(ca_folder=ca)))
    assert create(proxy).status == 201
    proxy.stop()
    assert proxy.url.startswith("http://127.0.0.1:")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(proxy.address, 5)


def test_the_journal_is_whole_when_it_has_ended(tmp_path: Path, ca: Path) -> None:
    """From what was asked for to how the command ended."""
    run_loop(pass_through(session(tmp_path, Ways(ca_folder=ca, insecure=True)), child_status=3))
    first, last = events(tmp_path)
    assert isinstance(first, RunStarted)
    assert (first.command, first.insecure) == (["agent"], True)
    assert isinstance(last, RunEnded)
    assert last.child_status == 3


def test_an_ipv6_address_is_a_url_all_the_same(tmp_path: Path, ca: Path) -> None:
    """In brackets."""
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
    url = run_loop(pass_through(session(tmp_path, Ways(host="::1", ca_folder=ca))))
    assert url.startswith("http://[::1]:")


# Trust


def test_the_bundle_holds_the_ca_and_what_the_user_trusted(tmp_path: Path, ca: Path) -> None:
    """It is handed to clients whose trust it replaces."""
    own = certs.ensure_ca(tmp_path / "own")
    made = session(tmp_path / "run", Ways(ca_folder=ca), environ={"SSL_CERT_FILE": str(own)})
    run_loop(pass_through(made))
    bundle = made.bundle.read_text()
    assert made.ca_certificate == certs.certificate(ca)
    assert made.ca_certificate.read_text().strip() in bundle
    assert own.read_text().strip() in bundle
    assert bundle.count("BEGIN CERTIFICATE") > 50


def test_an_ephemeral_ca_lives_and_dies_with_its_run(tmp_path: Path, ca: Path) -> None:
    """It is nobody else's, and its certificates are trusted by this bundle alone."""
    proxy = LiveProxy(session(tmp_path / "run", Ways(ca_folder=ca, ephemeral_ca=True)))
    assert proxy.session.ca_certificate.parent == (tmp_path / "run" / "ca").absolute()
    assert create(proxy).status == 201
    with pytest.raises(ssl.SSLCertVerificationError):
        tunnel(proxy.address, str(certs.certificate(ca)))
    proxy.stop()


def test_the_users_ca_is_made_where_the_environment_says(tmp_path: Path) -> None:
    """When no folder is named."""
    made = session(tmp_path / "run", Ways(), environ={"CROSSWIND_CA_DIR": str(tmp_path / "mine")})
    run_loop(pass_through(made))
    assert made.ca_certificate.parent == tmp_path / "mine"


def test_a_bad_upstream_ca_stops_the_start(tmp_path: Path, ca: Path) -> None:
    """Before the proxy listens."""
    made = session(tmp_path, Ways(ca_folder=ca, upstream_ca=tmp_path / "nowhere.pem"))
    with pytest.raises(certs.CertificateError, match=r"--upstream-ca .*nowhere\.pem: .*No such file"):
        run_loop(pass_through(made))
    assert made.proxy_url == ""


def test_a_port_in_use_stops_the_start_and_ends_the_journal(tmp_path: Path, ca: Path) -> None:
    """It was begun, and is whole."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        made = session(tmp_path, Ways(port=holder.getsockname()[1], ca_folder=ca))
        with pytest.raises(ListenError, match="port in use"):
            run_loop(pass_through(made))
    assert [type(event) for event in events(tmp_path)] == [RunStarted, RunEnded]


# The end


def ask_and_wait(proxy: LiveProxy) -> tuple[threading.Thread, list[Seen]]:
    """Create an escrow on another thread, and come back when the proxy holds the call."""
    seen: list[Seen] = []

    def ask() -> None:
        with tunnel(proxy.address, proxy.bundle) as client:
            client.sendall(request_bytes("POST", ESCROWS, ESCROW))
            seen.append(receive(client))

    thread = threading.Thread(target=ask)
    thread.start()
    while not proxy.on_loop(lambda: proxy.session.chain.observe.open_exchanges):
        pass
    return thread, seen


def test_a_call_under_way_may_end_by_itself(tmp_path: Path, ca: Path) -> None:
    """The proxy waits a little before it cuts."""
    proxy = LiveProxy(session(tmp_path, Ways(ca_folder=ca), rules="[{fault: {latency: 300ms}}]"))
    thread, seen = ask_and_wait(proxy)
    proxy.stop()
    thread.join()
    assert [answer.status for answer in seen] == [201]
    assert [event.delivered for event in proxy.exchanges] == [True]


def test_a_call_that_takes_too_long_is_cut_and_still_told_of(
    tmp_path: Path, ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the last event."""
    monkeypatch.setattr(master, "DRAIN_SECONDS", 0.2)
    proxy = LiveProxy(session(tmp_path, Ways(ca_folder=ca), rules="[{fault: timeout}]"))
    thread, seen = ask_and_wait(proxy)
    proxy.stop()
    thread.join()
    assert [answer.data for answer in seen] == [b""]
    _, exchange, last = events(tmp_path)
    assert isinstance(exchange, ExchangeClosed)
    assert (exchange.delivered, exchange.status, exchange.committed) == (False, None, False)
    assert not exchange.client_aborted  # it was our doing
    assert isinstance(last, RunEnded)


def test_an_error_inside_goes_through_and_the_journal_is_whole(tmp_path: Path, ca: Path) -> None:
    """Whatever the command did."""

    async def fail() -> None:
        async with session(tmp_path, Ways(ca_folder=ca)):
            raise KeyError("inside")

    with pytest.raises(KeyError, match="inside"):
        run_loop(fail())
    assert [type(event) for event in events(tmp_path)] == [RunStarted, RunEnded]


def test_the_loop_is_left_as_it_was(tmp_path: Path, ca: Path) -> None:
    """The engine's task factory goes with it."""

    async def factory() -> object:
        await pass_through(session(tmp_path, Ways(ca_folder=ca)))
        return asyncio.get_running_loop().get_task_factory()

    assert run_loop(factory()) is None


def test_two_sessions_one_after_the_other_do_not_mix(tmp_path: Path, ca: Path) -> None:
    """Each journal tells of its own calls."""
    for name in ("one", "two"):
        proxy = LiveProxy(session(tmp_path / name, Ways(ca_folder=ca)))
        assert create(proxy).status == 201
        assert [event.number for event in proxy.exchanges] == [1]
