"""Every tool that the sandbox simulates, and those that it merely knows by name."""

from __future__ import annotations

from typing import Any

from proxy_addons.calls.greenhelix import ROUTES
from proxy_addons.exchange import JSON
from proxy_addons.sandbox.errors import SandboxError, invalid
from proxy_addons.sandbox.gateway import billing, escrows, hooks, identity, intents
from proxy_addons.sandbox.operation import Operation, Tools

TOOLS: Tools = {**billing.TOOLS, **escrows.TOOLS, **intents.TOOLS, **identity.TOOLS, **hooks.TOOLS}
"""Operations by the name of the tool."""

KNOWN = frozenset(tool for _, _, tool in ROUTES) | TOOLS.keys()
"""The names of all tools of the gateway."""


def find_tool(name: JSON) -> Operation[Any]:
    """An operation by the name of its tool.

    Raises:
        SandboxError: 422, the name is no text; 404, the gateway has no such tool; 501, it has, but the
            sandbox does not simulate it.
    """
    if not isinstance(name, str):
        raise invalid("tool must name a tool")
    operation = TOOLS.get(name)
    if operation is not None:
        return operation
    if name in KNOWN:
        raise SandboxError("not-simulated", f"The gateway has {name}, but Crosswind's sandbox does not simulate it")
    raise SandboxError("tool-not-found", f"Unknown tool: {name}", tool=name)
