"""Faults in file order on either side of the upstream, until one of them ends the exchange."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy_addons.faults.base import Played, Wire
from proxy_addons.faults.noop import Noop
from proxy_addons.rules.draw import Draw
from tests.support.calls import call, create, escrows, http2
from tests.support.live import LiveProxy, live_proxy
from tests.support.sockets import exchange, tunnel
from tests.support.upstream import say, upstream


def played(proxy: LiveProxy) -> list[tuple[str, bool, str]]:
    """Rule, whether it took place, and what happened, for everything that was selected on the first exchange."""
    return [(i.rule, i.delivered, i.detail) for i in proxy.exchanges[0].injections]


def test_delays_add_up(tmp_path: Path, ca: Path) -> None:
    """Each rule holds the call once more, on its side."""
    rules = """[
      {name: a, fault: {latency: 30ms}},
      {name: b, fault: {latency: 40ms}},
      {name: c, fault: {latency: {delay: 50ms, at: after}}}]"""
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        assert create(proxy).status == 201
        (event,) = proxy.exchanges
        assert played(proxy) == [
            ("a", True, "held for 30ms"),
            ("b", True, "held for 40ms"),
            ("c", True, "held for 50ms"),
        ]
    assert event.answered_at is not None
    assert event.answered_at - event.started_at >= 0.07
    assert event.closed_at - event.answered_at >= 0.05


def test_the_first_terminal_fault_ends_it_in_file_order(tmp_path: Path, ca: Path) -> None:
    """What comes later in the file was selected, and is not played."""
    rules = """[
      {name: slow, fault: {latency: 10ms}},
      {name: busy, fault: {status: 503}},
      {name: gone, fault: reset},
      {name: lost, fault: lost_response}]"""
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        assert (create(proxy).status, escrows(proxy)) == (503, 0)
        assert played(proxy)[:3] == [
            ("slow", True, "held for 10ms"),
            ("busy", True, "answered 503"),
            ("gone", False, "not played: busy had ended the exchange"),
        ]


def test_the_order_is_the_files(tmp_path: Path, ca: Path) -> None:
    """The same two faults, the other way round."""
    with live_proxy(tmp_path, ca, rules="[{name: gone, fault: reset}, {name: busy, fault: {status: 503}}]") as proxy:
        assert create(proxy).ending == "reset"
        assert played(proxy) == [
            ("gone", True, "RST sent"),
            ("busy", False, "not played: gone had ended the exchange"),
        ]


def test_a_fault_after_that_ends_it_spares_the_next_one_after(tmp_path: Path, ca: Path) -> None:
    """On that side too."""
    rules = "[{name: lost, fault: {lost_response: bad_gateway}}, {name: gone, fault: {reset: {at: after}}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        assert (create(proxy).status, escrows(proxy)) == (502, 1)
        assert played(proxy) == [
            ("lost", True, "answer dropped, 502 sent"),
            ("gone", False, "not played: lost had ended the exchange"),
        ]


def test_a_fault_before_ends_it_for_one_after(tmp_path: Path, ca: Path) -> None:
    """The provider is not asked, whatever stands first in the file."""
    rules = "[{name: lost, fault: lost_response}, {name: busy, fault: {status: 503}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        assert (create(proxy).status, escrows(proxy)) == (503, 0)
        assert played(proxy) == [
            ("busy", True, "answered 503"),
            ("lost", False, "not played: busy had ended the exchange"),
        ]
        assert proxy.exchanges[0].committed is False


@pytest.mark.parametrize("fault", ["reset", "{status: 503}", "{timeout: 20ms}"])
def test_a_fault_before_never_touches_the_books(tmp_path: Path, ca: Path, fault: str) -> None:
    """Nor an upstream."""
    with (
        upstream() as server,
        live_proxy(tmp_path, ca, rules=f"[{{fault: {fault}}}]", maps=[f"api.example={server.url}"]) as proxy,
    ):
        create(proxy)
        call(proxy, "POST", "/orders", {"a": 1}, host="api.example")
        assert (escrows(proxy), server.asked) == (0, [])
        assert [(e.reached_upstream, e.committed, e.pristine_status) for e in proxy.exchanges] == [
            (False, False, None)
        ] * 2


def test_a_match_on_the_answer_is_asked_when_it_is_there(tmp_path: Path, ca: Path) -> None:
    """A fault that waits for another answer is not played on this one."""
    rules = """[
      {name: refused, match: {status: 4xx}, fault: lost_response},
      {name: held, match: {status: 201, body: {status: held}}, fault: {status: {code: 500, at: after}}}]"""
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        assert (create(proxy).status, escrows(proxy)) == (500, 1)
        assert played(proxy) == [
            ("refused", False, "not played: status 201 does not match"),
            ("held", True, "answered 500"),
        ]


def test_faults_compose_with_an_upstream_of_ones_own(tmp_path: Path, ca: Path) -> None:
    """They are played on whatever answers, and the journal keeps what it said."""
    with (
        upstream(say(201, b'{"id": "o-1"}')) as server,
        live_proxy(
            tmp_path, ca, rules="[{fault: {lost_response: close}}]", maps=[f"api.example={server.url}"]
        ) as proxy,
    ):
        seen = call(proxy, "POST", "/orders", {"a": 1}, host="api.example")
        assert (seen.data, seen.ending) == (b"", "fin")
        assert len(server.asked) == 1
        (event,) = proxy.exchanges
    assert (event.origin, event.pristine_status, event.committed) == ("upstream", 201, True)
    assert (event.status, event.delivered) == (None, False)


def test_on_http2_one_stream_is_closed_and_the_others_live(tmp_path: Path, ca: Path) -> None:
    """A fault that closes is the exchange's own."""
    rules = "[{match: {operation: create_escrow}, fault: {lost_response: bad_gateway}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy, http2(proxy) as client:
        assert client.post("/v1/payments/escrows", json={"payer": "a", "payee": "b", "amount": "1"}).status_code == 502
        assert client.get("/v1/pricing").status_code == 200
        assert [event.status for event in proxy.exchanges] == [502, 200]


async def crash(_fault: Noop, _wire: Wire, _draw: Draw) -> Played:
    """A defect of ours."""
    raise KeyError("boom")


@pytest.mark.engine_error("Addon error: 'boom'")
@pytest.mark.parametrize("at", ["before", "after"])
def test_a_fault_that_raises_is_our_error_and_the_call_goes_on(
    tmp_path: Path, ca: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """The journal says where; the agent is served, and so is the next one."""
    monkeypatch.setattr(Noop, "play", crash)
    rules = f"[{{name: broken, when: {{calls: 1}}, fault: {{noop: {{at: {at}}}}}}}]"
    with live_proxy(tmp_path, ca, rules=rules, crashes=True) as proxy:
        assert [create(proxy).status for _ in range(2)] == [201, 201]
        assert escrows(proxy) == 2
        (error,) = proxy.errors
        assert played(proxy) == [("broken", False, "")]
        assert [event.delivered for event in proxy.exchanges] == [True, True]
    assert error.startswith("Addon error: 'boom' (KeyError: 'boom') at ")
    assert "test_inject.py:" in error


def test_an_answer_that_ended_the_exchange_is_not_shaped(tmp_path: Path, ca: Path) -> None:
    """The agent gets it at once, and the journal says that the shaping was selected and not played."""
    rules = "[{fault: {status: 503}}, {name: slow, fault: {drip: {chunk: 1, gap: 60s}}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy, tunnel(proxy.address, proxy.bundle) as client:
        assert exchange(client, "GET", "/v1/pricing").status == 503
        (event,) = proxy.exchanges
    assert (event.status, event.client_aborted) == (503, False)
    assert [(i.fault, i.delivered, i.detail) for i in event.injections] == [
        ("status", True, "answered 503"),
        ("drip", False, "not played: status-1 had ended the exchange"),
    ]
