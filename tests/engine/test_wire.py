"""What the wire really does: RST, FIN and silence told apart at the socket and in a packet trace."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from mitmproxy import http, version
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy.server import ConnectionIO
from mitmproxy.test import tflow

from proxy_addons.engine import wire
from tests.support.live import live_proxy
from tests.support.packets import Trace
from tests.support.sockets import exchange, tunnel

ESCROW = {"payer": "a", "payee": "b", "amount": "25.00"}
PATH = "/v1/payments/escrows"


@pytest.fixture
def break_one_call(
    tmp_path: Path, ca: Path, trace_packets: Callable[[int], AbstractContextManager[Trace]]
) -> Callable[..., tuple[str, list[str]]]:
    """Play a fault on one call; how it ended at the client's socket, and what the proxy sent on the wire."""

    def play(fault: str, timeout: float = 10) -> tuple[str, list[str]]:
        with (
            live_proxy(tmp_path, ca, rules=f"[{{fault: {fault}}}]") as proxy,
            trace_packets(proxy.address[1]) as packets,
            tunnel(proxy.address, proxy.bundle) as client,
        ):
            port = client.getsockname()[1]
            seen = exchange(client, "POST", PATH, ESCROW, timeout=timeout)
            if seen.ending != "silence":
                assert packets.wait_for(port, "RST" if seen.ending == "reset" else "FIN")
            return seen.ending, packets.flags_to(port)

    return play


def test_a_reset_is_an_rst_and_no_fin(break_one_call: Callable[..., tuple[str, list[str]]]) -> None:
    """The client gets ECONNRESET, and the proxy sends RST alone."""
    assert break_one_call("reset") == ("reset", ["RST"])


def test_a_close_is_a_fin(break_one_call: Callable[..., tuple[str, list[str]]]) -> None:
    """The connection ends without an answer and without an RST."""
    ending, flags = break_one_call("{lost_response: close}")
    assert (ending, flags[0]) == ("fin", "FIN")


def test_a_time_out_is_silence(break_one_call: Callable[..., tuple[str, list[str]]]) -> None:
    """Nothing is sent while the client waits."""
    assert break_one_call("{timeout: 30s}", timeout=0.5) == ("silence", [])


def test_abort_of_a_client_that_left_says_so() -> None:
    """There is nobody to send an RST to."""
    nobody = Proxyserver()
    assert wire.abort(nobody, tflow.tflow().client_conn) is False


def test_a_reset_ends_every_stream_of_an_http2_connection(tmp_path: Path, ca: Path) -> None:
    """Two calls on one HTTP/2 connection: when one is reset the other ends with it."""
    rules = (
        "[{match: {operation: get_balance}, fault: {timeout: 30s}}, {match: {operation: create_escrow}, fault: reset}]"
    )
    failures: list[str] = []
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        context = ssl.create_default_context(cafile=proxy.bundle)
        with httpx.Client(
            http2=True, proxy=proxy.url, verify=context, base_url="https://sandbox.greenhelix.net"
        ) as client:
            assert client.get("/v1/pricing").http_version == "HTTP/2"

            def wait_for_balance() -> None:
                try:
                    client.get("/v1/billing/wallets/a/balance", timeout=20)
                except httpx.TransportError as error:
                    failures.append(type(error).__name__)

            other = threading.Thread(target=wait_for_balance)
            other.start()
            while not proxy.on_loop(lambda: proxy.session.chain.observe.open_exchanges):
                pass
            with pytest.raises(httpx.TransportError):
                client.post(PATH, json=ESCROW)
            other.join(15)
    assert len(failures) == 1


@pytest.mark.parametrize(
    ("release", "fits"), [("12.2.3", True), ("12.1.0", False), ("12.3.0", False), ("13.0.0", False)]
)
def test_self_check_knows_its_mitmproxy(monkeypatch: pytest.MonkeyPatch, release: str, *, fits: bool) -> None:
    """Another release is refused with what to install."""
    monkeypatch.setattr(version, "VERSION", release)
    if fits:
        wire.self_check()
    else:
        with pytest.raises(wire.EngineError, match=r"pip install 'mitmproxy>=12\.2\.2,<12\.3'"):
            wire.self_check()


def test_self_check_misses_a_private_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was taken away from mitmproxy is named."""
    monkeypatch.delitem(ConnectionIO.__dataclass_fields__, "writer")
    with pytest.raises(wire.EngineError, match=r"lacks ConnectionIO\.writer"):
        wire.self_check()


def test_answer_of_takes_a_broken_encoding_as_it_came() -> None:
    """A body that says gzip and is not stays readable."""
    response = http.Response.make(200, b"plain", {"content-encoding": "identity"})
    response.headers["content-encoding"] = "gzip"
    assert wire.answer_of(response).body == b"plain"


def test_the_linger_option_is_what_the_kernel_reads() -> None:
    """`SO_LINGER (1, 0)`: on, no seconds."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, wire.RST_ON_CLOSE)
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == wire.RST_ON_CLOSE
