import json

import pytest

from proxy_addons.calls.llm import anthropic, openai
from proxy_addons.exchange import JSON, Request

CHAT: JSON = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def ask(path: str, body: JSON = CHAT, *headers: tuple[str, str], method: str = "POST") -> Request:
    """A request with this body."""
    return Request(method, "https", "llm.example", 443, path, headers=headers, body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v1/chat/completions", "chat.completions"),
        ("/v1/responses", "responses"),
        ("/v1/embeddings", "embeddings"),
        ("/v1/completions", "completions"),
        ("/api/v1/chat/completions", "chat.completions"),
        ("/openai/deployments/gpt/chat/completions", "chat.completions"),
        ("/openai/v1/responses", "responses"),
        ("/v1/chat/completions/", "chat.completions"),
        ("/v1/responses/resp_1", None),
        ("/chat/completions", None),
        ("/v1/messages", None),
        ("/survey/responses", None),
    ],
)
def test_openai_by_path(path: str, operation: str | None) -> None:
    """Whoever serves it."""
    found = openai(ask(path))

    assert (found[0].operation if found else None) == operation


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v1/messages", "messages"),
        ("/v1/messages/count_tokens", "messages.count_tokens"),
        ("/anthropic/v1/messages", "messages"),
        ("/v1/messages/m-1", None),
        ("/v1/chat/completions", None),
    ],
)
def test_anthropic_by_path(path: str, operation: str | None) -> None:
    """Whoever serves it."""
    found = anthropic(ask(path))

    assert (found[0].operation if found else None) == operation


@pytest.mark.parametrize("body", [None, {}, {"model": 7}, [], {"text": "hello"}])
def test_without_a_model_it_may_be_anybodys(body: JSON) -> None:
    """`POST /v1/messages` is a path that other APIs have too; Anthropic's own header settles it."""
    assert openai(ask("/v1/responses", body)) is None
    assert anthropic(ask("/v1/messages", body)) is None
    assert anthropic(ask("/v1/messages", body, ("anthropic-version", "2023-06-01"))) is not None


def test_another_method_is_another_call() -> None:
    """A list of what was said, say."""
    assert openai(ask("/v1/responses", method="GET")) is None


def test_a_completion_is_safe() -> None:
    """It moves no money that a second one would move twice."""
    found = openai(ask("/v1/chat/completions"))

    assert found is not None
    assert found[0].safe
    assert found[0].input == CHAT


def test_a_retry_of_the_sdk_has_its_first_trys_digest() -> None:
    """The SDK counts in a header."""
    tries = [openai(ask("/v1/responses", CHAT, ("x-stainless-retry-count", str(count)))) for count in range(3)]

    assert len({found[0].digest for found in tries if found}) == 1


def test_the_ids_of_tool_calls_do_not_change_the_fingerprint() -> None:
    """A model makes new ones in every run."""
    bodies: list[JSON] = [
        {"model": "m", "messages": [{"role": "tool", "tool_call_id": call, "content": "4"}]}
        for call in ("call_a1B2c3D4e5F6g7H8", "call_Z9y8X7w6V5u4T3s2")
    ]

    assert len({found[0].fingerprint for body in bodies if (found := openai(ask("/v1/chat/completions", body)))}) == 1
