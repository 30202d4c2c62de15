"""What must not leave does not leave, and what is out of scope is not touched."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from proxy_addons import guard
from tests.support.calls import call, connect, create, escrows, own_certificate, plain
from tests.support.live import LiveProxy, live_proxy
from tests.support.sockets import HOST, receive, request_bytes, tunnel
from tests.support.upstream import say, upstream

MAPPED = "api.example"
PRIVATE = "is a private or loopback address that neither scope.hosts nor a map names"
METADATA = "is a link-local or metadata address and is never reached through the proxy"
ONCE = "budget: {per_run: '1.00'}"


@contextmanager
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A port on loopback, and the first bytes of each connection to it; a connection is answered with `pong`."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                    with client:
                        heard.append(client.recv(4096))
                        client.sendall(b"pong")
                except ConnectionResetError:
                    heard.append(b"")
                except OSError:
                    return

        thread = threading.Thread(target=serve, name="listener")
        thread.start()
        try:
            yield server.getsockname()[1], heard
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name resolve to these addresses, as far as the guard is told."""

    async def resolve(_host: str, _port: int) -> list[str]:
        return list(addresses)

    monkeypatch.setattr(guard, "_resolve", resolve)


def reasons(proxy: LiveProxy) -> list[tuple[str, str]]:
    """Host and reason of everything that the journal holds as no call."""
    return [(noise.host, noise.reason) for noise in proxy.noise]


# What is out of scope


def test_tls_out_of_scope_is_the_clients_own(tmp_path: Path, ca: Path) -> None:
    """The client sees the upstream's certificate, the upstream what the client sent, the journal that it was."""
    pem, upstream_ca = own_certificate(tmp_path / "upstream", "localhost")
    with (
        upstream(certificate=pem) as server,
        live_proxy(tmp_path / "run", ca, rules="[{fault: reset}]", maps=[f"{MAPPED}=http://localhost:1"]) as proxy,
    ):
        raw, _ = connect(proxy, f"localhost:{server.port}")
        trusting_it_alone = ssl.create_default_context(cafile=str(upstream_ca))
        with raw, trusting_it_alone.wrap_socket(raw, server_hostname="localhost") as client:
            client.sendall(request_bytes("GET", "/x", headers={"x-agent-id": "me"}, host="localhost"))
            assert receive(client).status == 200
        assert [(path, headers["x-agent-id"]) for _, path, headers, _ in server.asked] == [("/x", "me")]
        assert [(event.host, event.port) for event in proxy.passed_through] == [("localhost", server.port)]
        assert proxy.exchanges == []


def test_plain_http_out_of_scope_passes_by(tmp_path: Path, ca: Path) -> None:
    """No rule applies to it."""
    with upstream() as server, live_proxy(tmp_path, ca, rules="[{fault: reset}]", maps=[f"a={server.url}"]) as proxy:
        assert plain(proxy, f"{server.url}/x?y=1", "POST", {"amount": "9"}).status == 200
        assert [(method, path, body) for method, path, _, body in server.asked] == [
            ("POST", "/x?y=1", b'{"amount": "9"}')
        ]
        assert [event.port for event in proxy.passed_through] == [server.port]
        assert proxy.exchanges == []


def test_bytes_out_of_scope_that_are_no_http_pass_by(tmp_path: Path, ca: Path) -> None:
    """A tunnel may carry anything, like git over SSH."""
    with listener() as (port, heard), live_proxy(tmp_path, ca, maps=[f"a=http://127.0.0.1:{port}"]) as proxy:
        raw, _ = connect(proxy, f"127.0.0.1:{port}")
        with raw:
            raw.sendall(b"SSH-2.0-ping\r\n")
            assert raw.recv(4) == b"pong"
        assert heard == [b"SSH-2.0-ping\r\n"]
        assert [event.port for event in proxy.passed_through] == [port]


def test_bytes_in_scope_that_are_no_http_go_nowhere(tmp_path: Path, ca: Path) -> None:
    """They would reach the real host, past every rule."""
    with listener() as (port, heard), live_proxy(tmp_path, ca, head="scope: {hosts: [127.0.0.1]}") as proxy:
        raw, _ = connect(proxy, f"127.0.0.1:{port}")
        with raw:
            raw.sendall(b"\x00\x01\x02\x03 nonsense\r\n")
            assert raw.recv(4) == b""
        assert heard == []
        assert reasons(proxy) == [("127.0.0.1", "what came through the tunnel is neither TLS nor HTTP")]


def test_deny_takes_back_what_hosts_had_named(tmp_path: Path, ca: Path) -> None:
    """Such a host is out of scope, and as private as any other."""
    head = "scope: {hosts: ['127.*'], deny: [127.0.0.1]}"
    with upstream() as server, live_proxy(tmp_path, ca, head=head, rules="[{fault: reset}]") as proxy:
        refused = plain(proxy, f"{server.url}/x")
        assert refused.status == 403
        assert server.asked == []
        assert reasons(proxy) == [("127.0.0.1", f"127.0.0.1 {PRIVATE}")]


# Addresses


@pytest.mark.parametrize("host", ["other.example", "10.0.0.1"])
def test_a_hermetic_run_refuses_what_is_not_in_scope(tmp_path: Path, ca: Path, host: str) -> None:
    """A tunnel and a plain request alike, with a problem document."""
    with live_proxy(tmp_path, ca, hermetic=True) as proxy:
        raw, told = connect(proxy, f"{host}:443")
        raw.close()
        asked = plain(proxy, f"http://{host}/")
        assert call(proxy).status == 200
        heard = reasons(proxy)
    for answer in (told, asked):
        assert answer.status == 403
        assert b"content-type: application/problem+json\r\n" in answer.data
        assert json.loads(answer.body)["type"] == "https://crosswind.internal/problems/destination-refused"
    assert [found for found, _ in heard] == [host, host]
    assert heard[0][1] == json.loads(told.body)["detail"]


def test_a_hermetic_run_keeps_a_body_back_as_well(tmp_path: Path, ca: Path) -> None:
    """Bodies out of scope stream: the refusal must come before the first byte does."""
    with (
        upstream() as server,
        live_proxy(tmp_path, ca, hermetic=True, maps=[f"{MAPPED}={server.url}"]) as proxy,
    ):
        assert plain(proxy, f"{server.url}/x", "POST", {"secret": 1}).status == 403
        assert server.asked == []
        assert plain(proxy, f"http://{MAPPED}/x", "POST", {"mapped": 1}).status == 200
        assert [body for *_, body in server.asked] == [b'{"mapped": 1}']
        assert reasons(proxy) == [("127.0.0.1", "127.0.0.1 is neither in scope nor mapped, and the run is hermetic")]


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("metadata.google.internal", "serves cloud credentials and is never reached through the proxy"),
        ("169.254.169.254", METADATA),
        ("169.254.7.7", METADATA),
        ("[fd00:ec2::254]", METADATA),
        ("127.0.0.1", PRIVATE),
        ("192.168.1.1", PRIVATE),
        ("localhost", PRIVATE),
    ],
)
def test_some_addresses_are_refused_before_anything_is_sent(tmp_path: Path, ca: Path, host: str, why: str) -> None:
    """Credentials of the cloud, and whatever is next door."""
    with live_proxy(tmp_path, ca, head="scope: {hosts: ['*']}") as proxy:
        raw, told = connect(proxy, f"{host}:443")
        raw.close()
        asked = plain(proxy, f"http://{host}/")
        (event,) = proxy.exchanges
        assert why in reasons(proxy)[0][1]
    assert (told.status, asked.status) == (403, 403)
    assert why in json.loads(told.body)["detail"]
    assert why in event.refusal
    assert (event.origin, event.status, event.reached_upstream, event.committed) == ("guard", 403, False, False)
    assert event.decisions == []


@pytest.mark.parametrize("spelling", ["127.1", "0x7f.1", "2130706433"])
def test_other_spellings_of_an_address_are_seen_through(tmp_path: Path, ca: Path, spelling: str) -> None:
    """They are no addresses to us, but resolve to one."""
    with listener() as (port, heard), live_proxy(tmp_path, ca) as proxy:
        assert plain(proxy, f"http://{spelling}:{port}/").status == 502
        assert heard == []
        assert reasons(proxy) == [(spelling, f"127.0.0.1 {PRIVATE}")]


@pytest.mark.parametrize(
    ("resolved", "why"), [("169.254.169.254", METADATA), ("10.0.0.1", ""), ("fd00:ec2::254", METADATA)]
)
def test_a_named_host_may_resolve_to_the_network_next_door_but_not_to_metadata(
    tmp_path: Path, ca: Path, monkeypatch: pytest.MonkeyPatch, resolved: str, why: str
) -> None:
    """Who is in scope is trusted with private addresses alone."""
    resolving(monkeypatch, "93.184.216.34", resolved)
    with live_proxy(tmp_path, ca, head=f"scope: {{hosts: [{MAPPED}]}}") as proxy:
        answer = call(proxy, "POST", "/x", {"a": 1}, host=MAPPED)
        (event,) = proxy.exchanges
    assert (answer.status, event.status) == (502, 502)
    assert (event.reached_upstream, event.committed, event.delivered) == (False, False, False)
    assert (METADATA in event.error) is bool(why)
    assert (METADATA.encode() in answer.body) is bool(why)


def test_a_name_out_of_scope_that_resolves_to_loopback_is_refused(
    tmp_path: Path, ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside a tunnel too, where there is no request to answer: the connection ends."""
    resolving(monkeypatch, "127.0.0.1")
    with live_proxy(tmp_path, ca) as proxy:
        raw, _ = connect(proxy, "rebind.example:443")
        with raw, pytest.raises(OSError, match=r"EOF|reset"):
            ssl.create_default_context().wrap_socket(raw, server_hostname="rebind.example")
        assert reasons(proxy) == [("rebind.example", f"127.0.0.1 {PRIVATE}")]


def test_a_name_that_changes_its_address_in_between_is_cut_off(
    tmp_path: Path, ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is looked at once more, and not one byte is sent on it."""
    resolving(monkeypatch, "93.184.216.34")
    with listener() as (port, heard), live_proxy(tmp_path, ca) as proxy:
        assert plain(proxy, f"http://127.1:{port}/", "POST", {"secret": 1}).status == 502
        assert reasons(proxy) == [("127.1", f"127.0.0.1 {PRIVATE}")]
    assert not any(heard)


@pytest.mark.parametrize("head", ["scope: {hosts: [127.0.0.1]}", "scope: {hosts: ['127.*']}"])
def test_a_private_address_that_the_scope_names_is_open(tmp_path: Path, ca: Path, head: str) -> None:
    """That is how one tests one's own services."""
    with upstream() as server, live_proxy(tmp_path, ca, head=head) as proxy:
        assert plain(proxy, f"{server.url}/x").status == 200
        (event,) = proxy.exchanges
    assert (event.host, event.origin, event.reached_upstream) == ("127.0.0.1", "upstream", True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_proxys_own_port_is_refused(tmp_path: Path, ca: Path, host: str) -> None:
    """Whoever names it: a call to it would come round again."""
    with live_proxy(tmp_path, ca, head="scope: {hosts: [127.0.0.1, localhost]}") as proxy:
        own = f"{host}:{proxy.address[1]}"
        raw, told = connect(proxy, own)
        raw.close()
        assert plain(proxy, f"http://{own}/").status == 403
        (event,) = proxy.exchanges
    assert json.loads(told.body)["detail"] == event.refusal == f"{own} is the proxy's own port"


def test_tls_with_the_proxy_itself_is_no_tunnel(tmp_path: Path, ca: Path) -> None:
    """A proxy URL may be https: its host name is out of scope, and still nobody's but ours."""
    with live_proxy(tmp_path, ca) as proxy:
        context = ssl.create_default_context(cafile=proxy.bundle)
        with (
            socket.create_connection(proxy.address, 10) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as client,
        ):
            client.sendall(request_bytes("GET", f"http://{HOST}/v1/pricing"))
            assert receive(client).status == 200
        assert proxy.passed_through == []


# The budget


def test_a_call_above_the_budget_is_refused_and_never_reaches_the_provider(tmp_path: Path, ca: Path) -> None:
    """402, with a problem document; no rule is asked."""
    head = "budget: {per_call: '24.99'}"
    with live_proxy(tmp_path, ca, head=head, rules="[{fault: reset}]") as proxy:
        told = create(proxy)
        assert escrows(proxy) == 0
        (event,) = proxy.exchanges
    assert told.status == 402
    assert b"content-type: application/problem+json\r\n" in told.data
    assert json.loads(told.body) == {
        "type": "https://crosswind.internal/problems/budget-exceeded",
        "title": "Budget exceeded",
        "status": 402,
        "detail": "create_escrow of 25.00 is above the budget of 24.99 per call",
    }
    assert (event.origin, event.status, event.refusal) == ("guard", 402, json.loads(told.body)["detail"])
    assert (event.reached_upstream, event.committed, event.decisions) == (False, False, [])


def test_a_mapped_upstream_is_spared_as_well(tmp_path: Path, ca: Path) -> None:
    """The refusal comes before any connection."""
    with (
        upstream() as server,
        live_proxy(tmp_path, ca, head="budget: {per_call: '1'}", maps=[f"{MAPPED}={server.url}"]) as proxy,
    ):
        statuses = [call(proxy, "POST", "/orders", {"amount": a}, host=MAPPED).status for a in ("1.01", "1.00")]
        assert statuses == [402, 200]
        assert [body for *_, body in server.asked] == [b'{"amount": "1.00"}']


@pytest.mark.parametrize("amount", ["0.1", 0.1], ids=["text", "number"])
def test_sums_are_decimal(tmp_path: Path, ca: Path, amount: object) -> None:
    """Three times 0.1 is 0.3, which binary numbers deny."""
    with live_proxy(tmp_path, ca, head="budget: {per_run: '0.3'}") as proxy:
        assert [create(proxy, amount=amount).status for _ in range(4)] == [201, 201, 201, 402]
        assert escrows(proxy) == 3
        assert proxy.exchanges[3].refusal == "create_escrow of 0.1 would pass the run's budget of 0.3"


def test_a_budget_of_nothing_lets_nothing_through(tmp_path: Path, ca: Path) -> None:
    """Zero is a cap, not its absence."""
    with live_proxy(tmp_path, ca, head="budget: {per_run: '0'}") as proxy:
        assert create(proxy, amount="0.01").status == 402
        assert call(proxy).status == 200


def test_another_currency_is_refused(tmp_path: Path, ca: Path) -> None:
    """It cannot be compared."""
    head = "budget: {per_run: '5', currency: USD}"
    with upstream() as server, live_proxy(tmp_path, ca, head=head, maps=[f"{MAPPED}={server.url}"]) as proxy:
        for currency, status in (("EUR", 402), ("usd", 200), (None, 200)):
            asked = {"amount": "1", "currency": currency}
            assert call(proxy, "POST", "/orders", asked, host=MAPPED).status == status
        assert proxy.exchanges[0].refusal == "POST /orders is in EUR, the budget in USD"


@pytest.mark.parametrize("fault", ["{status: 503}", "reset"])
def test_what_committed_nothing_is_given_back(tmp_path: Path, ca: Path, fault: str) -> None:
    """The budget is for what is spent, not for what is tried."""
    rules = f"[{{when: {{calls: 1..3}}, match: {{operation: create_escrow}}, fault: {fault}}}]"
    with live_proxy(tmp_path, ca, head=ONCE, rules=rules) as proxy:
        for _ in range(3):
            assert create(proxy, amount="1.00").status != 402
        assert [create(proxy, amount="1.00").status for _ in range(2)] == [201, 402]


def test_what_the_provider_refused_is_given_back(tmp_path: Path, ca: Path) -> None:
    """A 4xx changed nothing."""
    with live_proxy(tmp_path, ca, head=ONCE) as proxy:
        assert create(proxy, amount="1.00", payee="").status == 422
        assert create(proxy, amount="1.00").status == 201


def test_what_may_have_been_carried_out_stays_spent(tmp_path: Path, ca: Path) -> None:
    """Nobody knows what an upstream did that broke off."""

    def break_off(handler: object, _body: bytes) -> None:
        vars(handler)["close_connection"] = True

    with (
        upstream(break_off) as server,
        live_proxy(tmp_path, ca, head=ONCE, maps=[f"{MAPPED}={server.url}"]) as proxy,
    ):
        statuses = [call(proxy, "POST", "/orders", {"amount": "0.6"}, host=MAPPED).status for _ in range(2)]
        assert statuses == [502, 402]
        assert [event.commit for event in proxy.exchanges] == ["ambiguous", "none"]


def test_a_retry_with_the_same_key_counts_once(tmp_path: Path, ca: Path) -> None:
    """The first was carried out and its answer lost: to ask again costs nothing."""
    rules = "[{when: {attempts: 1, max: 1}, fault: lost_response}]"
    with live_proxy(tmp_path, ca, head=ONCE, rules=rules) as proxy:
        key = {"idempotency-key": "k-1"}
        assert create(proxy, key, amount="1.00").ending == "reset"
        assert create(proxy, key, amount="1.00").status == 201
        assert create(proxy, {"idempotency-key": "k-2"}, amount="1.00").status == 402
        assert escrows(proxy) == 1


def test_a_key_used_again_for_another_amount_is_no_retry(tmp_path: Path, ca: Path) -> None:
    """Or one key would open the purse."""
    with (
        upstream() as server,
        live_proxy(tmp_path, ca, head="budget: {per_run: '2'}", maps=[f"{MAPPED}={server.url}"]) as proxy,
    ):
        key = {"idempotency-key": "k-1"}
        statuses = [call(proxy, "POST", "/o", {"amount": a}, key, host=MAPPED).status for a in ("1", "9", "1.0")]
        assert statuses == [200, 402, 200]


def test_a_first_try_that_ends_late_does_not_give_back_what_its_retry_spent(tmp_path: Path, ca: Path) -> None:
    """The first committed nothing, but the second did, and they share one reservation."""
    rules = "[{when: {attempts: 1, max: 1}, match: {operation: create_escrow}, fault: timeout}]"
    key = {"idempotency-key": "k-1"}
    with live_proxy(tmp_path, ca, head=ONCE, rules=rules) as proxy:
        with tunnel(proxy.address, proxy.bundle) as first:
            body = {"payer": "buyer", "payee": "seller", "amount": "1.00"}
            first.sendall(request_bytes("POST", "/v1/payments/escrows", body, key))
            while not proxy.on_loop(lambda: proxy.session.chain.observe.open_exchanges):
                pass
            assert create(proxy, key, amount="1.00").status == 201
        while proxy.on_loop(lambda: proxy.session.chain.observe.open_exchanges):
            pass
        assert create(proxy, {"idempotency-key": "k-2"}, amount="1.00").status == 402
        assert escrows(proxy) == 1


def test_a_first_try_that_ends_early_leaves_the_reservation_to_its_retry(tmp_path: Path, ca: Path) -> None:
    """It is given back when no try is left that could commit."""
    asked, go = threading.Event(), threading.Event()

    def answer_late(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        asked.set()
        go.wait(20)
        say()(handler, body)

    rules = "[{when: {attempts: 1, max: 1}, fault: timeout}]"
    order: tuple[str, str, object, dict[str, str]] = ("POST", "/orders", {"amount": "1.00"}, {"idempotency-key": "k-1"})
    with (
        upstream(answer_late) as server,
        live_proxy(tmp_path, ca, head=ONCE, rules=rules, maps=[f"{MAPPED}={server.url}"]) as proxy,
        ThreadPoolExecutor(1) as pool,
    ):
        with tunnel(proxy.address, proxy.bundle, MAPPED) as first:
            first.sendall(request_bytes(*order, host=MAPPED))
            while not proxy.on_loop(lambda: proxy.session.chain.observe.open_exchanges):
                pass
            second = pool.submit(call, proxy, *order, host=MAPPED)
            assert asked.wait(10)
        while proxy.on_loop(lambda: proxy.session.chain.observe.open_exchanges) > 1:
            pass
        other = call(proxy, "POST", "/orders", {"amount": "1.00"}, {"idempotency-key": "k-2"}, host=MAPPED)
        go.set()
        assert (second.result(20).status, other.status) == (200, 402)


def test_concurrent_calls_cannot_overspend(tmp_path: Path, ca: Path) -> None:
    """The reservation is made before anything waits."""
    rules = "[{match: {operation: create_escrow}, fault: {latency: 100ms}}]"
    with live_proxy(tmp_path, ca, head="budget: {per_run: '5.00'}", rules=rules) as proxy:
        with ThreadPoolExecutor(12) as pool:
            statuses = [seen.status for seen in pool.map(lambda _: create(proxy, amount="1.00"), range(12))]
        assert sorted(filter(None, statuses)) == [201] * 5 + [402] * 7
        assert escrows(proxy) == 5


def test_a_batch_is_refused_as_a_whole(tmp_path: Path, ca: Path) -> None:
    """And what its first calls had reserved is given back."""
    one = {"tool": "create_escrow", "params": {"payer": "buyer", "payee": "seller", "amount": "0.60"}}
    with live_proxy(tmp_path, ca, head=ONCE) as proxy:
        assert call(proxy, "POST", "/v1/batch", {"calls": [one, one]}).status == 402
        assert escrows(proxy) == 0
        assert create(proxy, amount="1.00").status == 201


def test_an_amount_too_large_to_add_is_refused(tmp_path: Path, ca: Path) -> None:
    """Whatever an agent makes up."""
    with live_proxy(tmp_path, ca, head=ONCE) as proxy:
        assert create(proxy, amount="1e1000000").status == 402
