"""The choice of HTTP version inside a tunnel, and on the proxy's own TLS."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from tests.support.calls import connect, http2
from tests.support.live import LiveProxy, live_proxy
from tests.support.sockets import HOST, receive, request_bytes


def chosen(proxy: LiveProxy, offered: list[str]) -> str | None:
    """What the proxy chooses of these, in this order, inside a tunnel."""
    raw, _ = connect(proxy, f"{HOST}:443")
    context = ssl.create_default_context(cafile=proxy.bundle)
    if offered:
        context.set_alpn_protocols(offered)
    with raw, context.wrap_socket(raw, server_hostname=HOST) as client:
        return client.selected_alpn_protocol()


@pytest.mark.parametrize(
    ("offered", "choice"),
    [
        (["http/1.1", "h2"], "h2"),
        (["h2", "http/1.1"], "h2"),
        (["h2"], "h2"),
        (["http/1.1"], "http/1.1"),
        ([], None),
    ],
    ids=["last", "first", "alone", "not", "nothing"],
)
def test_http2_is_chosen_where_it_is_offered(tmp_path: Path, ca: Path, offered: list[str], choice: str | None) -> None:
    """Whatever the client names first."""
    with live_proxy(tmp_path, ca) as proxy:
        assert chosen(proxy, offered) == choice


def test_the_engines_option_switches_it_off(tmp_path: Path, ca: Path) -> None:
    """Mitmproxy's `http2`."""
    with live_proxy(tmp_path, ca) as proxy:
        proxy.on_loop(lambda: proxy.session.master.options.update(http2=False))
        assert chosen(proxy, ["http/1.1", "h2"]) == "http/1.1"


def test_a_client_that_names_http1_first_gets_http2(tmp_path: Path, ca: Path) -> None:
    """As httpx does, which would never get it otherwise."""
    with live_proxy(tmp_path, ca) as proxy, http2(proxy) as client:
        assert client.get("/v1/pricing").http_version == "HTTP/2"


@pytest.mark.parametrize("offered", [["h2", "http/1.1"], ["http/1.1", "h2"]], ids=["first", "last"])
def test_the_proxys_own_tls_speaks_http1(tmp_path: Path, ca: Path, offered: list[str]) -> None:
    """A proxy URL that is https: the engine takes CONNECT over HTTP/1.1 alone."""
    with live_proxy(tmp_path, ca) as proxy:
        context = ssl.create_default_context(cafile=proxy.bundle)
        context.set_alpn_protocols(offered)
        raw = socket.create_connection(proxy.address, 10)
        with raw, context.wrap_socket(raw, server_hostname="127.0.0.1") as client:
            assert client.selected_alpn_protocol() == "http/1.1"
            client.sendall(request_bytes("GET", f"http://{HOST}/v1/pricing"))
            assert receive(client).status == 200
