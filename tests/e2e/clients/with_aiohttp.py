"""python with_aiohttp.py trust_env|default URL BODY: posts BODY and prints the answer."""

import asyncio
import sys

import aiohttp


async def main(session_kind: str, url: str, body: str) -> None:
    """Post it. By default aiohttp does not look at the proxy variables."""
    timeout = aiohttp.ClientTimeout(20)
    async with (
        aiohttp.ClientSession(trust_env=session_kind == "trust_env", timeout=timeout) as session,
        session.post(url, data=body, headers={"Content-Type": "application/json"}) as response,
    ):
        sys.stdout.write(await response.text())


asyncio.run(main(*sys.argv[1:]))
