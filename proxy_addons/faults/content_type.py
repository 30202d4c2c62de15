"""Content type: the answer says that it is something else.

What the client sees, on HTTP/1.1 and HTTP/2 alike: the same body under another Content-Type, `text/html` by
default, as when a captive portal or a careless gateway has its hands in it.
"""

from __future__ import annotations

from typing import ClassVar, Literal, override

from pydantic import Field

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw


class ContentType(Fault):
    """Lie about the type of the answer's body."""

    shorthand: ClassVar[str | None] = "to"

    at: Literal[Phase.AFTER] = Phase.AFTER
    to: str = Field(
        default="text/html; charset=utf-8",
        pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+/[ -~]+$",
        description="what Content-Type says",
        examples=["text/html", "application/json; charset=utf-16"],
    )

    @override
    def describe(self) -> str:
        return f"the answer claims to be {self.to}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        answer = wire.answer
        if answer is None or not answer.body:
            return Played(delivered=False, detail="the answer has no body")
        was = answer.header("content-type")
        if was == self.to:
            return Played(delivered=False, detail=f"the answer is {was} already")
        others = [(name, value) for name, value in answer.headers if name != "content-type"]
        wire.edit(headers=[*others, ("content-type", self.to)])
        return Played(delivered=True, detail=f"content-type: {was or 'none'} → {self.to}")
