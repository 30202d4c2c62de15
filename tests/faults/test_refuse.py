"""Refuse: no connection comes about, and none that is kept helps a client out."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from proxy_addons.exchange import Phase
from proxy_addons.faults.refuse import Refuse
from proxy_addons.rules.load import parse
from proxy_addons.rules.problem import ProfileError
from tests.support.calls import call, escrows, http2, plain
from tests.support.fake_wire import FakeWire, play
from tests.support.live import LiveProxy, live_proxy
from tests.support.packets import Trace
from tests.support.sockets import HOST, exchange, tunnel
from tests.support.upstream import upstream

ESCROW = {"payer": "a", "payee": "b", "amount": "25.00"}


async def test_it_resets_and_ends_the_exchange() -> None:
    """Once; and a client that has left is not refused."""
    wire = FakeWire()
    played = await play(Refuse(), wire)
    assert (wire.done, played.delivered, played.ends) == (["reset"], True, True)
    assert not (await play(Refuse(), FakeWire(patience=0))).delivered


def test_it_says_what_it_does() -> None:
    """In words."""
    assert Refuse().describe() == "the connection is refused"
    assert Refuse().fatal
    assert Refuse().sides == (Phase.CONNECT,)


def ask(proxy: LiveProxy, host: str = HOST, user: str = "") -> tuple[bytes, str, int]:
    """Ask for a tunnel: what comes back, how it ends, and the client's port."""
    with socket.create_connection(proxy.address, 10) as client:
        port: int = client.getsockname()[1]
        client.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n{user}\r\n".encode())
        try:
            return client.recv(4096), "open", port
        except ConnectionResetError:
            return b"", "reset", port


def test_a_refused_connection_is_an_rst(
    tmp_path: Path, ca: Path, trace_packets: Callable[[int], AbstractContextManager[Trace]]
) -> None:
    """In answer to the CONNECT; and it is journaled like a call that a fault hit."""
    with (
        live_proxy(tmp_path, ca, rules="[{name: down, fault: refuse}]") as proxy,
        trace_packets(proxy.address[1]) as packets,
    ):
        data, ending, port = ask(proxy)
        assert (data, ending) == (b"", "reset")
        assert packets.wait_for(port, "RST")
        assert packets.flags_to(port) == ["RST"]
        (event,) = proxy.exchanges
        assert proxy.noise == []
    assert (event.protocol, event.method, event.host, event.calls[0].operation) == (
        "connect",
        "CONNECT",
        HOST,
        "connect",
    )
    assert (event.number, event.status, event.delivered, event.reached_upstream) == (1, None, False, False)
    assert (event.error, event.client_aborted) == ("", False)
    assert [(d.rule, d.fired) for d in event.decisions] == [("down", True)]
    assert [(i.rule, i.fault, i.at, i.delivered, i.detail) for i in event.injections] == [
        ("down", "refuse", Phase.CONNECT, True, "RST sent")
    ]


def test_a_rule_speaks_of_agents_and_hosts(tmp_path: Path, ca: Path) -> None:
    """The agent is the user name of the proxy URL: no call has come yet that could name another."""
    buyer = "Proxy-Authorization: Basic YnV5ZXI6\r\n"
    rules = f"[{{match: {{agent: buyer, host: {HOST}, operation: connect, protocol: connect}}, fault: refuse}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        assert ask(proxy, user=buyer)[1] == "reset"
        assert ask(proxy)[1] == "open"
        (event,) = proxy.exchanges
    assert event.agent == "buyer"


def test_what_is_out_of_scope_is_never_refused(tmp_path: Path, ca: Path) -> None:
    """Whatever the rules say."""
    with live_proxy(tmp_path, ca, rules="[{fault: refuse}]") as proxy:
        assert ask(proxy, "elsewhere.test")[1] == "open"
        assert proxy.exchanges == []


def test_a_connection_that_is_not_refused_is_journaled_as_opened(tmp_path: Path, ca: Path) -> None:
    """So that a report can tell that a client came back, and got through."""
    with live_proxy(tmp_path, ca, rules="[{fault: refuse, when: {attempts: 1}}]") as proxy:
        assert ask(proxy)[1] == "reset"
        assert call(proxy).status == 200
        first, second, third = proxy.exchanges
    assert [(e.protocol, e.status, e.calls[0].attempt) for e in (first, second)] == [
        ("connect", None, 1),
        ("connect", 200, 2),
    ]
    assert (second.delivered, second.injections) == (True, [])
    assert (third.protocol, third.decisions) == ("greenhelix", [])


def test_a_rule_about_calls_does_not_touch_openings(tmp_path: Path, ca: Path) -> None:
    """A fault of another kind without a match is for every call, and an opening is none."""
    with live_proxy(tmp_path, ca, rules="[{fault: {status: 503}}]") as proxy:
        assert call(proxy).status == 503
        (event,) = proxy.exchanges
    assert event.protocol == "greenhelix"


def test_a_kept_connection_is_refused_too(tmp_path: Path, ca: Path) -> None:
    """The second call stands for a second opening, and nothing of it gets through."""
    with (
        live_proxy(tmp_path, ca, rules="[{fault: refuse, when: {calls: 2}}]") as proxy,
        tunnel(proxy.address, proxy.bundle) as client,
    ):
        assert exchange(client, "POST", "/v1/payments/escrows", ESCROW).status == 201
        seen = exchange(client, "POST", "/v1/payments/escrows", ESCROW)
        assert (seen.data, seen.ending) == (b"", "reset")
        assert escrows(proxy) == 1
        opened, created, hit = proxy.exchanges
    assert [(e.protocol, e.delivered) for e in (opened, created, hit)] == [
        ("connect", True),
        ("greenhelix", True),
        ("greenhelix", False),
    ]
    assert created.injections == []
    assert (hit.committed, hit.reached_upstream, hit.status) == (False, False, None)
    assert [(i.fault, i.at, i.delivered) for i in hit.injections] == [("refuse", Phase.CONNECT, True)]


def test_a_pool_is_hit_as_often_as_fresh_connections(tmp_path: Path, ca: Path) -> None:
    """The same seed draws the same faults, whether or not connections are kept."""
    rules = "[{fault: refuse, when: {probability: 0.3}}]"

    def kept(proxy: LiveProxy) -> list[bool]:
        hits, client = [], None
        for _ in range(20):
            try:
                client = client or tunnel(proxy.address, proxy.bundle)
                hit = exchange(client, "GET", "/v1/pricing").ending == "reset"
            except ConnectionResetError:
                hit = True
            if hit and client is not None:
                client.close()
                client = None
            hits.append(hit)
        if client is not None:
            client.close()
        return hits

    def fresh(proxy: LiveProxy) -> list[bool]:
        hits = []
        for _ in range(20):
            try:
                hits.append(call(proxy).ending == "reset")
            except ConnectionResetError:
                hits.append(True)
        return hits

    with live_proxy(tmp_path / "kept", ca, rules=rules, seed=7) as proxy:
        pooled = kept(proxy)
    with live_proxy(tmp_path / "fresh", ca, rules=rules, seed=7) as proxy:
        assert fresh(proxy) == pooled
    assert 0 < sum(pooled) < 20


def test_streams_of_an_http2_connection_are_covered(tmp_path: Path, ca: Path) -> None:
    """Each call after the first stands for an opening."""
    with live_proxy(tmp_path, ca, rules="[{fault: refuse, when: {calls: 2}}]") as proxy, http2(proxy) as client:
        assert client.get("/v1/pricing").http_version == "HTTP/2"
        with pytest.raises(httpx.TransportError):
            client.get("/v1/pricing")
        assert client.get("/v1/pricing").status_code == 200


def test_plain_http_has_no_connect_and_is_refused_at_its_first_call(tmp_path: Path, ca: Path) -> None:
    """Where the connection is decided about when the call arrives."""
    with (
        upstream() as origin,
        live_proxy(tmp_path, ca, rules="[{fault: refuse}]", maps=[f"plain.test={origin.url}"]) as proxy,
    ):
        assert plain(proxy, "http://plain.test/").ending == "reset"
        assert origin.asked == []


@pytest.mark.parametrize(
    ("match", "said"),
    [
        ("{method: GET}", "before any call exists; it can be matched by agent and host alone"),
        ("{input: {amount: 1}}", "before any call exists"),
        ("{status: 500}", "before any call exists"),
        ("{operation: create_escrow}", "the operation is then connect, which this does not match"),
        ("{protocol: rest}", "the protocol is then connect, which this does not match"),
    ],
)
@pytest.mark.parametrize("fault", ["refuse", "tls_failure"])
def test_other_conditions_are_refused_at_lint(fault: str, match: str, said: str) -> None:
    """With the reason, at their place."""
    with pytest.raises(ProfileError) as caught:
        parse(f"version: 1\nrules: [{{match: {match}, fault: {fault}}}]", "p.yaml")
    (problem,) = caught.value.problems
    assert said in problem.message
    assert problem.path.startswith("rules[0].match.")
