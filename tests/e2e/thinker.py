"""A model and a tool server that always work, and careful users of both."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

import httpx

from tests.e2e.buyer import GaveUpError
from tests.support.streams import respond
from tests.support.upstream import say

ENDS = {"/v1/chat/completions": "[DONE]", "/v1/messages": '{"type": "message_stop"}'}
"""Path of a model's API → the data of the event that ends its streams."""


def stream_model(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Answer like a model: three pieces of text, and the event that ends it."""
    pieces = [json.dumps({"text": piece}) for piece in ("one", "two", "three")]
    events = [f"data: {data}\n\n".encode() for data in (*pieces, ENDS[handler.path])]
    respond(*events)(handler, body)


def ask_model(asking: httpx.Client, path: str, question: str) -> list[str]:
    """One turn, and nothing but a whole one: it is asked for again when anything is wrong with the stream."""
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": question}]}
    for attempt in range(5):
        texts: list[str] = []
        with (
            suppress(httpx.HTTPError, ValueError),
            asking.stream("POST", path, json=body, headers={"anthropic-version": "2023-06-01"}) as answer,
        ):
            if answer.is_error:
                answer.read()
                answer.raise_for_status()
            for line in answer.iter_lines():
                if line == f"data: {ENDS[path]}":
                    return texts
                if line.startswith("data: "):
                    texts.append(json.loads(line.removeprefix("data: "))["text"])
        time.sleep(0.01 * 2**attempt)
    raise GaveUpError(question)


def answer_tool(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Answer like an MCP server whose tools always work."""
    asked = json.loads(body)
    result = {"content": [{"type": "text", "text": "sunny"}], "isError": False}
    say(body=json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode())(handler, body)


class ToolUser:
    """Calls tools over MCP, and tries again when one says that it failed. `failed` counts how it was said."""

    def __init__(self, asking: httpx.Client) -> None:
        self.failed: Counter[str] = Counter()
        self._asking = asking

    def ask(self, method: str, **params: object) -> str:
        """Ask until there is a result, four times at most; its text."""
        for number in range(4):
            message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            answer = self._asking.post("/mcp", json=message)
            assert answer.status_code == 200
            said = answer.json()
            if "error" in said or said["result"]["isError"]:
                self.failed["error" if "error" in said else "isError"] += 1
                continue
            return str(said["result"]["content"][0]["text"])
        raise GaveUpError(method)
