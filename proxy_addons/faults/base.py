"""What a fault is, and the little that it may do to the wire.

A fault is a pydantic model of its settings with one method, `play`. It never sees a flow: it speaks
to a `Wire`, which `engine/wire.py` implements over mitmproxy and tests fake.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from proxy_addons.exchange import Answer, Phase, Request
from proxy_addons.rules.draw import Draw


class Wire(Protocol):
    """One exchange on the wire, as a fault may touch it."""

    @property
    def request(self) -> Request:
        """What the agent asked."""

    @property
    def answer(self) -> Answer | None:
        """The answer as it stands now: None before the upstream was asked."""

    async def wait(self, seconds: float) -> bool:
        """Let time pass. False when the client left before it was over."""

    def respond(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        """Give the agent this answer. Played before, the upstream is never asked."""

    def reset(self) -> bool:
        """Send a TCP RST to the client; false when it has left. On HTTP/2 it ends every stream of the connection."""

    def close(self) -> None:
        """Close the client's connection (FIN) without an answer. On HTTP/2 the stream alone is reset."""


@dataclass(frozen=True, slots=True)
class Played:
    """How it went. `ends` means no further fault can be played on this exchange."""

    delivered: bool
    detail: str
    ends: bool = False


class Fault(BaseModel):
    """Settings of one fault, and how it is played.

    A subclass narrows `at` to the sides on which it makes sense and gives it a default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shorthand: ClassVar[str | None] = None
    """The setting that `fault: {word: value}` sets when value is no mapping; None: there is no short form."""

    at: Phase

    @property
    def fatal(self) -> bool:
        """Whether the agent certainly gets no good answer when it is played."""
        return False

    @abstractmethod
    def describe(self) -> str:
        """What it does, as the end of a sentence: 'delays the request by 250ms'."""

    @abstractmethod
    async def play(self, wire: Wire, draw: Draw) -> Played:
        """Do it, and say whether it took place."""
