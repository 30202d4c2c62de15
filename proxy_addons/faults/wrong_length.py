"""Wrong length: Content-Length says more or less than there is.

What the client sees on HTTP/1.1: with a positive `by` it waits for bytes that never come, and finds the
connection closed, or, with `close: false`, nothing until its own time-out; with a negative one the body is cut
short, and with `close: false` the rest is taken for the next answer of the connection. On HTTP/2, where frames
tell the length, such an answer is malformed (RFC 9113, 8.1.1): the client reports a protocol error,
for the stream or, as httpx does, for its whole connection, and `close` counts for nothing.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, override

from pydantic import AfterValidator, Field, Strict

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw


def _not_zero(by: int) -> int:
    if by == 0:
        raise ValueError("0 is no difference; write how many bytes too many (10) or too few (-10) it claims")
    return by


class WrongLength(Fault):
    """Let Content-Length lie."""

    shorthand: ClassVar[str | None] = "by"

    at: Literal[Phase.AFTER] = Phase.AFTER
    by: Annotated[int, Strict(), AfterValidator(_not_zero)] = Field(
        default=10, ge=-(10**9), le=10**9, description="bytes that it claims too many; negative: too few"
    )
    close: bool = Field(default=True, description="close an HTTP/1.1 connection behind the body")

    @override
    @property
    def fatal(self) -> bool:
        return True

    @override
    def describe(self) -> str:
        return f"Content-Length claims {abs(self.by)} bytes {'more' if self.by > 0 else 'fewer'} than there are"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        body = wire.raw_body
        if not body:
            return Played(delivered=False, detail="the answer has no body")
        claimed = max(0, len(body) + self.by)
        wire.edit_raw(body, length=claimed, close=self.close)
        return Played(delivered=True, detail=f"Content-Length {claimed} for {len(body)} bytes")
