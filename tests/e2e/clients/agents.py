"""python agents.py AGENTS CALLS: agents that work at once, each under a name of its own and in its own order.

Each goes through the same kinds of calls again and again, and tries what fails at most three times. What one does
depends on nothing but the answers that it gets; how they interleave is left to chance.
"""

import http.client
import itertools
import json
import os
import random
import ssl
import sys
import threading
import time
from base64 import b64encode
from typing import Any, override
from urllib.parse import urlsplit

HOST = "sandbox.greenhelix.net"
TRIES = 3


class Agent(threading.Thread):
    """One agent. It begins with all the others."""

    def __init__(self, number: int, calls: int, start: threading.Barrier) -> None:
        super().__init__(name=f"agent-{number}")
        self._calls = calls
        self._start = start
        self._context = ssl.create_default_context()
        self._connection: http.client.HTTPSConnection | None = None

    @override
    def run(self) -> None:
        """Work."""
        self._start.wait()
        kinds = itertools.cycle(("create", "balance", "release", "deposit", "list", "release"))
        held: list[str] = []
        for number, kind in zip(range(self._calls), kinds, strict=False):
            time.sleep(random.random() / 500)  # noqa: S311  # so that no two runs interleave in the same way
            answer = self._insist(*self._call(kind, number, held))
            if kind == "create" and answer is not None:
                held.append(answer["id"])
            elif kind == "release" and held:
                held.pop()

    def _call(self, kind: str, number: int, held: list[str]) -> tuple[str, str, dict[str, str] | None]:
        wallet = f"/v1/billing/wallets/{self.name}"
        match kind:
            case "create":
                order = {"payer": self.name, "payee": "seller", "amount": f"{number % 3 + 1}.00"}
                return "POST", "/v1/payments/escrows", order
            case "release" if held:
                return "POST", f"/v1/payments/escrows/{held[-1]}/release", {}
            case "deposit":
                return "POST", f"{wallet}/deposit", {"amount": "5.00"}
            case "list":
                return "GET", f"/v1/payments/escrows?agent_id={self.name}", None
            case _:
                return "GET", f"{wallet}/balance", None

    def _insist(self, method: str, path: str, body: dict[str, str] | None) -> dict[str, Any] | None:
        for _ in range(TRIES):
            try:
                status, answer = self._send(method, path, body)
            except (http.client.HTTPException, OSError):
                self._connection = None
                continue
            if status < 500:
                return answer
        return None

    def _send(self, method: str, path: str, body: dict[str, str] | None) -> tuple[int, dict[str, Any]]:
        if self._connection is None:
            proxy = urlsplit(os.environ["HTTPS_PROXY"])
            who = b64encode(f"{self.name}:x".encode()).decode()
            self._connection = http.client.HTTPSConnection(
                proxy.hostname or "", proxy.port, timeout=20, context=self._context
            )
            self._connection.set_tunnel(HOST, 443, {"Proxy-Authorization": f"Basic {who}"})
        data = None if body is None else json.dumps(body)
        self._connection.request(method, path, data, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")


def main(agents: int, calls: int) -> None:
    """Let them all work, and wait for them."""
    start = threading.Barrier(agents)
    team = [Agent(number, calls, start) for number in range(agents)]
    random.shuffle(team)
    for agent in team:
        agent.start()
    for agent in team:
        agent.join()


main(*map(int, sys.argv[1:]))
