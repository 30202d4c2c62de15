"""What an agent does when nothing is broken: the measure for what it may do when something is.

Read from the journal of an undisturbed run of the same agent. Where an agent buys the same thing twice
on purpose, or leaves an escrow open for somebody else to release, only a baseline can tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from proxy_addons.events.event import Event
from proxy_addons.verdicts.attempt import Attempt, attempts_of
from proxy_addons.verdicts.chains import Link, signature_of
from proxy_addons.verdicts.effects import effects_of, owners_of
from proxy_addons.verdicts.obligations import open_obligations


@dataclass(frozen=True, slots=True)
class Baseline:
    """`effects`: how often each kind of intent took effect. `left_open`: obligations by (agent, operation)."""

    effects: Mapping[Link, int]
    left_open: Mapping[tuple[str, str], int]


def baseline_of(events: Iterable[Event]) -> Baseline:
    """Learn from the events of an undisturbed run."""
    attempts = attempts_of(events)
    owners = owners_of(attempts)
    alike: dict[Link, list[Attempt]] = {}
    for attempt in attempts:
        alike.setdefault(signature_of(attempt), []).append(attempt)
    effects = {signature: effects_of(group, owners) for signature, group in alike.items()}
    return Baseline(
        {signature: len(found.certain) + len(found.doubtful) for signature, found in effects.items()},
        Counter((o.opened_by.exchange.agent, o.opened_by.call.operation) for o in open_obligations(attempts)),
    )
