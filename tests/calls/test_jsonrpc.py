import json

import pytest

from proxy_addons.calls.jsonrpc import BATCH_LIMIT, RESPONSE, UNNAMED, calls, clean, messages
from proxy_addons.exchange import JSON, Call, Request


def post(body: JSON, *headers: tuple[str, str]) -> Request:
    """A request with this body."""
    return Request("POST", "https", "node.example", 443, "/rpc", headers=headers, body=json.dumps(body).encode())


def named(body: JSON, *headers: tuple[str, str]) -> list[Call]:
    """Its calls, which there must be."""
    found = calls(post(body, *headers))
    assert found is not None
    return found


def test_a_method_that_no_protocol_knows_is_the_operation() -> None:
    """With its parameters as they are, lists too."""
    (call,) = named({"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": ["0x0", "latest"]})

    assert (call.operation, call.input, call.safe) == ("eth_call", ["0x0", "latest"], False)


@pytest.mark.parametrize(("method", "safe"), [("get_block", True), ("eth_sendTransaction", False)])
def test_a_method_that_reads_is_safe(method: str, *, safe: bool) -> None:
    """By its name, as everywhere."""
    (call,) = named({"jsonrpc": "2.0", "id": 1, "method": method})

    assert call.safe is safe


def test_a_batch_is_a_call_a_message() -> None:
    """Each has a key of its own, made of the request's."""
    found = named(
        [{"jsonrpc": "2.0", "id": 1, "method": "a"}, {"jsonrpc": "2.0", "id": 2, "method": "b"}, 7],
        ("idempotency-key", "k"),
    )

    assert [(call.operation, call.key) for call in found] == [("a", "k#0"), ("b", "k#1"), (UNNAMED, "k#2")]


def test_a_batch_without_end_is_one_call() -> None:
    """What nobody would take is not taken apart."""
    (call,) = named([{"jsonrpc": "2.0", "id": 1, "method": "a"}] * (BATCH_LIMIT + 1))

    assert (call.operation, call.safe) == ("batch", False)


def test_the_answer_to_a_server_is_a_response() -> None:
    """It asks for nothing."""
    (call,) = named({"jsonrpc": "2.0", "id": 1, "result": {}})

    assert (call.operation, call.safe) == (RESPONSE, True)


def test_a_notification_asks_for_no_answer() -> None:
    """It has no id."""
    asks = messages([{"jsonrpc": "2.0", "method": "a"}, {"jsonrpc": "2.0", "method": "a", "id": 0}])

    assert [message.asks for message in asks] == [False, True]


@pytest.mark.parametrize("body", [None, {}, [], {"jsonrpc": "1.0", "method": "a"}, {"method": "a"}, "2.0"])
def test_other_bodies_are_somebody_elses(body: JSON) -> None:
    """JSON-RPC 2.0 says so in each message."""
    assert calls(post(body)) is None


@pytest.mark.parametrize(
    ("written", "operation"),
    [("tools/list", "tools/list"), ("a b", UNNAMED), ("", UNNAMED), (None, UNNAMED), ("x" * 129, UNNAMED)],
)
def test_what_is_no_name_is_unnamed(written: JSON, operation: str) -> None:
    """An operation is a label of metrics."""
    assert clean(written) == operation
