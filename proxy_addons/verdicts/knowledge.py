"""What an agent demonstrably knew of the effects of its calls, whose answers it may never have got.

It *learned* of an effect when it named its resource in a later call: a release, a cancel, a look at it.
A resource that the call itself had named proves nothing, for the agent made that name up.

It *looked* when a read in which the effect could be seen was answered as the provider said it. What the
agent saw in that answer is not known.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from proxy_addons.verdicts.attempt import Attempt
from proxy_addons.verdicts.effects import resources_of

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


class Knowledge:
    """What the agents of a run knew, and when."""

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        self._named: dict[tuple[str, str], list[float]] = {}
        self._reads: dict[str, list[Attempt]] = {}
        made = {name for attempt in attempts if not attempt.call.safe for name in _made_by(attempt)}
        for attempt in attempts:
            if attempt.repeat_of is not None:
                continue
            agent = attempt.exchange.agent
            for name in made & attempt.words if made else ():
                self._named.setdefault((agent, name), []).append(attempt.started_at)
            if attempt.call.safe and attempt.sound:
                self._reads.setdefault(agent, []).append(attempt)

    def learned(self, made: Iterable[Attempt], until: float = float("inf")) -> bool:
        """Whether the agent named what one of these calls of its brought about, before that time."""
        return any(
            self._is_named(attempt, name, until)
            for attempt in made
            if attempt.committed
            for name in _made_by(attempt) - attempt.words
        )

    def looked(self, made: Attempt, until: float) -> bool:
        """Whether the agent had an answer, before that time, in which it could see what this call brought about."""
        reads = self._reads.get(made.exchange.agent, [])
        first = bisect_right(reads, made.started_at, key=lambda read: read.started_at)
        last = bisect_right(reads, until, key=lambda read: read.started_at)
        return any(read.ended_at <= until and _could_show(read, made) for read in reads[first:last])

    def _is_named(self, attempt: Attempt, name: str, until: float) -> bool:
        times = self._named.get((attempt.exchange.agent, name), [])
        following = bisect_right(times, attempt.started_at)
        return following < len(times) and times[following] < until


def _made_by(attempt: Attempt) -> set[str]:
    return {name for _, name in resources_of(attempt)}


def _could_show(read: Attempt, made: Attempt) -> bool:
    """Whether it reads what was made, the collection that it is in, or things that are called the same."""
    if read.exchange.host != made.exchange.host:
        return False
    if resources_of(read) & resources_of(made):
        return True
    if read.exchange.method == "GET" and read.exchange.path.partition("?")[0] == made.exchange.path:
        return True
    return bool(_things(read) & _things(made))


def _things(attempt: Attempt) -> set[str]:
    """What an operation is about: `escrow`, for `create_escrow` and `list_escrows`."""
    return {word.lower().removesuffix("s") for word in _WORD.findall(attempt.call.operation)[1:]}
