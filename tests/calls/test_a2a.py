import json

import pytest

from proxy_addons.calls.a2a import METHODS, calls
from proxy_addons.exchange import JSON, Call, Request

VERSION = ("a2a-version", "1.0")


def ask(method: str, path: str, body: JSON = None, *headers: tuple[str, str]) -> list[Call] | None:
    """The calls of a request."""
    data = b"" if body is None else json.dumps(body).encode()
    return calls(Request(method, "https", "agent.example", 443, path, headers=headers, body=data))


def rpc(method: str, params: JSON = None, *headers: tuple[str, str], identity: int = 1) -> list[Call] | None:
    """The calls of a JSON-RPC request."""
    return ask("POST", "/", {"jsonrpc": "2.0", "id": identity, "method": method, "params": params}, *headers)


def sent(text: str, message_id: str, **more: JSON) -> JSON:
    """The parameters of a sent message."""
    return {"message": {"role": "user", "messageId": message_id, "parts": [{"text": text}], **more}}


@pytest.mark.parametrize(
    ("method", "safe"),
    [
        ("message/send", False),
        ("message/stream", False),
        ("tasks/get", True),
        ("tasks/cancel", False),
        ("tasks/resubscribe", True),
        ("SendMessage", False),
        ("SendStreamingMessage", False),
        ("GetTask", True),
        ("ListTasks", True),
        ("CancelTask", False),
        ("SubscribeToTask", True),
    ],
)
def test_a_method_is_the_operation(method: str, *, safe: bool) -> None:
    """Of 0.3 and of 1.0, with or without the header."""
    for headers in ((), (VERSION,)):
        found = rpc(method, {"id": "t-1"}, *headers)
        assert found is not None
        assert [(call.operation, call.safe, call.input) for call in found] == [(method, safe, {"id": "t-1"})]


def test_the_header_makes_any_method_a2a() -> None:
    """An extension's method, say."""
    found = rpc("traces/get", {}, VERSION)

    assert found is not None
    assert found[0].operation == "traces/get"


@pytest.mark.parametrize(
    ("method", "path", "headers", "operation"),
    [
        ("POST", "/message:send", (), "SendMessage"),
        ("POST", "/v1/message:send", (), "SendMessage"),
        ("POST", "/tenants/x/message:stream", (), "SendStreamingMessage"),
        ("POST", "/tasks/t-1:cancel", (), "CancelTask"),
        ("GET", "/tasks/t-1:subscribe", (), "SubscribeToTask"),
        ("POST", "/tasks/t-1:subscribe", (), "SubscribeToTask"),
        ("GET", "/tasks/t-1", (VERSION,), "GetTask"),
        ("GET", "/tasks", (VERSION,), "ListTasks"),
        ("GET", "/tasks/t-1", (), None),
        ("GET", "/message:send", (), None),
        ("GET", "/tasks/t-1:cancel", (), None),
        ("POST", "/tasks", (VERSION,), None),
        ("POST", "/message:sent", (), None),
    ],
)
def test_rest_calls(method: str, path: str, headers: tuple[tuple[str, str], ...], operation: str | None) -> None:
    """They go by the 1.0 method they stand for; `GET /tasks/{id}` may be anybody's without the header."""
    found = ask(method, path, None, *headers)

    assert (found[0].operation if found else None) == operation


def test_the_task_of_a_rest_call_is_part_of_its_input() -> None:
    """Two tasks are two intents."""
    found = ask("POST", "/tasks/t-1:cancel")

    assert found is not None
    assert found[0].input == {"id": "t-1"}


def test_the_message_id_is_the_key_and_no_part_of_the_hashes() -> None:
    """By it the receiver knows a retry; one that makes a new id for each try is caught all the same."""
    found = [rpc("message/send", sent("pay", identity), identity=place) for place, identity in enumerate("ab")]

    (first, second) = [calls[0] for calls in found if calls]
    assert (first.key, second.key) == ("a", "b")
    assert first.digest == second.digest
    assert first.input == sent("pay", "a")


def test_another_text_or_task_is_another_intent() -> None:
    """Only the message's own id is left out."""
    bodies = [sent("pay", "m"), sent("stay", "m"), sent("pay", "m", taskId="t-1"), sent("pay", "m", taskId="t-2")]

    assert len({found[0].digest for body in bodies if (found := rpc("SendMessage", body))}) == len(bodies)


@pytest.mark.parametrize("params", [None, [], {"message": None}, {"message": {"messageId": 7}}, {"message": []}])
def test_a_broken_message_has_no_key(params: JSON) -> None:
    """And is named all the same."""
    found = rpc("SendMessage", params)

    assert found is not None
    assert (found[0].operation, found[0].key) == ("SendMessage", None)


def test_what_mcp_asks_is_not_a2a() -> None:
    """No method of its own is known here."""
    assert rpc("tools/call", {"name": "a"}) is None
    assert not METHODS & {"tools/call", "initialize", "ping"}
