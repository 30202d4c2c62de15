"""Corrupt bytes: some of the answer's bytes are others.

`count` bytes, or a `share` of them, at most 10,000, at drawn places. `where: text` puts printable ASCII letters
in the place of others, so that the text stays valid UTF-8; `body` puts any byte in its place; `wire` does so
behind the content encoding, so that a compressed body no longer decompresses.

What the client sees, on HTTP/1.1 and HTTP/2 alike: a complete answer of the right length. (With `text` and `body`
an encoded body is encoded again, and Content-Length is mended.)
"""

from __future__ import annotations

from typing import ClassVar, Literal, Self, override

from pydantic import Field, model_validator

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw

_MOST = 10_000
_PRINTABLE = range(0x21, 0x7F)


class CorruptBytes(Fault):
    """Change bytes of the answer's body."""

    shorthand: ClassVar[str | None] = "count"

    at: Literal[Phase.AFTER] = Phase.AFTER
    count: int = Field(default=1, ge=1, le=_MOST, description="how many bytes to change")
    share: float | None = Field(default=None, gt=0, le=1, description="how many, as a share of the body")
    where: Literal["body", "text", "wire"] = Field(
        default="body", description="any byte of the body, letters of its text, or bytes behind the content encoding"
    )

    @model_validator(mode="after")
    def _count_or_share(self) -> Self:
        if self.share is not None and "count" in self.model_fields_set:
            raise ValueError("has a `count` and a `share`; write one of them")
        return self

    @override
    def describe(self) -> str:
        if self.share is not None:
            return f"{self.share * 100:.10g}% of the answer's bytes are wrong"
        return "one byte of the answer is wrong" if self.count == 1 else f"{self.count} bytes of the answer are wrong"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        answer = wire.answer
        if answer is None or not answer.body:
            return Played(delivered=False, detail="the answer has no body")
        body = bytearray(wire.raw_body if self.where == "wire" else answer.body)
        places = (
            [at for at, byte in enumerate(body) if byte in _PRINTABLE] if self.where == "text" else range(len(body))
        )
        if not places:
            return Played(delivered=False, detail="the answer has no letter to change")
        wanted = self.count if self.share is None else max(1, round(len(body) * self.share))
        chosen = _some_of(places, min(wanted, _MOST), draw)
        for at in chosen:
            body[at] = self._other(body[at], draw.uniform(f"byte at {at}"))
        if self.where == "wire":
            wire.edit_raw(bytes(body))
        else:
            wire.edit(body=bytes(body))
        shown = ", ".join(map(str, chosen[:8])) + (" …" if len(chosen) > 8 else "")
        return Played(delivered=True, detail=f"{len(chosen)} of {len(body)} bytes changed, at {shown}")

    def _other(self, byte: int, u: float) -> int:
        """Another byte, or another letter."""
        first, size = (_PRINTABLE.start, len(_PRINTABLE)) if self.where == "text" else (0, 256)
        return first + (byte - first + 1 + int(u * (size - 1))) % size


def _some_of(places: list[int] | range, count: int, draw: Draw) -> list[int]:
    """`count` different places, or all of them, in order (Floyd's sampling)."""
    chosen: dict[int, None] = {}
    size = len(places)
    for last in range(max(0, size - count), size):
        at = int(draw.uniform(f"place {last - size}") * (last + 1))
        chosen[last if at in chosen else at] = None
    return sorted(places[at] for at in chosen)
