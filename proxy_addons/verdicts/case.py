"""The facts of one run, laid out once for all checks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from proxy_addons.events.event import Event, ExchangeClosed, ProxyError, RunEnded
from proxy_addons.verdicts.attempt import WEBHOOK, Attempt, attempts_of
from proxy_addons.verdicts.baseline import Baseline, baseline_of
from proxy_addons.verdicts.chains import Chain, chains_of
from proxy_addons.verdicts.knowledge import Knowledge


@dataclass(frozen=True)
class Case:
    """What the checks judge on.

    `missing` says why the events are not everything that happened, and is empty when they are: what is
    absent from an incomplete journal proves nothing. `webhook_faults` took place on the sandbox's webhooks, which
    are no attempts of an agent's.
    """

    attempts: list[Attempt]
    missing: str = ""
    baseline: Baseline | None = None
    webhook_faults: int = 0

    @cached_property
    def chains(self) -> list[Chain]:
        """All attempts, in chains of retries."""
        return chains_of(self.attempts)

    @cached_property
    def knowledge(self) -> Knowledge:
        """What the agents knew of the effects of their calls."""
        return Knowledge(self.attempts)

    @property
    def delivered_faults(self) -> int:
        """How many faults took place and did something."""
        return self.webhook_faults + sum(len(faults) for faults in {a.number: a.faults for a in self.attempts}.values())


def case_of(events: Iterable[Event], *, trouble: str = "", baseline: Iterable[Event] | None = None) -> Case:
    """Lay out the events of a run.

    `trouble` is what the journal's writer or reader had to complain of.
    """
    events = list(events)
    missing = trouble or ("" if any(isinstance(e, RunEnded) for e in events) else "the journal ends before the run did")
    webhooks = [Attempt(e, e.calls[0]) for e in events if isinstance(e, ExchangeClosed) and e.protocol == WEBHOOK]
    played = sum(len(webhook.faults) for webhook in webhooks)
    return Case(attempts_of(events), missing, baseline_of(baseline) if baseline is not None else None, played)


def crash_of(events: Iterable[Event]) -> str | None:
    """What broke first in Crosswind itself; None when nothing did."""
    return next((event.message for event in events if isinstance(event, ProxyError)), None)
