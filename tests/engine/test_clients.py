from __future__ import annotations

from pathlib import Path

from mitmproxy.connection import ConnectionState
from mitmproxy.test import tflow

from proxy_addons.engine.clients import Clients
from tests.support.live import live_proxy
from tests.support.sockets import exchange, tunnel

ESCROW = {"payer": "a", "payee": "b", "amount": "25.00"}
PATH = "/v1/payments/escrows"


def test_a_wait_ends_when_the_client_leaves(tmp_path: Path, ca: Path) -> None:
    """A held call lasts as long as its client, not as long as its fault."""
    with live_proxy(tmp_path, ca, rules="[{fault: {timeout: 50s}}]") as proxy:
        client = tunnel(proxy.address, proxy.bundle)
        assert exchange(client, "POST", PATH, ESCROW, timeout=0.2).ending == "silence"
        client.close()
        (event,) = proxy.exchanges
    assert event.closed_at - event.started_at < 10
    assert event.injections[0].detail == "silent until the client left"


async def test_who_is_not_connected_is_not_waited_for() -> None:
    """A client that left before its fault began."""
    assert await Clients().wait_gone(tflow.tflow().client_conn, 60) is True


async def test_a_client_that_stays_is_waited_for_to_the_end() -> None:
    """And is still there then."""
    clients, client = Clients(), tflow.tflow().client_conn
    clients.client_connected(client)
    assert await clients.wait_gone(client, 0.01) is False
    assert clients.connected(client)
    clients.client_disconnected(client)
    assert (clients.connected(client), len(clients)) == (False, 0)


def test_a_cut_of_ours_is_no_hang_up() -> None:
    """The state of the connection is the same; what was noted tells them apart."""
    clients, ours, theirs = Clients(), tflow.tflow(), tflow.tflow()
    clients.cut(ours.client_conn)
    for flow in (ours, theirs):
        flow.client_conn.state = ConnectionState.CLOSED
    assert (clients.hung_up(ours), clients.hung_up(theirs)) == (False, True)
