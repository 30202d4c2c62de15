"""A wire for faults that are played without a network: it notes what was done, and time passes at once."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field

from proxy_addons.exchange import Answer, Request
from proxy_addons.faults.base import Fault, Played
from proxy_addons.rules.draw import Draw, seed_key
from proxy_addons.tally import MemoryTally, Tally

DRAW = Draw(seed_key(42), "rule", "buyer", "create_escrow", "f", 1)

EPOCH = 1_800_000_000.0
"""What the fake's wall clock shows when the other one shows zero."""


@dataclass
class FakeWire:
    """`done` holds what a fault did, in order. The client leaves once it has waited for `patience` seconds."""

    request: Request = field(default_factory=lambda: Request("POST", "https", "api.example.com", 443, "/v1/orders"))
    answer: Answer | None = None
    http2: bool = False
    patience: float = math.inf
    tally: Tally = field(default_factory=MemoryTally)
    again: Answer | None = None
    earlier: Answer | None = None
    others: int = 0
    done: list[str] = field(default_factory=list)
    clock: float = 1000.0
    waited: float = 0.0
    raw: bytes | None = None
    length: int | None = None
    stamped: dict[str, str] = field(default_factory=dict)

    def now(self) -> float:
        """Seconds; they pass in `wait` alone."""
        return self.clock

    def wall_clock(self) -> float:
        """The same, since some other time."""
        return EPOCH + self.clock

    async def wait(self, seconds: float) -> bool:
        """Let time pass at once."""
        self.done.append("wait")
        passed = min(seconds, self.patience - self.waited)
        self.waited += passed
        self.clock += passed
        return passed == seconds

    async def wait_for_others(self, count: int, seconds: float) -> int:
        """Tell how many there were: `others`, or all that are waited for."""
        self.done.append(f"wait for {count} others, {seconds}s at most")
        return min(count, self.others)

    async def ask_again(self) -> Answer | None:
        """Answer with `again`."""
        self.done.append("ask again")
        return self.again

    def earlier_answer(self) -> Answer | None:
        """Answer with `earlier`."""
        return self.earlier

    def edit_request(self, headers: Sequence[tuple[str, str]]) -> None:
        """Keep the headers."""
        self.done.append("edit request")
        asked = self.request
        self.request = Request(
            asked.method, asked.scheme, asked.host, asked.port, asked.path, asked.query, tuple(headers), asked.body
        )

    def respond(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        """Keep the answer."""
        self.done.append("respond")
        self.answer = Answer(status, tuple(headers), body)

    def stamp(self, headers: Sequence[tuple[str, str]]) -> None:
        """Keep the headers."""
        self.done.append("stamp")
        self.stamped.update(headers)

    def edit(self, body: bytes | None = None, headers: Sequence[tuple[str, str]] | None = None) -> None:
        """Keep the change."""
        assert self.answer is not None, "there is no answer to edit"
        self.done.append("edit")
        self.answer = Answer(
            self.answer.status,
            self.answer.headers if headers is None else tuple(headers),
            self.answer.body if body is None else body,
        )

    def edit_raw(self, body: bytes, *, length: int | None = None, close: bool = False) -> None:
        """Keep the bytes."""
        self.done.append("edit raw and close" if close else "edit raw")
        self.raw, self.length = body, length

    @property
    def raw_body(self) -> bytes:
        """The bytes that were kept, or the answer's body."""
        if self.raw is not None:
            return self.raw
        return self.answer.body if self.answer is not None else b""

    def goaway(self) -> bool:
        """HTTP/1.1 knows none."""
        self.done.append("goaway")
        return self.http2

    def reset(self) -> bool:
        """A client whose patience is over has left before."""
        self.done.append("reset")
        return self.waited < self.patience

    def close(self) -> None:
        """Note it."""
        self.done.append("close")


async def play(fault: Fault, wire: FakeWire, draw: Draw = DRAW) -> Played:
    """Play a fault on it."""
    return await fault.play(wire, draw)


@dataclass
class Shaped:
    """What came of an answer: its pieces, when each came (seconds since the start), and what was reported."""

    pieces: list[bytes] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    ended_at: float = 0.0
    delivered: bool = False
    detail: str = ""

    @property
    def body(self) -> bytes:
        """All of it."""
        return b"".join(self.pieces)


async def shape(fault: Fault, wire: FakeWire, pieces: Iterable[bytes], *, gap: float = 0.0) -> Shaped:
    """Shape an answer that the origin sends in these pieces, `gap` seconds apart."""
    found, start = Shaped(), wire.clock

    def report(detail: str, /, *, delivered: bool = True) -> None:
        found.detail, found.delivered = detail, delivered

    async def source() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
            wire.clock += gap

    assert fault.shaping is not None, "it shapes nothing"
    async for piece in fault.shaping.shape(source(), wire, DRAW, report):
        found.pieces.append(piece)
        found.at.append(wire.clock - start)
    found.ended_at = wire.clock - start
    return found
