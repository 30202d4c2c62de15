import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.calls.greenhelix import ROUTES
from proxy_addons.calls.naming import NAMERS, name
from proxy_addons.exchange import JSON, Request


@pytest.mark.parametrize(
    ("method", "host", "path", "body", "protocol", "operations"),
    [
        ("POST", "localhost", "/v1", {"tool": "deposit", "input": {}}, "greenhelix", ["deposit"]),
        ("GET", "localhost", "/v1/payments/escrows", None, "greenhelix", ["list_escrows"]),
        ("GET", "api.greenhelix.net", "/v1/health", None, "greenhelix", ["GET /v1/health"]),
        ("POST", "localhost", "/v1/batch", {"calls": [{"tool": "a"}, {"tool": "b"}]}, "greenhelix", ["a", "b"]),
        ("GET", "localhost", "/orders/42", None, "rest", ["GET /orders/{id}"]),
        ("POST", "localhost", "/tools", {"tool": "deposit"}, "rest", ["POST /tools"]),
        ("POST", "localhost", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "ping"}, "mcp", ["ping"]),
        ("POST", "localhost", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tasks/get"}, "a2a", ["tasks/get"]),
        ("POST", "localhost", "/v1", {"jsonrpc": "2.0", "id": 1, "method": "eth_call"}, "jsonrpc", ["eth_call"]),
        ("POST", "localhost", "/message:send", {"message": {}}, "a2a", ["SendMessage"]),
        ("POST", "localhost", "/v1/chat/completions", {"model": "m"}, "openai", ["chat.completions"]),
        ("POST", "localhost", "/v1/messages", {"model": "m"}, "anthropic", ["messages"]),
    ],
)
def test_the_order_of_detection(
    method: str, host: str, path: str, body: JSON, protocol: str, operations: list[str]
) -> None:
    """What no namer knows is REST."""
    found = name(Request(method, "https", host, 443, path, body=b"" if body is None else json.dumps(body).encode()))

    assert (found.protocol, [call.operation for call in found.calls]) == (protocol, operations)


def test_the_namers_are_named_once() -> None:
    """A protocol is a label of metrics."""
    assert len({protocol for protocol, _ in NAMERS} | {"rest"}) == len(NAMERS) + 1


TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
PATHS = st.one_of(
    TEXT,
    st.lists(TEXT, max_size=12).map("/".join),
    st.sampled_from(
        ["/v1", "/v1/v1", "/v1/batch", "/v1/execute", "/execute", "/v1/deposit", "/v1/v1/deposit", "*", ""]
    ),
    st.sampled_from([template for _, template, _ in ROUTES]),
    st.sampled_from(["/mcp", "/message:send", "/tasks/t-1:cancel", "/tasks", "/v1/chat/completions", "/v1/messages"]),
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
NAMES = (
    st.sampled_from(["tool", "input", "params", "calls", "idempotency_key", "jsonrpc", "id"])
    | st.sampled_from(["method", "name", "arguments", "message", "messageId", "_meta", "requestState", "model"])
    | st.text()
)
METHODS = st.sampled_from(
    ["tools/call", "ping", "message/send", "SendMessage", "CancelTask", "notifications/x", "eth_call"]
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=20)
MESSAGES = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0")},
    optional={"id": SCALARS, "method": METHODS | SCALARS, "params": VALUES, "result": VALUES},
)
BODIES = st.one_of(
    st.binary(),
    (MESSAGES | st.lists(MESSAGES | VALUES)).map(lambda value: json.dumps(value).encode()),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [b"[" * 100_000, b"[" * 5000 + b"]" * 5000, b"1" * 5000, b"1e999", b'"\xff"', b'"\\ud800"', b"NaN"]
    ),
    st.sampled_from([b'{"tool":"a","input":' + b'{"a":' * 2000 + b"1" + b"}" * 2000 + b"}"]),
)
HEADER_NAMES = st.sampled_from(
    ["content-type", "idempotency-key", "authorization", "mcp-method", "mcp-name", "a2a-version", "anthropic-version"]
)
HEADERS = st.tuples(
    HEADER_NAMES | TEXT, TEXT | TEXT.map(lambda text: f"=?base64?{text}?=") | st.sampled_from(["tools/call", "1.0"])
)
KINDS = st.sampled_from(["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary="])


@given(
    method=st.sampled_from(["GET", "POST", "post", "OPTIONS", ""]) | TEXT,
    host=st.sampled_from(["sandbox.greenhelix.net", "localhost"]) | TEXT,
    path=PATHS,
    query=st.lists(st.tuples(TEXT, TEXT), max_size=3),
    headers=st.lists(HEADERS, max_size=3),
    kind=KINDS,
    body=BODIES,
)
def test_naming_never_raises(  # hypothesis passes them by name
    method: str,
    host: str,
    path: str,
    query: list[tuple[str, str]],
    headers: list[tuple[str, str]],
    kind: str,
    body: bytes,
) -> None:
    """Whatever an agent sends, and always with the same result."""
    asked = Request(method, "https", host, 443, path, tuple(query), (*headers, ("content-type", kind)), body)

    found = name(asked)
    assert found.calls
    assert all(len(call.fingerprint) == len(call.digest) == 32 and call.operation for call in found.calls)
    assert [call.digest for call in name(asked).calls] == [call.digest for call in found.calls]
