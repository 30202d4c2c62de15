"""One try of one call, as a check looks at it: what the agent got, and what the provider did."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from proxy_addons.events.event import CallRecord, Event, ExchangeClosed
from proxy_addons.exchange import Commit

IDLE = frozenset({"noop"})
"""Faults that count but do nothing: having played one exercises no check."""

HARMLESS = IDLE | {
    "bandwidth",
    "drip",
    "drop_delivery",
    "duplicate_delivery",
    "duplicate_request",
    "goaway",
    "headers",
    "latency",
    "reorder",
    "slow_close",
}
"""Faults after which an answer that did arrive is as good as the provider's. Any other may have spoilt a 200."""

_STATE_SETTING = frozenset(
    {"cancel", "deactivate", "delete", "freeze", "release", "remove", "revoke", "set", "unfreeze", "update"}
)
"""First words of operations that bring about a state and do nothing where it is reached already."""
_FIRST_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


WEBHOOK = "webhook"
"""The protocol in which the sandbox calls the agents."""


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One call of one exchange. Two attempts are equal only when they are the same."""

    exchange: ExchangeClosed
    call: CallRecord

    @property
    def number(self) -> int:
        """The exchange's number."""
        return self.exchange.number

    @property
    def repeat_of(self) -> int | None:
        """The number of the exchange whose request the network repeated with this one; None: the agent sent it."""
        return self.exchange.duplicate_of

    @property
    def started_at(self) -> float:
        """When the agent asked."""
        return self.exchange.started_at

    @property
    def ended_at(self) -> float:
        """When the agent had its answer, or no longer waited for one."""
        return self.exchange.closed_at

    @property
    def faults(self) -> tuple[str, ...]:
        """The words of the faults that took place and did something."""
        return tuple(i.fault for i in self.exchange.injections if i.delivered and i.fault not in IDLE)

    @property
    def accepted(self) -> bool:
        """Whether the provider said yes to the call."""
        status = self.call.status if self.call.status is not None else self.exchange.pristine_status
        return status is None or status < 400

    @property
    def succeeded(self) -> bool:
        """Whether the agent got a sound answer that says yes."""
        status = self.exchange.status
        return (
            self.exchange.delivered
            and status is not None
            and 200 <= status < 300
            and self.accepted
            and HARMLESS.issuperset(self.faults)
        )

    @property
    def disturbed(self) -> bool:
        """Whether a fault took place, or the provider itself was in trouble."""
        status = self.exchange.status
        return bool(self.faults) or not self.exchange.delivered or status is None or status == 429 or status >= 500

    @property
    def committed(self) -> bool:
        """Whether it changed something at the provider, or was a replay of what did."""
        if self.call.safe or self.exchange.commit is not Commit.COMMITTED:
            return False
        status = self.call.status
        return len(self.exchange.calls) == 1 if status is None else 200 <= status < 300

    @property
    def ambiguous(self) -> bool:
        """Whether nobody can know if it changed something: it reached the provider, whose answer does not tell."""
        if self.call.safe or self.exchange.commit is Commit.NONE or self.committed:
            return False
        return self.call.status is None or self.call.status >= 500

    @property
    def words(self) -> set[str]:
        """Everything that the agent named when it asked: the segments of the path, the values in the input."""
        return {*self.exchange.path.split("/"), *_leaves(self.call.input)}

    @property
    def idempotent(self) -> bool:
        """Whether asking twice is the same as asking once: by the method (RFC 9110, 9.2.2) or by the name."""
        if self.call.safe or self.exchange.method in {"PUT", "DELETE"}:
            return True
        first = _FIRST_WORD.match(self.call.operation)
        return first is not None and first[0].lower() in _STATE_SETTING


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int):
        yield hex(value) if abs(value) >= 2**64 else str(value)  # str refuses an int of thousands of digits


def attempts_of(events: Iterable[Event]) -> list[Attempt]:
    """Every call of the agents' at a provider, in the order in which they were made.

    Among them are the repeats that the network made of them; not among them are the webhooks of the sandbox's.
    """
    exchanges = [event for event in events if isinstance(event, ExchangeClosed) and event.protocol != WEBHOOK]
    exchanges.sort(key=lambda exchange: (exchange.started_at, exchange.number))
    return [Attempt(exchange, call) for exchange in exchanges for call in exchange.calls]
