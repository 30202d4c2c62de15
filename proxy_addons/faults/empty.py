"""Empty: the answer comes with its status and without its body.

What the client sees, on HTTP/1.1 and HTTP/2 alike: a complete answer with the status that the provider gave,
`Content-Length: 0` and nothing else. Content-Type stays, so that a client which expects JSON finds none;
Content-Encoding goes, for there is nothing to decode.
"""

from __future__ import annotations

from typing import Literal, override

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw

_OF_THE_BODY = frozenset({"content-encoding", "transfer-encoding"})


class Empty(Fault):
    """Take the body away."""

    at: Literal[Phase.AFTER] = Phase.AFTER

    @override
    def describe(self) -> str:
        return "the answer has its status and an empty body"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        answer = wire.answer
        if answer is None or not answer.body:
            return Played(delivered=False, detail="the answer has no body")
        wire.edit(headers=[(name, value) for name, value in answer.headers if name not in _OF_THE_BODY])
        wire.edit_raw(b"")
        return Played(delivered=True, detail=f"{len(answer.body)} bytes taken away, status {answer.status} stays")
