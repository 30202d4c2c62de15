"""python with_sdk.py ADDRESS BODY: creates an escrow with the gateway's own client and prints the answer."""

import asyncio
import json
import sys

from a2a_client import A2AClient  # type: ignore[import-untyped]  # it has no types


async def main(address: str, body: str) -> None:
    """Create it. The SDK knows the path by itself."""
    async with A2AClient(address, api_key="a2a_free_0123456789abcdef") as client:
        escrow = await client.create_escrow(**json.loads(body))
    sys.stdout.write(escrow.model_dump_json())


asyncio.run(main(*sys.argv[1:]))
