"""TLS failure: what a client's TLS library says to it, and what a careless one does not."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from proxy_addons.exchange import Phase
from proxy_addons.faults.tls_failure import TlsFailure
from tests.support.calls import call
from tests.support.fake_wire import FakeWire, play
from tests.support.live import LiveProxy, live_proxy
from tests.support.sockets import HOST, exchange, tunnel

KINDS = {
    "alert": "handshake failure",
    "wrong_host": "Hostname mismatch, certificate is not valid for 'sandbox.greenhelix.net'",
    "expired": "certificate has expired",
    "untrusted": "unable to get local issuer certificate",
}
EACH_KIND = pytest.mark.parametrize("kind", KINDS)


@EACH_KIND
def test_it_says_what_is_wrong(kind: str) -> None:
    """In words."""
    fault = TlsFailure.model_validate({"kind": kind})
    assert fault.describe().startswith("the TLS handshake fails: the client gets a")
    assert (fault.flaw, fault.sides, fault.shaping) == (kind, (Phase.CONNECT,), None)


async def test_it_is_not_played_at_once() -> None:
    """The handshake comes later."""
    with pytest.raises(TypeError, match="not played at once"):
        await play(TlsFailure(), FakeWire())


@EACH_KIND
def test_a_careful_client_gives_up_with_the_reason(tmp_path: Path, ca: Path, kind: str) -> None:
    """In the words of its TLS library; and the journal has one exchange, of the opening."""
    with live_proxy(tmp_path, ca, rules=f"[{{fault: {{tls_failure: {kind}}}}}]") as proxy:
        with pytest.raises(ssl.SSLError, match=KINDS[kind].replace(" ", "[ _]").replace("handshake", "(?i:handshake)")):
            tunnel(proxy.address, proxy.bundle)
        (event,) = proxy.exchanges
        assert proxy.noise == []
    assert (event.protocol, event.delivered, event.status, event.error) == ("connect", False, None, "")
    (injection,) = event.injections
    assert (injection.fault, injection.at, injection.delivered) == ("tls_failure", Phase.CONNECT, True)
    assert injection.detail.endswith("sent" if kind == "alert" else "presented, and the client refused it")


def careless(proxy: LiveProxy) -> ssl.SSLSocket:
    """A tunnel of a client that trusts anybody."""
    raw = socket.create_connection(proxy.address, 10)
    raw.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nhost: {HOST}:443\r\n\r\n".encode())
    assert raw.recv(4096).startswith(b"HTTP/1.1 200")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(raw, server_hostname=HOST)


@pytest.mark.parametrize("kind", ["wrong_host", "expired", "untrusted"])
def test_a_careless_client_is_found_out(tmp_path: Path, ca: Path, kind: str) -> None:
    """It goes on, and the journal says that it did."""
    with live_proxy(tmp_path, ca, rules=f"[{{fault: {{tls_failure: {kind}}}}}]") as proxy:
        with careless(proxy) as client:
            assert exchange(client, "GET", "/v1/pricing").status == 200
        opened, called = proxy.exchanges
    assert (opened.delivered, opened.status) == (True, 200)
    assert opened.injections[0].delivered
    assert opened.injections[0].detail.endswith("and the client accepted it: it does not verify certificates")
    assert called.injections == []


def test_a_client_that_never_begins_gets_no_failure(tmp_path: Path, ca: Path) -> None:
    """Selected, not delivered."""
    with live_proxy(tmp_path, ca, rules="[{fault: tls_failure}]") as proxy:
        with socket.create_connection(proxy.address, 10) as client:
            client.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nhost: {HOST}:443\r\n\r\n".encode())
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
        (event,) = proxy.exchanges
    assert [(i.delivered, i.detail) for i in event.injections] == [(False, "no TLS handshake followed")]


def test_the_first_flaw_counts(tmp_path: Path, ca: Path) -> None:
    """A handshake fails once."""
    rules = "[{name: one, fault: {tls_failure: expired}}, {fault: tls_failure}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        with pytest.raises(ssl.SSLError, match="expired"):
            tunnel(proxy.address, proxy.bundle)
        (event,) = proxy.exchanges
    assert [i.delivered for i in event.injections] == [True, False]
    assert event.injections[1].detail == "not played: one spoils the handshake already"


def test_a_kept_connection_has_its_handshake_behind_it(tmp_path: Path, ca: Path) -> None:
    """Later calls on it are not hit, and the next connection is."""
    with live_proxy(tmp_path, ca, rules="[{fault: tls_failure, when: {calls: 2}}]") as proxy:
        with tunnel(proxy.address, proxy.bundle) as client:
            assert [exchange(client, "GET", "/v1/pricing").status for _ in range(3)] == [200] * 3
        with pytest.raises(ssl.SSLError):
            call(proxy)
