"""GOAWAY on the wire: read frame by frame, behind a tunnel and TLS."""

from __future__ import annotations

from pathlib import Path

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.test import tflow

from proxy_addons.engine.goaway import send_goaway
from tests.support.frames import Http2
from tests.support.live import live_proxy
from tests.support.sockets import tunnel


def test_nobody_is_told_who_has_left() -> None:
    """There is no connection to send it on."""
    assert send_goaway(Proxyserver(), tflow.tflow().client_conn) is False


def test_a_client_on_http1_is_not_told(tmp_path: Path, ca: Path) -> None:
    """Its layers hold no HTTP/2 connection."""
    with live_proxy(tmp_path, ca) as proxy, tunnel(proxy.address, proxy.bundle):
        server = proxy.session.master.proxyserver
        clients = proxy.on_loop(lambda: [handler.client for handler in server.connections.values()])
        assert proxy.on_loop(lambda: [send_goaway(server, client) for client in clients]) == [False]


def test_the_frame_names_the_last_stream(tmp_path: Path, ca: Path) -> None:
    """Those up to it are served to their end, and so is one that is opened all the same."""
    with live_proxy(tmp_path, ca, rules="[{fault: goaway, when: {calls: 2}}]") as proxy, Http2(proxy) as client:
        assert client.get("/v1/pricing") == (200, [])
        assert client.get("/v1/pricing") == (200, [("GOAWAY", 3, 0)])
        assert client.get("/v1/pricing") == (200, [])
