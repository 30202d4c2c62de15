import json
from pathlib import Path

import pytest

from proxy_addons.exchange import JSON, Answer, Request
from proxy_addons.faults.tool_error import ToolError
from tests.support.fake_wire import FakeWire, play
from tests.support.live import live_proxy
from tests.support.sockets import exchange, tunnel
from tests.support.streams import STREAMS
from tests.support.upstream import upstream

CALL: JSON = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "pay", "arguments": {}}}
LIST: JSON = {"jsonrpc": "2.0", "id": "a", "method": "tools/list"}
SEND: JSON = {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": {"messageId": "m"}}}
FAILED: JSON = {"content": [{"type": "text", "text": "the tool failed"}], "isError": True}


def wire(body: JSON, *headers: tuple[str, str], path: str = "/mcp", answer: Answer | None = None) -> FakeWire:
    """A wire on which this was asked."""
    data = b"" if body is None else json.dumps(body).encode()
    return FakeWire(Request("POST", "https", "tools.example", 443, path, headers=headers, body=data), answer)


async def told(fault: ToolError, on: FakeWire) -> tuple[int, str | None, JSON]:
    """What the agent is told: status, content type and content."""
    played = await play(fault, on)
    assert (played.delivered, played.ends) == (True, True)
    assert on.answer is not None
    return on.answer.status, on.answer.header("content-type"), on.answer.json


async def test_a_tool_says_in_a_result_that_it_failed() -> None:
    """In a 200, to the id that was asked."""
    answer = await told(ToolError(), wire(CALL))

    assert answer == (200, "application/json", {"jsonrpc": "2.0", "id": 7, "result": FAILED})


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (("mcp-protocol-version", "2026-07-28"), True),
        (("mcp-protocol-version", "2025-11-25"), False),
        (("mcp-method", "tools/call"), True),
    ],
)
async def test_a_result_says_what_it_is_where_that_is_asked(header: tuple[str, str], *, told: bool) -> None:
    """Clients of 2026-07-28 refuse one that does not."""
    on = wire(CALL, header)
    await play(ToolError(), on)

    assert on.answer is not None
    assert (b'"resultType": "complete"' in on.answer.body) is told


async def test_a_code_makes_it_an_error_of_the_protocol() -> None:
    """With what belongs to it."""
    fault = ToolError(code=-32001, message="gone", data={"task": 1}, status=404)
    answer = await told(fault, wire(CALL))

    error = {"code": -32001, "message": "gone", "data": {"task": 1}}
    assert answer == (404, "application/json", {"jsonrpc": "2.0", "id": 7, "error": error})


@pytest.mark.parametrize("asked", [LIST, SEND])
async def test_what_is_no_tool_gets_an_error(asked: dict[str, JSON]) -> None:
    """There is no result that could say it."""
    answer = await told(ToolError(), wire(asked))

    error = {"code": -32603, "message": "the tool failed"}
    assert answer[2] == {"jsonrpc": "2.0", "id": asked["id"], "error": error}


async def test_structured_content_of_a_result() -> None:
    """An object belongs to it, other data does not."""
    answer = await told(ToolError(data={"a": 1}), wire(CALL))
    other = await told(ToolError(data="text"), wire(CALL))

    assert answer[2] == {"jsonrpc": "2.0", "id": 7, "result": {"structuredContent": {"a": 1}} | dict(FAILED)}  # type: ignore[arg-type]
    assert other[2] == {"jsonrpc": "2.0", "id": 7, "result": FAILED}


async def test_a_batch_is_answered_as_one() -> None:
    """Whatever asks for nothing gets no answer."""
    answer = await told(ToolError(), wire([CALL, {"jsonrpc": "2.0", "method": "notifications/x"}, LIST]))

    assert isinstance(answer[2], list)
    assert [entry["id"] for entry in answer[2] if isinstance(entry, dict)] == [7, "a"]


@pytest.mark.parametrize(
    ("body", "headers", "answer"),
    [
        (CALL, (("accept", "text/event-stream"),), None),
        (CALL, (), Answer(200, (("content-type", "text/event-stream"),))),
        (SEND | {"method": "message/stream"}, (), None),  # type: ignore[operator]
    ],
)
async def test_as_an_event_where_that_is_awaited(
    body: JSON, headers: tuple[tuple[str, str], ...], answer: Answer | None
) -> None:
    """By what is accepted, by what the provider answered, or by the method."""
    on = wire(body, *headers, answer=answer)
    await play(ToolError(code=-32004), on)

    assert on.answer is not None
    assert on.answer.header("content-type") == "text/event-stream"
    assert on.answer.body.startswith(b'event: message\ndata: {"jsonrpc": "2.0", "id": ')
    assert on.answer.body.endswith(b"\n\n")


async def test_json_where_both_are_accepted() -> None:
    """As MCP's clients do."""
    answer = await told(ToolError(), wire(CALL, ("accept", "application/json, text/event-stream")))

    assert answer[1] == "application/json"


async def test_after_the_session_goes_on() -> None:
    """Its id was in the answer that nobody gets to see."""
    real = Answer(200, (("content-type", "application/json"), ("mcp-session-id", "s-1"), ("x-other", "y")))
    on = wire(LIST, answer=real)
    await play(ToolError.model_validate({"at": "after"}), on)

    assert on.answer is not None
    assert (on.answer.header("mcp-session-id"), on.answer.header("x-other")) == ("s-1", None)


@pytest.mark.parametrize(("code", "status", "reason"), [(-32001, 404, "TASK_NOT_FOUND"), (None, 500, "INTERNAL")])
async def test_a2a_over_rest(code: int | None, status: int, reason: str) -> None:
    """An HTTP status and a google.rpc.Status."""
    on = wire({"message": {}}, path="/message:send")
    answer = await told(ToolError(code=code), on)

    assert answer[0] == status
    assert isinstance(answer[2], dict)
    assert reason in json.dumps(answer[2]["error"])


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (None, "no JSON-RPC call"),
        ({"tool": "pay"}, "no JSON-RPC call"),
        ({"jsonrpc": "2.0", "method": "notifications/initialized"}, "gets no answer"),
        ({"jsonrpc": "2.0", "id": 1, "result": {}}, "gets no answer"),
    ],
)
async def test_what_no_tool_answers_is_left_alone(body: JSON, why: str) -> None:
    """And it is said."""
    on = wire(body)
    played = await play(ToolError(), on)

    assert (played.delivered, played.ends, on.done) == (False, False, [])
    assert why in played.detail


def test_it_says_what_it_does() -> None:
    """In a sentence."""
    assert ToolError().describe() == (
        "the agent is told that the tool failed (`isError: true`), instead of asking the provider"
    )


@pytest.mark.parametrize(("at", "asked"), [("before", 0), ("after", 1)])
def test_on_the_wire(tmp_path: Path, ca: Path, at: str, asked: int) -> None:
    """Before, the provider is never asked; after, it did its work."""
    rules = f"[{{match: {{protocol: mcp, operation: pay}}, fault: {{tool_error: {{at: {at}}}}}}}]"
    with upstream() as origin:
        with (
            live_proxy(tmp_path, ca, rules=rules, maps=[f"{STREAMS}={origin.url}"]) as proxy,
            tunnel(proxy.address, proxy.bundle, STREAMS) as client,
        ):
            seen = exchange(client, "POST", "/mcp", CALL)
            assert (seen.status, json.loads(seen.body)["result"]) == (200, FAILED)
        (event,) = proxy.exchanges
    assert len(origin.asked) == asked
    assert [(i.delivered, i.detail) for i in event.injections] == [
        (True, "answered a result that is an error in a 200")
    ]
    assert (event.calls[0].operation, event.reached_upstream) == ("pay", at == "after")
