"""What a fault is, and the little that it may do to the wire.

A fault is a pydantic model of its settings with one method, `play`. It never sees a flow: it speaks
to a `Wire`, which `engine/wire.py` implements over mitmproxy and tests fake.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, final, override

from pydantic import BaseModel, ConfigDict

from proxy_addons.exchange import Answer, Phase, Request
from proxy_addons.rules.draw import Draw
from proxy_addons.tally import Tally


class Wire(Protocol):
    """One exchange on the wire, as a fault may touch it."""

    @property
    def request(self) -> Request:
        """What the agent asked."""

    @property
    def answer(self) -> Answer | None:
        """The answer as it stands now: None before the upstream was asked."""

    @property
    def http2(self) -> bool:
        """Whether the agent speaks HTTP/2."""

    @property
    def tally(self) -> Tally:
        """What is counted across exchanges, such as a rate limit's tokens."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""

    def wall_clock(self) -> float:
        """Seconds since the epoch, for what is written as a date."""

    async def wait(self, seconds: float) -> bool:
        """Let time pass. False when the client left before it was over."""

    async def wait_for_others(self, count: int, seconds: float) -> int:
        """Wait until `count` answers of later exchanges were let go, `seconds` at most; how many were."""

    async def ask_again(self) -> Answer | None:
        """Send the same request to the origin once more; None when it gave no answer. The agent sees nothing of it."""

    def earlier_answer(self) -> Answer | None:
        """The last successful answer of this agent's same operation before this one; None when there was none."""

    def edit_request(self, headers: Sequence[tuple[str, str]]) -> None:
        """Change all headers of the request, before it is sent on."""

    def respond(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        """Give the agent this answer. Played before, the upstream is never asked."""

    def stamp(self, headers: Sequence[tuple[str, str]]) -> None:
        """Set these headers on whatever answer the agent will get. Played before; nothing is buffered for it."""

    def edit(self, body: bytes | None = None, headers: Sequence[tuple[str, str]] | None = None) -> None:
        """Change the answer: its decoded body, or all its headers. Encoding stays, framing is mended."""

    def edit_raw(self, body: bytes, *, length: int | None = None, close: bool = False) -> None:
        """Put these bytes on the wire as they are. `length` is what Content-Length claims; None: what it is.

        An answer whose length is a lie counts as not delivered, for the agent cannot read it to its end.

        `close` ends an HTTP/1.1 connection behind them, so that no client waits for the rest.
        """

    @property
    def raw_body(self) -> bytes:
        """The answer's body as it is on the wire, still encoded."""

    def goaway(self) -> bool:
        """Send an HTTP/2 GOAWAY: streams under way end well, new ones need a new connection. False on HTTP/1.1."""

    def reset(self) -> bool:
        """Send a TCP RST to the client; false when it has left. On HTTP/2 it ends every stream of the connection."""

    def close(self) -> None:
        """Close the client's connection (FIN) without an answer. On HTTP/2 the stream alone is reset."""


Side = Literal[Phase.BEFORE, Phase.AFTER]
"""Where a fault may play that plays on a call."""

type Flaw = Literal["alert", "wrong_host", "expired", "untrusted"]
"""What is wrong with a TLS handshake: an alert instead of it, or a certificate that a careful client refuses."""


class Report(Protocol):
    """Takes what happened, in a few words; the last one counts."""

    def __call__(self, detail: str, /, *, delivered: bool = True) -> None:
        """Say that it took place; with `delivered=False` why it cannot."""


class Shapes(Protocol):
    """The ability to shape an answer as it flows."""

    def shape(self, pieces: AsyncIterator[bytes], wire: Wire, draw: Draw, report: Report) -> AsyncIterator[bytes]:
        """Yield what the agent gets, out of `pieces`, which come as the origin sends them.

        A fault that never reports is journaled as not delivered. After `wire.reset()` or `wire.close()` it returns.
        """


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

    protocols: ClassVar[frozenset[str] | None] = None
    """The protocols to which it means something; None: to all of them. A rule for others alone is refused."""

    at: Phase

    @property
    def fatal(self) -> bool:
        """Whether the agent certainly gets no good answer when it is played."""
        return False

    @property
    def sides(self) -> tuple[Phase, ...]:
        """Where it strikes: the side that `at` names, unless it strikes on several."""
        return (self.at,)

    @property
    def shaping(self) -> Shapes | None:
        """What shapes the answer as it flows, in place of `play` on the side "after"; None: it is played at once."""
        return None

    @property
    def flaw(self) -> Flaw | None:
        """What is wrong with the TLS handshake that follows, in place of `play`; None: it is played at once."""
        return None

    @property
    def resizes(self) -> bool:
        """Whether shaping may change the body's length without ending the connection: then no length is promised."""
        return False

    @property
    def reads_events(self) -> bool:
        """Whether shaping looks at the events of a stream: then the origin is asked not to compress its answer."""
        return False

    @abstractmethod
    def describe(self) -> str:
        """What it does, as the end of a sentence: 'delays the request by 250ms'."""

    @abstractmethod
    async def play(self, wire: Wire, draw: Draw) -> Played:
        """Do it, and say whether it took place."""


class Shaper(Fault):
    """A fault that shapes the answer as it flows, piece by piece, without keeping it.

    It plays behind every fault that edits the answer as a whole.
    """

    at: Literal[Phase.AFTER] = Phase.AFTER

    @final
    @override
    @property
    def shaping(self) -> Shapes:
        return self

    @abstractmethod
    def shape(self, pieces: AsyncIterator[bytes], wire: Wire, draw: Draw, report: Report) -> AsyncIterator[bytes]:
        """See `Shapes.shape`."""

    @final
    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        raise TypeError("a shaper is not played at once")


class Opening(Fault):
    """A fault that strikes when a connection is opened, before any call exists."""

    covers_open: ClassVar[bool] = False
    """Whether it strikes a connection that is open already, too, when the next call arrives on it."""

    at: Literal[Phase.CONNECT] = Phase.CONNECT
