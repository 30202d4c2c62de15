"""An agent without a network: it asks the sandbox and reads the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy_addons.exchange import Request
from proxy_addons.sandbox.http import Sandbox

NOW = 1_700_000_000.0


@dataclass
class Told:
    """What the sandbox answered."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass
class Asking:
    """An agent that asks one sandbox. `at` counts seconds from a fixed day in 2023."""

    sandbox: Sandbox

    def __call__(self, line: str, body: object = None, at: float = 0.0, **headers: str) -> Told:
        """Ask `METHOD /path?name=value`. A body that is not bytes goes as JSON; `_` in a header's name is `-`."""
        method, _, target = line.partition(" ")
        path, _, query = target.partition("?")
        pairs = [pair.partition("=") for pair in query.split("&") if pair]
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        request = Request(
            method=method,
            scheme="https",
            host="sandbox.greenhelix.net",
            port=443,
            path=path,
            query=tuple((name, value) for name, _, value in pairs),
            headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
            body=sent,
        )
        answer = self.sandbox.answer(request, NOW + at)
        return Told(answer.status, dict(answer.headers), json.loads(answer.body) if answer.body else None)

    def tool(self, name: str, given: object, at: float = 0.0, **headers: str) -> Told:
        """Ask in dialect A."""
        return self("POST /v1", {"tool": name, "input": given}, at, **headers)
