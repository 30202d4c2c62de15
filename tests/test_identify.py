"""Who calls, and what for: as the journal tells it, and as the upstream sees it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from proxy_addons.calls.agent import agent_name
from proxy_addons.exchange import Request
from tests.support.calls import ESCROW, ESCROWS, call, create, escrows, http2, plain
from tests.support.live import live_proxy
from tests.support.sockets import HOST, exchange, request_bytes, tunnel
from tests.support.upstream import upstream

MAPPED = "api.example"


def basic(user: str) -> str:
    """A `Proxy-Authorization` header line, as a user name in the proxy URL makes it."""
    return f"proxy-authorization: Basic {base64.b64encode(f'{user}:secret'.encode()).decode()}\r\n"


def agents(tmp_path: Path, ca: Path, headers: dict[str, str], user: str = "") -> list[str]:
    """The agents that the journal names for one call with these headers."""
    with live_proxy(tmp_path, ca) as proxy:
        assert call(proxy, headers=headers, user=user).status == 200
        return [event.agent for event in proxy.exchanges]


def test_the_user_of_the_proxy_url_comes_first(tmp_path: Path, ca: Path) -> None:
    """Before the header and the key: it needs no change to the agent's code."""
    headers = {"x-agent-id": "header", "authorization": "Bearer key"}
    assert agents(tmp_path, ca, headers, basic("buyer")) == ["buyer"]


def test_the_header_comes_second(tmp_path: Path, ca: Path) -> None:
    """Before the key."""
    assert agents(tmp_path, ca, {"x-agent-id": "seller", "authorization": "Bearer key"}) == ["seller"]


def test_a_key_names_its_agent_by_a_hash(tmp_path: Path, ca: Path) -> None:
    """The same in both headers that carry one, and never the key itself."""
    with live_proxy(tmp_path, ca) as proxy:
        call(proxy, headers={"authorization": "Bearer sk-very-secret"})
        call(proxy, headers={"x-api-key": "sk-very-secret"})
        call(proxy, headers={"x-api-key": "sk-another"})
        first, second, third = (event.agent for event in proxy.exchanges)
        journal = (tmp_path / "journal.jsonl").read_text()
    assert (
        first
        == second
        == agent_name(None, Request("GET", "https", HOST, 443, "/", (), (("x-api-key", "sk-very-secret"),)))
    )
    assert first.startswith("key-")
    assert third != first
    assert "secret" not in journal


def test_who_says_nothing_is_the_default(tmp_path: Path, ca: Path) -> None:
    """One agent is the usual case."""
    assert agents(tmp_path, ca, {}) == ["default"]


@pytest.mark.parametrize(
    "line",
    [
        "proxy-authorization: Basic !!!\r\n",
        "proxy-authorization: Basic Og==\r\n",  # ":", an empty name
        "proxy-authorization: Bearer token\r\n",
        "proxy-authorization:\r\n",
    ],
)
def test_credentials_that_name_nobody_break_nothing(tmp_path: Path, ca: Path, line: str) -> None:
    """The call goes on, and the next source of a name is asked."""
    assert agents(tmp_path, ca, {"x-agent-id": "seller"}, line) == ["seller"]


def test_two_agents_on_two_connections_are_told_apart(tmp_path: Path, ca: Path) -> None:
    """A name belongs to its connection."""
    with live_proxy(tmp_path, ca) as proxy:
        with (
            tunnel(proxy.address, proxy.bundle, user=basic("buyer")) as buyer,
            tunnel(proxy.address, proxy.bundle, user=basic("seller")) as seller,
            tunnel(proxy.address, proxy.bundle) as nobody,
        ):
            for client in (buyer, seller, nobody, buyer):
                exchange(client, "GET", "/v1/pricing")
        assert [event.agent for event in proxy.exchanges] == ["buyer", "seller", "default", "buyer"]


def test_over_plain_http_the_user_comes_with_each_request(tmp_path: Path, ca: Path) -> None:
    """There is no tunnel to carry it."""
    with live_proxy(tmp_path, ca) as proxy:
        name, value = basic("buyer").strip().split(": ")
        assert plain(proxy, f"http://{HOST}/v1/pricing", headers={name: value}).status == 200
        (event,) = proxy.exchanges
    assert (event.agent, event.host, event.path) == ("buyer", HOST, "/v1/pricing")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("covered", [True, False])
def test_proxy_credentials_never_reach_an_upstream(tmp_path: Path, ca: Path, method: str, *, covered: bool) -> None:
    """They are meant for us: in scope and out of it, with a body that streams and without one."""
    with upstream() as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        host = MAPPED if covered else f"127.0.0.1:{server.port}"
        name, value = basic("buyer").strip().split(": ")
        body = {"a": 1} if method == "POST" else None
        assert plain(proxy, f"http://{host}/x", method, body, {name: value}).status == 200
        ((seen_method, path, headers, _),) = server.asked
    assert (seen_method, path) == (method, "/x")
    assert "proxy-authorization" not in headers
    assert headers["host"] == host


def test_credentials_inside_the_tunnel_stay_here_too(tmp_path: Path, ca: Path) -> None:
    """A client that sends them in the wrong place is not given away."""
    with upstream() as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        name, value = basic("buyer").strip().split(": ")
        assert call(proxy, headers={name: value}, host=MAPPED, user=basic("tunnel")).status == 200
        ((_, _, headers, _),) = server.asked
        (event,) = proxy.exchanges
    assert "proxy-authorization" not in headers
    assert event.agent == "buyer"


def test_a_connection_out_of_scope_bears_its_agents_name(tmp_path: Path, ca: Path) -> None:
    """As far as the proxy URL tells it."""
    with upstream() as server, live_proxy(tmp_path, ca, maps=[f"{MAPPED}={server.url}"]) as proxy:
        name, value = basic("buyer").strip().split(": ")
        plain(proxy, f"http://127.0.0.1:{server.port}/x", headers={name: value})
        plain(proxy, f"http://127.0.0.1:{server.port}/x")
        assert [(event.host, event.port, event.agent) for event in proxy.passed_through] == [
            ("127.0.0.1", server.port, "buyer"),
            ("127.0.0.1", server.port, "default"),
        ]


def test_a_failed_call_that_comes_again_is_the_next_attempt(tmp_path: Path, ca: Path) -> None:
    """Until it succeeds; what comes then is a new intent. Ordinals count on."""
    rules = "[{when: {calls: 1..2}, match: {operation: create_escrow}, fault: {status: 503}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        assert [create(proxy).status for _ in range(4)] == [503, 503, 201, 201]
        calls = [event.calls[0] for event in proxy.exchanges]
    assert [(c.attempt, c.ordinal, c.nth) for c in calls] == [(1, 1, 1), (2, 2, 2), (3, 3, 3), (1, 4, 4)]
    assert len({c.digest for c in calls}) == 1


def test_another_input_is_another_intent_of_the_same_operation(tmp_path: Path, ca: Path) -> None:
    """Attempts and ordinals are the input's, `nth` is the operation's."""
    with live_proxy(tmp_path, ca, rules="[{fault: {status: 503}}]") as proxy:
        for amount in ("1.00", "2.00", "1.00"):
            create(proxy, amount=amount)
        calls = [event.calls[0] for event in proxy.exchanges]
    assert [(c.attempt, c.ordinal, c.nth) for c in calls] == [(1, 1, 1), (1, 1, 2), (2, 2, 3)]


def test_agents_are_counted_each_by_itself(tmp_path: Path, ca: Path) -> None:
    """What one does never moves another's numbers."""
    with live_proxy(tmp_path, ca, rules="[{fault: {status: 503}}]") as proxy:
        for agent in ("a", "b", "a"):
            create(proxy, {"x-agent-id": agent})
        found = [(event.agent, event.calls[0].attempt, event.calls[0].nth) for event in proxy.exchanges]
    assert found == [("a", 1, 1), ("b", 1, 1), ("a", 2, 2)]


def test_a_call_is_named_with_its_input_and_key(tmp_path: Path, ca: Path) -> None:
    """Protocol, operation, input, idempotency key."""
    with live_proxy(tmp_path, ca) as proxy:
        create(proxy, {"idempotency-key": "k-1"})
        call(proxy, path="/v1/billing/wallets/buyer/balance?verbose=1")
        created, read = proxy.exchanges
    assert (created.protocol, created.method, created.path) == ("greenhelix", "POST", ESCROWS)
    assert (created.calls[0].operation, created.calls[0].key, created.calls[0].input) == (
        "create_escrow",
        "k-1",
        ESCROW,
    )
    assert (created.calls[0].safe, read.calls[0].safe) == (False, True)
    assert (read.path, read.calls[0].operation) == ("/v1/billing/wallets/buyer/balance", "get_balance")


def test_a_batch_is_several_calls(tmp_path: Path, ca: Path) -> None:
    """Each with numbers of its own."""
    tool = {"tool": "get_balance", "params": {"agent_id": "buyer"}}
    with live_proxy(tmp_path, ca) as proxy:
        call(proxy, "POST", "/v1/batch", {"calls": [tool, tool]})
        (event,) = proxy.exchanges
    assert [(c.operation, c.ordinal, c.nth) for c in event.calls] == [("get_balance", 1, 1), ("get_balance", 2, 2)]


def test_both_versions_of_http_are_named_alike(tmp_path: Path, ca: Path) -> None:
    """The version itself is noted."""
    with live_proxy(tmp_path, ca) as proxy:
        create(proxy)
        with http2(proxy) as client:
            assert client.post(ESCROWS, json=ESCROW).http_version == "HTTP/2"
        one, two = proxy.exchanges
    assert (one.http_version, two.http_version) == ("HTTP/1.1", "HTTP/2.0")
    assert one.calls[0].digest == two.calls[0].digest
    assert escrows(proxy) == 2


def test_a_host_is_the_same_in_any_case(tmp_path: Path, ca: Path) -> None:
    """Scope, sandbox and journal go by lower case."""
    with live_proxy(tmp_path, ca) as proxy:
        with tunnel(proxy.address, proxy.bundle, HOST.upper()) as client:
            client.sendall(request_bytes("GET", "/v1/pricing", host=HOST.upper()))
            assert client.recv(12) == b"HTTP/1.1 200"
        (event,) = proxy.exchanges
    assert event.host == HOST
