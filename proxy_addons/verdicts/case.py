"""The facts of one run, laid out once for all checks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from proxy_addons.events.event import Event, ProxyError, RunEnded
from proxy_addons.verdicts.attempt import Attempt, attempts_of
from proxy_addons.verdicts.baseline import Baseline, baseline_of
from proxy_addons.verdicts.chains import Chain, chains_of


@dataclass(frozen=True)
class Case:
    """What the checks judge on.

    `missing` says why the events are not everything that happened, and is empty when they are: what is
    absent from an incomplete journal proves nothing.
    """

    attempts: list[Attempt]
    missing: str = ""
    baseline: Baseline | None = None

    @cached_property
    def chains(self) -> list[Chain]:
        """All attempts, in chains of retries."""
        return chains_of(self.attempts)

    @property
    def delivered_faults(self) -> int:
        """How many faults took place and did something."""
        return sum(len(faults) for faults in {a.number: a.faults for a in self.attempts}.values())


def case_of(events: Iterable[Event], *, trouble: str = "", baseline: Iterable[Event] | None = None) -> Case:
    """Lay out the events of a run.

    `trouble` is what the journal's writer or reader had to complain of.
    """
    events = list(events)
    missing = trouble or ("" if any(isinstance(e, RunEnded) for e in events) else "the journal ends before the run did")
    return Case(attempts_of(events), missing, baseline_of(baseline) if baseline is not None else None)


def crash_of(events: Iterable[Event]) -> str | None:
    """What broke first in Crosswind itself; None when nothing did."""
    return next((event.message for event in events if isinstance(event, ProxyError)), None)
