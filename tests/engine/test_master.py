"""The engine binds where it is told, only there, and gives everything back."""

from __future__ import annotations

import socket
from pathlib import Path

import psutil
import pytest

from proxy_addons.engine.loop import run_loop
from proxy_addons.engine.master import Listen, ListenError, ProxyMaster


async def start_and_stop(listen: Listen) -> tuple[tuple[str, int], set[str]]:
    """Where it was bound, and the addresses on which it listened."""
    master = ProxyMaster(listen)
    address = await master.start()
    listening = {
        connection.laddr.ip
        for connection in psutil.Process().net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == address[1]
    }
    await master.stop(lambda: 0)
    return address, listening


def test_it_listens_on_loopback_alone(ca: Path) -> None:
    """Mitmproxy's own default is all interfaces."""
    (host, port), listening = run_loop(start_and_stop(Listen("127.0.0.1", 0, ca)))
    assert host == "127.0.0.1"
    assert port > 0
    assert listening == {"127.0.0.1"}


def test_a_port_in_use_is_said_so(ca: Path) -> None:
    """With what to do."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(ListenError, match=rf"cannot listen on 127\.0\.0\.1:{port}: port in use.*--listen"):
            run_loop(start_and_stop(Listen("127.0.0.1", port, ca)))


def test_an_address_of_another_machine_is_said_so(ca: Path) -> None:
    """It cannot be bound."""
    with pytest.raises(ListenError, match=r"cannot listen on 192\.0\.2\.1:8080"):
        run_loop(start_and_stop(Listen("192.0.2.1", 8080, ca)))


def test_the_port_is_free_again_afterwards(ca: Path) -> None:
    """Two runs, one after the other, on one port."""
    (_, port), _ = run_loop(start_and_stop(Listen("127.0.0.1", 0, ca)))
    (_, again), _ = run_loop(start_and_stop(Listen("127.0.0.1", port, ca)))
    assert again == port
