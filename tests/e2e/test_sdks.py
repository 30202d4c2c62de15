"""The official SDKs under faults on their protocols: they survive or fail exactly as docs/faults-and-sdks.md says."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from proxy_addons.engine.environment import child_environment
from proxy_addons.events.event import ExchangeClosed
from proxy_addons.sse import event
from tests.e2e.invoke import ROOT
from tests.support.live import LiveProxy, live_proxy
from tests.support.upstream import upstream

SDKS = Path(__file__).with_name("sdks")
REQUIREMENTS = SDKS / "requirements.txt"
DOCUMENT = ROOT / "docs" / "faults-and-sdks.md"
LIMIT = 60.0
"""Seconds after which a client hangs."""

WORDS = ("one ", "two ", "three")
CUT = "stream_cut: {after_events: 2, end: %s}"


@dataclass(frozen=True)
class Case:
    """What one agent meets with one SDK, and what comes of it.

    `outcome` is the text that it got, then `!` and the class of the error that was raised; `?` for a stream
    that seems whole and lacks its end. `tries` counts the requests that hit the rule's operation.
    """

    sdk: str
    fault: str
    outcome: str
    tries: int
    when: str = "{}"


ONCE = "{attempts: [1]}"
CASES = {
    "none-chat": Case("openai", "noop", "one two three", 1),
    "none-stream": Case("openai", "noop", "one two three", 1),
    "none-responses": Case("openai", "noop", "one two three", 1),
    "limited-chat": Case(
        "openai", "overloaded: {status: 429, retry_after: 100ms, precise: true}", "one two three", 2, ONCE
    ),
    "busy-chat": Case("openai", "overloaded: {retry_after: 50ms, precise: true}", "!InternalServerError", 3),
    "refused-chat": Case("openai", "overloaded: {status: 429, should_retry: false}", "!RateLimitError", 1),
    "busy-stream": Case("openai", "overloaded: {in_stream: true}", "!APIError", 1),
    "reset-stream": Case("openai", CUT % "reset", "one two !APIConnectionError", 1),
    "close-stream": Case("openai", CUT % "close", "one two !APIConnectionError", 1),
    "clean-stream": Case("openai", CUT % "clean", "one two ", 1),
    "clean-responses": Case("openai", CUT % "clean", "one ?", 1),
    "none-message": Case("anthropic", "noop", "one two three", 1),
    "limited-message": Case("anthropic", "overloaded: {retry_after: 100ms, precise: true}", "one two three", 2, ONCE),
    "busy-message": Case("anthropic", "overloaded: {retry_after: 50ms, precise: true}", "!OverloadedError", 3),
    "within-stream": Case("anthropic", "overloaded: {in_stream: true}", "!APIStatusError", 1),
    "broken-stream": Case("anthropic", "stream_cut: {after_events: 3}", "one !ReadError", 1),
    "whole-stream": Case("anthropic", "stream_cut: {after_events: 3, end: clean}", "one ?", 1),
    "none-legacy": Case("mcp", "noop", "paid 25.00", 1),
    "none-auto": Case("mcp", "noop", "paid 25.00", 1),
    "result-legacy": Case("mcp", "tool_error: no funds", "error: no funds", 1),
    "result-auto": Case("mcp", "tool_error: no funds", "error: no funds", 1),
    "error-legacy": Case("mcp", "tool_error: {code: -32001}", "!MCPError-32001", 1),
    "error-auto": Case("mcp", "tool_error: {code: -32001}", "!MCPError-32001", 1),
    "after-auto": Case("mcp", "tool_error: {at: after}", "error: the tool failed", 1),
    "lost-legacy": Case("mcp", "stream_cut: {after_bytes: 20, end: close}", "!MCPError-32000", 1),
    "lost-auto": Case("mcp", "stream_cut: {after_bytes: 20, end: close}", "!RemoteProtocolError", 1),
}

CALLED = {
    ("chat", "openai"): "chat",
    ("stream", "openai"): "chat, streamed",
    ("responses", "openai"): "responses, streamed",
    ("message", "anthropic"): "messages",
    ("stream", "anthropic"): "messages, streamed",
    ("legacy", "mcp"): "tool, 2025-11-25",
    ("auto", "mcp"): "tool, 2026-07-28",
}
OPERATIONS = {"chat": "chat.completions", "responses": "responses", "message": "messages", "stream": "*"}


def model(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Answer as OpenAI or Anthropic does, whole or in events."""
    streamed = json.loads(body).get("stream", False)
    made = {"/v1/chat/completions": chat, "/v1/responses": responses, "/v1/messages": messages}[handler.path]
    answer = made(streamed=streamed)
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream" if streamed else "application/json")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    for piece in answer:
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
    handler.wfile.write(b"0\r\n\r\n")


def chat(*, streamed: bool) -> list[bytes]:
    """OpenAI's chat completions."""
    head = {"id": "c", "created": 1, "model": "m"}
    if not streamed:
        message = {"role": "assistant", "content": "".join(WORDS)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return [json.dumps({**head, "object": "chat.completion", "choices": [choice]}).encode()]
    chunks = [
        {**head, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": word}}]}
        for word in WORDS
    ]
    return [*(event(json.dumps(chunk)) for chunk in chunks), event("[DONE]")]


def responses(*, streamed: bool) -> list[bytes]:
    """OpenAI's responses, as a stream."""
    assert streamed
    response = {"id": "r", "object": "response", "created_at": 1, "model": "m", "output": [], "status": "completed"}
    place = {"item_id": "i", "output_index": 0, "content_index": 0}
    found: list[dict[str, object]] = [{"type": "response.created", "response": response}]
    found += [{"type": "response.output_text.delta", "delta": word, "logprobs": [], **place} for word in WORDS]
    found.append({"type": "response.completed", "response": response})
    return [event(json.dumps({**one, "sequence_number": at}), str(one["type"])) for at, one in enumerate(found)]


def messages(*, streamed: bool) -> list[bytes]:
    """Anthropic's messages."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    head = {"id": "m", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None, "usage": usage}
    if not streamed:
        content = [{"type": "text", "text": "".join(WORDS)}]
        return [json.dumps({**head, "content": content, "stop_reason": "end_turn"}).encode()]
    found: list[dict[str, object]] = [
        {"type": "message_start", "message": {**head, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ]
    found += [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in WORDS
    ]
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    found += [
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    ]
    return [event(json.dumps(one), str(one["type"])) for one in found]


@pytest.fixture(scope="session")
def sdks() -> Path:
    """The Python that has the SDKs, as pinned. It is made once for each change of the pins, and kept."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = ROOT / ".crosswind" / "test-venvs" / f"sdks-{digest}"
    found = folder / "bin" / "python"
    if (folder / "complete").exists():
        return found
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=LIMIT)
    pip = [str(found), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
    done = subprocess.run(pip, check=False, capture_output=True, text=True, timeout=300)
    if done.returncode:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(f"the SDKs cannot be installed: {done.stderr.strip()[-500:]}")
    (folder / "complete").touch()
    return found


@contextmanager
def bank(python: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The MCP server: its URL, and its process, which prints a line a payment."""
    with subprocess.Popen([str(python), str(SDKS / "mcp_server.py")], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", process
        finally:
            process.kill()


def rules() -> str:
    """A rule for each case, for the agent of its name."""
    found = [
        {
            "name": name,
            "match": {"agent": name, "operation": OPERATIONS.get(name.rpartition("-")[2], "pay")},
            "when": "WHEN",
            "fault": "FAULT",
        }
        for name in CASES
    ]
    written = []
    for rule, case in zip(found, CASES.values(), strict=True):
        fault = case.fault if ":" not in case.fault else f"{{{case.fault}}}"
        written.append(json.dumps(rule).replace('"WHEN"', case.when).replace('"FAULT"', fault))
    return f"[{', '.join(written)}]"


def documented() -> list[str]:
    """The rows of the table, one a case, with what is called in place of its name's end."""
    found = []
    for name, case in CASES.items():
        only = " (first try only)" if case.when == ONCE else ""
        text, raised, error = case.outcome.partition("!")
        got = [part for part in (f"`{text}`" if text else "", f"raises `{error}`" if raised else "") if part]
        called = CALLED[name.rpartition("-")[2], case.sdk]
        found.append(f"| {case.sdk}: {called} | `{case.fault}`{only} | {', then '.join(got)} | {case.tries} |")
    return found


@dataclass(frozen=True)
class Run:
    """What came of all cases: each agent's outcome and its exchanges, and how often the tool was run."""

    outcomes: dict[str, str]
    exchanges: Sequence[ExchangeClosed]
    payments: int


def ask(python: Path, proxy: LiveProxy, sdk: str) -> dict[str, str]:
    """Run the client of one SDK, which takes its proxy and its CA from the environment."""
    environ = child_environment(
        {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        proxy_url=proxy.url,
        bundle=proxy.session.bundle,
        ca_certificate=proxy.session.ca_certificate,
        no_proxy=None,
    )
    command = [str(python), str(SDKS / f"with_{sdk}.py"), *(name for name, case in CASES.items() if case.sdk == sdk)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environ, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def run(sdks: Path, ca: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """All cases at once: one proxy, and one client for each SDK."""
    folder = tmp_path_factory.mktemp("sdks")
    outcomes: dict[str, str] = {}
    with upstream(model) as models, bank(sdks) as (bank_url, server):
        maps = [f"openai.test={models.url}", f"anthropic.test={models.url}", f"mcp.test={bank_url}"]
        with live_proxy(folder, ca, rules=rules(), maps=maps) as proxy:
            for sdk in ("openai", "anthropic", "mcp"):
                outcomes |= ask(sdks, proxy, sdk)
        server.kill()
        assert server.stdout is not None
        payments = len(server.stdout.readlines())
    return Run(outcomes, proxy.exchanges, payments)


@pytest.mark.parametrize("name", CASES)
def test_an_sdk_meets_a_fault(run: Run, name: str) -> None:
    """It ends as documented, after as many tries, and the fault took place."""
    case = CASES[name]
    hit = [exchange for exchange in run.exchanges if exchange.agent == name and exchange.decisions]

    assert run.outcomes[name] == case.outcome
    assert len(hit) == case.tries
    assert all(injection.delivered for exchange in hit for injection in exchange.injections)


def test_the_tool_ran_where_the_provider_was_asked(run: Run) -> None:
    """Once for each call without a fault, with one at `after`, or whose answer was lost; never for one at `before`."""
    asked = [name for name, case in CASES.items() if case.sdk == "mcp" and name.startswith(("none", "after", "lost"))]

    assert run.payments == len(asked)


def test_the_document_says_the_same() -> None:
    """Row by row, and the versions too."""
    text = DOCUMENT.read_text()
    rows = [line for line in text.splitlines() if line.startswith(("| openai: ", "| anthropic: ", "| mcp: "))]
    pins = dict(line.split("==") for line in REQUIREMENTS.read_text().splitlines() if "==" in line)

    assert rows == documented()
    assert f"openai {pins['openai']}, anthropic {pins['anthropic']} and mcp {pins['mcp']}" in text
