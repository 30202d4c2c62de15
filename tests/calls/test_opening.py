from proxy_addons.calls.opening import CONNECT, opening
from proxy_addons.tally import MemoryTally


def test_an_opening_is_a_safe_call_without_a_number() -> None:
    """It gets one when it is journaled."""
    exchange = opening(MemoryTally(), "buyer", "api.example.com", 443, now=1.0)
    (call,) = exchange.calls
    assert (exchange.number, exchange.agent, exchange.protocol, exchange.started_at) == (0, "buyer", CONNECT, 1.0)
    assert (exchange.request.method, exchange.request.host, exchange.request.port) == (
        "CONNECT",
        "api.example.com",
        443,
    )
    assert (call.operation, call.safe, call.input) == (CONNECT, True, {"host": "api.example.com", "port": 443})
    assert not exchange.mutating


def test_openings_count_by_agent_and_host() -> None:
    """The ordinal that draws use counts to one host, the ordinal that people write to all of them."""
    tally = MemoryTally()
    made = [opening(tally, agent, host, 443, now=1.0).calls[0] for agent, host in ("ax", "ay", "ax", "bx")]
    assert [(call.ordinal, call.nth) for call in made] == [(1, 1), (1, 2), (2, 3), (1, 1)]


def test_an_opening_after_a_failed_one_is_another_attempt() -> None:
    """To the same host."""
    tally = MemoryTally()
    opening(tally, "a", "x", 443, now=1.0)
    tally.end_attempt("a", CONNECT, "x", succeeded=False, now=1.0)
    assert opening(tally, "a", "y", 443, now=2.0).calls[0].attempt == 1
    assert opening(tally, "a", "x", 443, now=2.0).calls[0].attempt == 2
