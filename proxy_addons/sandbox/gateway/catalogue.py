"""The price list: `GET /v1/pricing`, `GET /v1/pricing/{tool}`.

The gateway lists 137 tools (observed on 1.4.8). This one lists what the sandbox simulates and no more,
all of it free.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from proxy_addons.exchange import JSON
from proxy_addons.sandbox.gateway.tools import TOOLS, find_tool
from proxy_addons.sandbox.operation import Output

SLOWEST_MS = 50
"""What the catalogue promises as `sla.max_latency_ms`; an answer takes a thousandth of it."""


class Tool(Output):
    """One entry. The schemas are JSON Schema 2020-12, the output's is that of the REST answer."""

    name: str
    service: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    pricing: dict[str, str]
    sla: dict[str, int]
    tier_required: str


@cache
def catalogue() -> tuple[Tool, ...]:
    """Every tool that the sandbox simulates, by name."""
    return tuple(_entry(name) for name in sorted(TOOLS))


def priced(name: JSON) -> Tool:
    """One tool's entry.

    Raises:
        SandboxError: as for `find_tool`.
    """
    find_tool(name)
    return next(tool for tool in catalogue() if tool.name == name)


def _entry(name: str) -> Tool:
    operation = TOOLS[name]
    return Tool(
        name=name,
        service=operation.service,
        description=operation.summary,
        input_schema=_schema(operation.input),
        output_schema=_schema(operation.output),
        pricing={"per_call": "0.0", "currency": "CREDITS"},
        sla={"max_latency_ms": SLOWEST_MS},
        tier_required="free",
    )


def _schema(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The struct's own schema at the top, those that it refers to in `$defs`."""
    schema = msgspec.json.schema(struct)
    others = schema["$defs"]
    own: dict[str, Any] = others.pop(struct.__name__)
    return own | {"$defs": others} if others else own
