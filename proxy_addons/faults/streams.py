"""Places in a stream. Not a fault itself; the stream faults use it.

A place is counted in events of `text/event-stream` or in bytes of any body. Up to it the answer is handed
out as it comes, event by event where events are counted; behind it piece by piece, as the origin sends it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from proxy_addons.exchange import Answer
from proxy_addons.sse import Block, Splitter
from proxy_addons.units import Size

EVENT_STREAM = "text/event-stream"

FLUSH = 0.05
"""Seconds for what was handed out to get on its way: a reset drops what still waits in a buffer."""


class Place(BaseModel):
    """A place behind so many events, or so many bytes, of an answer. Behind the first event when nothing is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after_events: int | None = Field(
        default=None, ge=0, strict=True, description="events of a text/event-stream that come before it"
    )
    after_bytes: Size | None = Field(default=None, description="bytes of the body that come before it, of any answer")

    @model_validator(mode="after")
    def _one_count(self) -> Self:
        if self.after_events is not None and self.after_bytes is not None:
            raise ValueError("counts events and bytes at once; write after_events or after_bytes")
        return self

    @property
    def events(self) -> int | None:
        """How many events come before it; None when bytes are counted."""
        if self.after_bytes is not None:
            return None
        return 1 if self.after_events is None else self.after_events

    @property
    def words(self) -> str:
        """Where it is: 'after 3 events'."""
        if self.events is None:
            return f"after {self.after_bytes} bytes"
        return f"after {counted(self.events)}"


def counted(events: int) -> str:
    """A number of events in words."""
    return f"{events} event{'' if events == 1 else 's'}"


def no_events(answer: Answer | None) -> str:
    """Why the events of this answer cannot be counted; empty when they can."""
    kind = (answer.header("content-type") or "") if answer is not None else ""
    if kind.partition(";")[0].strip().lower() != EVENT_STREAM:
        return f"the answer is no event stream ({kind or 'without a content type'}): it has no events to count"
    encoding = (answer.header("content-encoding") or "identity") if answer is not None else ""
    if encoding.strip().lower() != "identity":
        return f"the event stream is compressed ({encoding}): its events cannot be seen"
    return ""


class Reader:
    """An answer as it flows, read up to a place or event by event, and then the rest of it."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._splitter = Splitter()
        self._ready: deque[Block] = deque()
        self._left = b""
        self.reached = False

    async def before(self, place: Place) -> AsyncIterator[bytes]:
        """What comes before a place. `reached` says that it was there, as soon as the last piece is handed out."""
        if place.events is None:
            counting = self._before_bytes(place.after_bytes or 0)
        else:
            counting = self._before_events(place.events)
        async for piece in counting:
            yield piece

    async def block(self) -> Block | None:
        """The next block, the unfinished one at the end too; None behind it."""
        while not self._ready:
            piece = await anext(self._pieces, None)
            if piece is None:
                rest = self._splitter.rest()
                return Block(rest, counts=False) if rest else None
            self._ready.extend(self._splitter.feed(piece))
        return self._ready.popleft()

    async def rest(self) -> AsyncIterator[bytes]:
        """All that is left, as it comes."""
        held = self._left + b"".join(block.raw for block in self._ready) + self._splitter.rest()
        self._left = b""
        self._ready.clear()
        if held:
            yield held
        async for piece in self._pieces:
            yield piece

    async def _before_bytes(self, left: int) -> AsyncIterator[bytes]:
        self.reached = not left
        while not self.reached and (piece := await anext(self._pieces, None)) is not None:
            self._left = piece[left:]
            self.reached = len(piece) >= left
            left -= len(piece[:left])
            yield piece[: len(piece) - len(self._left)]

    async def _before_events(self, left: int) -> AsyncIterator[bytes]:
        self.reached = not left
        while not self.reached and (block := await self.block()) is not None:
            left -= block.counts
            self.reached = not left
            yield block.raw
