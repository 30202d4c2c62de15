"""Truncate: the answer ends too early.

What the client sees with `framing: broken` (default) on HTTP/1.1: a Content-Length that promises the whole, some of
the bytes, and the end of the connection. On HTTP/2: fewer bytes than Content-Length says, which is malformed (RFC
9113, 8.1.1), and which clients report as a protocol error of the stream or of the connection. A body with a content
encoding is cut as it is on the wire.

With `framing: clean`, on HTTP/1.1 and HTTP/2 alike: an answer that is whole as far as HTTP can tell, whose text
stops somewhere. The text is cut and encoded again, so that it is the JSON that is broken and not the gzip.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, override

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import parse_size


def _keep(value: object) -> float | int:
    if isinstance(value, float):
        if 0 < value < 1:
            return value
        raise ValueError(f"{value:g} is no share; write one between 0 and 1, like 0.5, or a size, like 100 or 16KB")
    return parse_size(value)


_SCHEMA = {"type": ["number", "string"], "minimum": 0, "examples": [0.5, 100, "16KB"]}
Keep = Annotated[float | int, BeforeValidator(_keep), PlainSerializer(lambda kept: kept), WithJsonSchema(_SCHEMA)]
"""A share below 1 of a body, or a size."""


class Truncate(Fault):
    """Cut the answer's body short."""

    shorthand: ClassVar[str | None] = "keep"

    at: Literal[Phase.AFTER] = Phase.AFTER
    keep: Keep = Field(default=0.5, description="what is left: a share below 1, or a size")
    framing: Literal["broken", "clean"] = Field(
        default="broken", description="whether Content-Length still promises the whole"
    )

    @override
    @property
    def fatal(self) -> bool:
        return self.framing == "broken"

    @override
    def describe(self) -> str:
        kept = f"{self.keep * 100:.10g}%" if isinstance(self.keep, float) else f"{self.keep} bytes"
        how = "and the connection closes" if self.framing == "broken" else "and says that it is whole"
        return f"the answer ends after {kept} {how}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        answer = wire.answer
        if answer is None or not answer.body:
            return Played(delivered=False, detail="the answer has no body")
        body = wire.raw_body if self.framing == "broken" else answer.body
        kept = int(len(body) * self.keep) if isinstance(self.keep, float) else self.keep
        if kept >= len(body):
            return Played(delivered=False, detail=f"the answer has {len(body)} bytes, no more than are kept")
        if self.framing == "broken":
            wire.edit_raw(body[:kept], length=len(body), close=True)
        else:
            wire.edit(body=body[:kept])
        return Played(delivered=True, detail=f"{kept} of {len(body)} bytes, {self.framing} framing")
