import base64
import json

import pytest

from proxy_addons.calls.mcp import END_SESSION, LISTEN, METHODS, calls, decoded
from proxy_addons.exchange import JSON, Call, Request

NEW = ("mcp-protocol-version", "2026-07-28")


def ask(body: JSON, *headers: tuple[str, str], method: str = "POST") -> list[Call] | None:
    """The calls of a request."""
    data = b"" if body is None else json.dumps(body).encode()
    return calls(Request(method, "https", "tools.example", 443, "/mcp", headers=headers, body=data))


def one(body: JSON, *headers: tuple[str, str], method: str = "POST") -> Call:
    """The one call of a request."""
    found = ask(body, *headers, method=method)
    assert found is not None
    (call,) = found
    return call


def rpc(method: str, identity: JSON = 1, **params: JSON) -> JSON:
    """A JSON-RPC request."""
    return {"jsonrpc": "2.0", "id": identity, "method": method, "params": params}


def tool(name: JSON, arguments: JSON = None, identity: JSON = 1, **more: JSON) -> JSON:
    """A tool's call."""
    return rpc("tools/call", identity, name=name, arguments=arguments, **more)


def b64(text: str) -> str:
    """A header value in base64."""
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


@pytest.mark.parametrize(
    ("body", "operation", "value", "safe"),
    [
        (tool("create_escrow", {"amount": "25.00"}), "create_escrow", {"amount": "25.00"}, False),
        (tool("get_balance"), "get_balance", {}, True),
        (tool("a b\n"), "unnamed", {}, False),
        (tool(None), "unnamed", {}, False),
        (rpc("initialize", protocolVersion="2025-11-25"), "initialize", {"protocolVersion": "2025-11-25"}, True),
        (rpc("tools/list", _meta={"traceparent": "x"}), "tools/list", {}, True),
        (rpc("resources/read", uri="file:///a"), "resources/read", {"uri": "file:///a"}, True),
        (rpc("server/discover"), "server/discover", {}, True),
        ({"jsonrpc": "2.0", "method": "notifications/initialized"}, "notifications/initialized", {}, True),
    ],
)
def test_old_clients_say_it_in_the_body(body: JSON, operation: str, value: JSON, *, safe: bool) -> None:
    """The tool for a tool's call, the method for every other."""
    call = one(body)

    assert (call.operation, call.input, call.safe) == (operation, value, safe)


def test_every_method_is_named() -> None:
    """None is taken for somebody else's."""
    assert {one(rpc(method, name="get_x")).operation for method in METHODS} == METHODS - {"tools/call"} | {"get_x"}


@pytest.mark.parametrize("name", ["create_escrow", b64("create_escrow"), "other_tool", "=?base64?!?="])
def test_the_body_is_the_truth(name: str) -> None:
    """Whatever the headers of 2026-07-28 say beside it."""
    call = one(tool("create_escrow"), NEW, ("mcp-method", "tools/call"), ("mcp-name", name))

    assert call.operation == "create_escrow"


@pytest.mark.parametrize(
    ("method", "name", "operation", "safe"),
    [
        ("tools/call", "create_escrow", "create_escrow", False),
        ("tools/call", b64("get_balance"), "get_balance", True),
        ("tools/call", b64("größe"), "unnamed", False),
        ("resources/read", "file:///a", "resources/read", True),
        ("", "", "unnamed", True),
    ],
)
def test_headers_name_a_call_whose_body_cannot_be_read(method: str, name: str, operation: str, *, safe: bool) -> None:
    """A body that is encrypted, or broken."""
    call = one(None, ("mcp-method", method), ("mcp-name", name))

    assert (call.operation, call.safe) == (operation, safe)


@pytest.mark.parametrize(
    ("value", "plain"),
    [("a", "a"), (b64("ä b"), "ä b"), ("=?base64?????=", "=?base64?????="), ("=?base64?/w==?=", "=?base64?/w==?=")],
)
def test_decoded_header_values(value: str, plain: str) -> None:
    """What cannot be decoded stays as it is."""
    assert decoded(value) == plain


def test_a_retry_has_a_new_id_and_the_same_digest() -> None:
    """So has one with another trace."""
    first = one(tool("pay", {"amount": "1"}, 1))
    again = one(tool("pay", {"amount": "1"}, "b-2", _meta={"traceparent": "00-1", "progressToken": 2}))

    assert (first.digest, first.fingerprint) == (again.digest, again.fingerprint)


def test_other_arguments_are_another_intent() -> None:
    """Only what changes with every try is left out."""
    assert one(tool("pay", {"amount": "1"})).digest != one(tool("pay", {"amount": "2"})).digest


@pytest.mark.parametrize("step", ["inputResponses", "requestState"])
def test_a_further_step_is_no_retry(step: str) -> None:
    """It answers what the server asked in between."""
    more: dict[str, JSON] = {step: ["yes"]}
    first, second = one(tool("pay", {"amount": "1"})), one(tool("pay", {"amount": "1"}, 2, **more))

    assert first.digest != second.digest
    assert second.input == {"amount": "1"}


def test_the_key_lies_in_header_or_arguments() -> None:
    """As for every other protocol."""
    assert one(tool("pay", {"idempotency_key": "k-1"})).key == "k-1"
    assert one(tool("pay", {"idempotency_key": "k-1"}), ("idempotency-key", "k-2")).key == "k-2"


def test_a_batch_is_several_calls() -> None:
    """As 2025-03-26 allows."""
    found = ask([tool("pay", {}, 1), tool("get_balance", {}, 2), {"jsonrpc": "2.0", "id": 9, "result": {}}])

    assert found is not None
    assert [call.operation for call in found] == ["pay", "get_balance", "response"]


@pytest.mark.parametrize(("method", "operation"), [("GET", LISTEN), ("DELETE", END_SESSION)])
def test_a_session_without_a_body(method: str, operation: str) -> None:
    """The stream that the server speaks on, and the end."""
    call = one(None, ("mcp-session-id", "s-1"), method=method)

    assert (call.operation, call.safe) == (operation, True)


@pytest.mark.parametrize(
    ("body", "headers", "method"),
    [
        (rpc("message/send"), (), "POST"),
        (rpc("tasks/get", id="t"), (), "POST"),
        (rpc("eth_call"), (), "POST"),
        (rpc("ping"), (("a2a-version", "1.0"),), "POST"),
        ({"tool": "deposit"}, (), "POST"),
        (None, (), "GET"),
        (None, (("mcp-session-id", "s-1"),), "OPTIONS"),
        (None, (("mcp-session-id", "s-1"),), "POST"),
    ],
)
def test_what_is_not_mcp(body: JSON, headers: tuple[tuple[str, str], ...], method: str) -> None:
    """Another protocol's header or method decides before a bare JSON-RPC body."""
    assert ask(body, *headers, method=method) is None


def test_its_own_header_decides_over_a2as_methods() -> None:
    """MCP 2025-11-25 has tasks too."""
    assert one(rpc("tasks/get", taskId="t"), ("mcp-session-id", "s-1")).operation == "tasks/get"
    assert one(rpc("tasks/cancel", taskId="t"), NEW).safe is False
