"""Stale: the agent gets an earlier answer of the same operation.

The provider is asked and does its work; then the agent is given the last successful answer that it got to the same
operation before, as from a cache that nobody told. Of the provider's answer nothing is left. The first call of an
operation has no earlier answer, and is not touched; the last 1,000 operations of agents are remembered, up to 32 MB.

What the client sees, on HTTP/1.1 and HTTP/2 alike: a complete, well-formed answer, whose Date and content are old.
"""

from __future__ import annotations

from typing import Literal, override

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw

_OF_THE_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection"})


class Stale(Fault):
    """Give an earlier answer again."""

    at: Literal[Phase.AFTER] = Phase.AFTER

    @override
    def describe(self) -> str:
        return "the provider does its work, and the agent gets its earlier answer to the same operation"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        earlier, answer = wire.earlier_answer(), wire.answer
        if earlier is None:
            return Played(delivered=False, detail="there is no earlier answer of this operation")
        if answer is not None and (answer.status, answer.body) == (earlier.status, earlier.body):
            return Played(delivered=False, detail="the earlier answer said the same")
        headers = [(name, value) for name, value in earlier.headers if name not in _OF_THE_BODY]
        wire.respond(earlier.status, headers, earlier.body)
        return Played(delivered=True, detail=f"an earlier answer instead: {earlier.status}, {len(earlier.body)} bytes")
