"""One try of one call, as a check looks at it: what the agent got, and what the provider did."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

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
"""Faults after which an answer that did arrive is as good as the provider's."""

READABLE = HARMLESS | {
    "corrupt_fields",
    "false_success",
    "partial_response",
    "schema_drift",
    "stale",
    "stream_duplicate",
}
"""Faults after which a 2xx can still be read and says yes, though it may not be what the provider said.

Any other may have spoilt it: cut it off, garbled it, or said no in it.
"""

AT_ONCE = 10.0
"""Seconds within which a call that comes again under its key shows that the agent could not use the answer."""

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
    asked_again: bool = False
    """Whether the agent sent it again at once, under the same key, after an answer that a fault edited."""

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
        """Whether the agent got an answer that says yes and can be read, edited by a fault or not.

        An edited one that made the agent ask again at once is none.
        """
        return self._affirmed and READABLE.issuperset(self.faults) and not self.asked_again

    @property
    def sound(self) -> bool:
        """Whether the agent got an answer that says yes, as the provider gave it."""
        return self._affirmed and HARMLESS.issuperset(self.faults)

    @property
    def _affirmed(self) -> bool:
        status = self.exchange.status
        return self.exchange.delivered and status is not None and 200 <= status < 300 and self.accepted

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
    def refused(self) -> bool:
        """Whether the provider said no for good, so that nothing could take effect: a 4xx other than 429."""
        status = self.call.status if self.call.status is not None else self.exchange.pristine_status
        if self.exchange.commit is not Commit.NONE or not self.exchange.reached_upstream:
            return False
        return status is not None and 400 <= status < 500 and status != 429

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
    attempts = [Attempt(exchange, call) for exchange in exchanges for call in exchange.calls]
    again = _asked_again(attempts)
    return [replace(attempt, asked_again=True) if attempt in again else attempt for attempt in attempts]


def _asked_again(attempts: list[Attempt]) -> set[Attempt]:
    """Those with an edited answer after which the same key came again at once."""
    found: set[Attempt] = set()
    latest: dict[tuple[str, str, str], Attempt] = {}
    for attempt in attempts:
        if not attempt.call.key or attempt.repeat_of is not None:
            continue
        keyed = (attempt.exchange.agent, attempt.call.operation, attempt.call.key)
        before = latest.get(keyed)
        if before is not None and 0 <= attempt.started_at - before.ended_at <= AT_ONCE and not before.sound:
            found.add(before)
        latest[keyed] = attempt
    return found
