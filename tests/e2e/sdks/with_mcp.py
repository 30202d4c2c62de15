"""python with_mcp.py CASE…: calls a tool as the agent of each name with the mcp SDK, as it comes.

A name ends in how the client connects: `-legacy` (2025-11-25) or `-auto` (2026-07-28). Prints
`{case: outcome}`: the result's text, behind `error: ` when it says `isError`, or `!` and the error's class.
"""

from __future__ import annotations

import asyncio
import json
import sys

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

LIMIT = 8.0


async def outcome(case: str) -> str:
    """Connect, and call the tool."""
    try:
        async with asyncio.timeout(LIMIT), create_mcp_http_client(headers={"x-agent-id": case}) as http:
            transport = streamable_http_client("https://mcp.test/mcp", http_client=http)
            async with Client(transport, mode=case.rpartition("-")[2]) as client:
                result = await client.call_tool("pay", {"amount": "25.00"})
    except BaseException as error:  # noqa: BLE001  # its class is what is asked for
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        code = getattr(getattr(error, "error", None), "code", "")
        return f"!{type(error).__name__}{code}"
    said = "error: " if result.is_error else ""
    return f"{said}{result.content[0].text}"


async def main() -> dict[str, str]:
    """Make all calls at once."""
    outcomes = await asyncio.gather(*(outcome(case) for case in sys.argv[1:]))
    return dict(zip(sys.argv[1:], outcomes, strict=True))


print(json.dumps(asyncio.run(main())))  # noqa: T201  # its answer
