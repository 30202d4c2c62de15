"""Lost response: the provider does its work, and the answer never arrives.

The fault behind double payments: an agent that sends the call again without an idempotency key pays
again. It plays after the upstream has answered; an answer of 400 and above is let through, for nothing
was done that could get lost. `instead` says what the agent gets.

What the client sees: `reset` ECONNRESET · `close` the end of the connection without an answer (a
stream reset on HTTP/2) · `timeout` silence for `hold`, then the end · `bad_gateway` a 502 as a load
balancer sends it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar, Literal, assert_never, override

from pydantic import Field

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Duration, show_duration

_BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"

_IN_WORDS = {
    "reset": "a connection reset",
    "close": "a closed connection",
    "timeout": "silence",
    "bad_gateway": "502 Bad Gateway",
}


class LostResponse(Fault):
    """Drop the answer of a call that was carried out."""

    shorthand: ClassVar[str | None] = "instead"

    at: Literal[Phase.AFTER] = Phase.AFTER
    instead: Literal["reset", "close", "timeout", "bad_gateway"] = "reset"
    hold: Duration = Field(default=60.0, gt=0, le=3600, description="the longest silence, for `instead: timeout`")

    @override
    @property
    def fatal(self) -> bool:
        return True

    @override
    def describe(self) -> str:
        return f"the provider carries it out, then the answer is lost: the agent gets {_IN_WORDS[self.instead]} instead"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        answer = wire.answer
        if answer is not None and answer.status >= HTTPStatus.BAD_REQUEST:
            return Played(
                delivered=False, detail=f"the provider refused it with {answer.status}: nothing was done to lose"
            )
        match self.instead:
            case "reset":
                sent = wire.reset()
                return Played(
                    delivered=sent, detail="answer dropped, RST sent" if sent else "the client had left", ends=True
                )
            case "close":
                wire.close()
                return Played(delivered=True, detail="answer dropped, connection closed", ends=True)
            case "timeout":
                stayed = await wire.wait(self.hold)
                wire.close()
                how = f"silence for {show_duration(self.hold)}" if stayed else "silence until the client left"
                return Played(delivered=True, detail=f"answer dropped, {how}", ends=True)
            case "bad_gateway":
                wire.respond(502, [("content-type", "text/html")], _BAD_GATEWAY)
                return Played(delivered=True, detail="answer dropped, 502 sent", ends=True)
            case _:
                assert_never(self.instead)
