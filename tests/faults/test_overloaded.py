import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy_addons.exchange import JSON, Request
from proxy_addons.faults.overloaded import Overloaded
from proxy_addons.sse import Splitter
from tests.support.fake_wire import FakeWire, play
from tests.support.live import live_proxy
from tests.support.sockets import exchange, tunnel
from tests.support.streams import STREAMS
from tests.support.upstream import upstream

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"


def wire(path: str = CHAT, body: JSON = None) -> FakeWire:
    """A wire on which a model was asked."""
    data = json.dumps({"model": "m"} if body is None else body).encode()
    return FakeWire(Request("POST", "https", "llm.example", 443, path, body=data))


async def told(settings: dict[str, object], on: FakeWire) -> tuple[int, dict[str, str], dict[str, JSON]]:
    """What the agent is told: status, headers and content."""
    played = await play(Overloaded.model_validate(settings), on)
    assert (played.delivered, played.ends) == (True, True)
    assert on.answer is not None
    assert isinstance(on.answer.json, dict)
    return on.answer.status, dict(on.answer.headers), on.answer.json


@pytest.mark.parametrize(
    ("path", "settings", "status", "kind"),
    [
        (CHAT, {}, 503, "server_error"),
        (RESPONSES, {"status": 529}, 503, "server_error"),
        (CHAT, {"status": 429}, 429, "requests"),
        (MESSAGES, {}, 529, "overloaded_error"),
        (MESSAGES, {"status": 429}, 429, "rate_limit_error"),
        (MESSAGES, {"status": 503}, 503, "api_error"),
        (MESSAGES, {"shape": "openai"}, 503, "server_error"),
        ("/orders", {"shape": "anthropic"}, 529, "overloaded_error"),
    ],
)
async def test_in_the_words_of_the_provider(path: str, settings: dict[str, object], status: int, kind: str) -> None:
    """Those of the call, unless a shape is named."""
    found = await told(settings, wire(path))
    error = found[2]["error"]

    assert isinstance(error, dict)
    assert (found[0], error["type"], found[1]["content-type"]) == (status, kind, "application/json")


async def test_anthropics_error_names_the_request() -> None:
    """In the head as in the body, and the same in every run."""
    first, again = await told({}, wire(MESSAGES)), await told({}, wire(MESSAGES))

    assert first[1]["request-id"] == first[2]["request_id"] == again[2]["request_id"]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (CHAT, {"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"}),
        (MESSAGES, {"anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining"}),
    ],
)
async def test_a_rate_limit_says_what_is_left(path: str, names: set[str]) -> None:
    """Nothing."""
    found = await told({"status": 429}, wire(path))

    assert names <= found[1].keys()


async def test_when_to_try_again() -> None:
    """In seconds, rounded up, and in milliseconds when that is asked."""
    settings = {"status": 429, "retry_after": "1500ms", "precise": True, "should_retry": False}
    _, headers, _ = await told(settings, wire())

    assert (headers["retry-after"], headers["retry-after-ms"], headers["x-should-retry"]) == ("2", "1500", "false")
    assert headers["x-ratelimit-reset-requests"] == "1.5s"
    assert "retry-after-ms" not in (await told({"retry_after": "1s"}, wire()))[1]


@pytest.mark.parametrize(
    ("path", "events", "last"),
    [
        (CHAT, 2, b'data: {"error": {"message": "The engine is currently overloaded'),
        (RESPONSES, 1, b'data: {"error": {"message": "The engine is currently overloaded'),
        (MESSAGES, 2, b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error"'),
    ],
)
async def test_within_a_stream(path: str, events: int, last: bytes) -> None:
    """A 200 that begins as always."""
    on = wire(path)
    await play(Overloaded(in_stream=True), on)

    assert on.answer is not None
    assert (on.answer.status, on.answer.header("content-type")) == (200, "text/event-stream")
    found = [block.raw for block in Splitter().feed(on.answer.body) if block.counts]
    assert len(found) == events
    assert found[-1].startswith(last)


async def test_another_call_is_left_alone_and_it_is_said() -> None:
    """No provider's words would fit."""
    on = wire("/orders")
    played = await play(Overloaded(), on)

    assert (played.delivered, played.ends, on.done) == (False, False, [])
    assert "no call of a language model" in played.detail


@pytest.mark.parametrize(
    "settings",
    [
        {"shape": "openai", "status": 529},
        {"precise": True},
        {"in_stream": True, "retry_after": "1s"},
        {"in_stream": True, "should_retry": True},
        {"status": 500},
    ],
)
def test_settings_that_contradict_each_other(settings: dict[str, object]) -> None:
    """They are refused."""
    with pytest.raises(ValidationError):
        Overloaded.model_validate(settings)


def test_it_says_what_it_does() -> None:
    """In a sentence."""
    told = Overloaded(status=429, retry_after="2s").describe()
    assert told == "the model's provider is overloaded (429), to be tried again after 2s"


@pytest.mark.parametrize(("at", "asked"), [("before", 0), ("after", 1)])
def test_on_the_wire(tmp_path: Path, ca: Path, at: str, asked: int) -> None:
    """Before, the provider is never asked; after, it did its work."""
    rules = f"[{{match: {{protocol: anthropic}}, fault: {{overloaded: {{at: {at}, retry_after: 3s}}}}}}]"
    with upstream() as origin:
        with (
            live_proxy(tmp_path, ca, rules=rules, maps=[f"{STREAMS}={origin.url}"]) as proxy,
            tunnel(proxy.address, proxy.bundle, STREAMS) as client,
        ):
            seen = exchange(client, "POST", MESSAGES, {"model": "m"})
            assert (seen.status, json.loads(seen.body)["error"]["type"]) == (529, "overloaded_error")
        (event,) = proxy.exchanges
    assert len(origin.asked) == asked
    assert (event.protocol, event.calls[0].operation, event.retry_after) == ("anthropic", "messages", 3)
