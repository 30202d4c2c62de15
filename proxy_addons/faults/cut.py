"""Cuts: where a connection breaks off. Not a fault itself; `reset` and `close` use it.

A cut strikes before the upstream is asked, after it has answered, or in the middle of its answer: behind
so many bytes of the body, or behind a share of it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator
from typing import Any, ClassVar, override

from pydantic import Field, model_validator

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Report, Shapes, Side, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Size

_FLUSH = 0.05
"""Seconds for what was handed out to get on its way: a reset drops what still waits in a buffer."""


class Cut(Fault):
    """Break the connection off, at a place that the settings choose."""

    done: ClassVar[str]
    """What was done, for the journal: 'RST sent'."""

    at: Side = Phase.BEFORE
    after_bytes: Size | None = Field(default=None, description="bytes of the answer's body that still arrive")
    after_share: float | None = Field(
        default=None, gt=0, lt=1, description="share of the answer's body that still arrives"
    )

    @model_validator(mode="before")
    @classmethod
    def _in_the_middle_is_after(cls, written: Any) -> Any:  # noqa: ANN401  # whatever the file says
        if isinstance(written, dict) and "at" not in written and not {"after_bytes", "after_share"}.isdisjoint(written):
            return written | {"at": Phase.AFTER}
        return written

    @model_validator(mode="after")
    def _is_one_place(self) -> Cut:
        if self.after_bytes is not None and self.after_share is not None:
            raise ValueError("after_bytes and after_share are two places; write one of them")
        if self._in_the_middle and self.at is not Phase.AFTER:
            named = "after_bytes" if self.after_share is None else "after_share"
            raise ValueError(f"{named} counts in the answer, and `at: before` there is none; write `at: after`")
        return self

    @property
    def _in_the_middle(self) -> bool:
        return self.after_bytes is not None or self.after_share is not None

    @override
    @property
    def fatal(self) -> bool:
        return not self._in_the_middle  # an answer that is short enough comes through whole

    @override
    @property
    def shaping(self) -> Shapes | None:
        return self if self._in_the_middle else None

    @property
    def where(self) -> str:
        """In words: 'before the provider is asked'."""
        if self.after_bytes is not None:
            return f"after {self.after_bytes} bytes of the answer's body"
        if self.after_share is not None:
            return f"after {self.after_share * 100:g}% of the answer's body"
        return "before the provider is asked" if self.at is Phase.BEFORE else "after the provider did its work"

    @abstractmethod
    def strike(self, wire: Wire) -> bool:
        """Break it off; false when the client had left."""

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        struck = self.strike(wire)
        return Played(delivered=struck, detail=self.done if struck else "the client had left already", ends=True)

    async def shape(
        self,
        pieces: AsyncIterator[bytes],
        wire: Wire,
        draw: Draw,  # noqa: ARG002  # the place is not left to chance
        report: Report,
    ) -> AsyncIterator[bytes]:
        """See `Shapes.shape`. An answer that ends where the cut would be is whole, and left alone."""
        left = self._limit(wire)
        if left is None:
            report("the answer does not say how long it is, so no share of it is known", delivered=False)
            async for piece in pieces:
                yield piece
            return
        limit = left
        async for piece in pieces:
            if len(piece) <= left:
                left -= len(piece)
                yield piece
                continue
            if left:
                yield piece[:left]
            if await wire.wait(_FLUSH) and self.strike(wire):
                report(f"{self.done} after {limit} bytes")
            else:
                report("the client left before its place came", delivered=False)
            return

    def _limit(self, wire: Wire) -> int | None:
        if self.after_share is None:
            return self.after_bytes
        length = len(wire.raw_body)
        if not length and wire.answer is not None:
            told = wire.answer.header("content-length") or ""
            length = int(told) if told.isascii() and told.isdigit() else 0
        return int(length * self.after_share) if length else None
