"""From an HTTP request to the logical calls that it carries.

To teach Crosswind another protocol, write a file with a namer and put it into `NAMERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from proxy_addons.calls import a2a, greenhelix, jsonrpc, llm, mcp, rest
from proxy_addons.exchange import Call, Request

type Namer = Callable[[Request], list[Call] | None]
"""The calls of a request, at least one, made with `logical`; None when it speaks another protocol. Never raises."""

NAMERS: tuple[tuple[str, Namer], ...] = (
    ("mcp", mcp.calls),
    ("a2a", a2a.calls),
    ("jsonrpc", jsonrpc.calls),
    ("openai", llm.openai),
    ("anthropic", llm.anthropic),
    ("greenhelix", greenhelix.calls),
)
"""Protocol and namer, asked from first to last. What none of them knows is `rest`."""


@dataclass(slots=True)
class Named:
    """The protocol that a request speaks and its logical calls: one, or several in a batch."""

    protocol: str
    calls: list[Call]


def name(request: Request) -> Named:
    """Name the calls of a request. Never raises, whatever the request is."""
    for protocol, namer in NAMERS:
        found = namer(request)
        if found:
            return Named(protocol, found)
    return Named("rest", rest.calls(request))
