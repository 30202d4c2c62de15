"""Money that a call locked at the provider, and what became of it.

An effect that `opens` locks money under a resource; any effect that `closes` the same resource sets it
free, whoever caused it: a release, cancel or refund, or a read that shows it is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proxy_addons.events.event import EffectRecord
from proxy_addons.verdicts.amount import read_amount
from proxy_addons.verdicts.attempt import Attempt
from proxy_addons.verdicts.effects import Resource, keyed, resources_of, unresolved

_EXPIRY = ("timeout_hours",)
"""Input fields after which the provider sets the money free by itself."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """Money still locked when the journal ends.

    `known`: the agent learned of it, by a sound answer, or it named the resource itself. `expires`: the
    provider will set it free by itself. `in_doubt`: a call that may have closed it was never answered.
    """

    resource: str
    amount: str | None
    currency: str | None
    opened_by: Attempt
    known: bool
    expires: bool
    in_doubt: bool


def open_obligations(attempts: Sequence[Attempt]) -> list[Obligation]:
    """What was opened and never closed, in the order of opening. `attempts` are in the order of their start."""
    closed = {
        (attempt.exchange.host, effect.resource)
        for attempt in attempts
        for effect in attempt.call.effects
        if effect.kind == "closes"
    }
    opened: dict[Resource, tuple[Attempt, EffectRecord]] = {}
    for attempt in attempts:
        for effect in attempt.call.effects:
            if effect.kind == "opens" and effect.resource:
                opened.setdefault((attempt.exchange.host, effect.resource), (attempt, effect))
    left = {resource: opener for resource, opener in opened.items() if resource not in closed}
    named = _named_by(attempts, {name for _, name in left})
    sound = [attempt for attempt in attempts if attempt.sound]
    answered = {resource for attempt in sound for resource in resources_of(attempt)}
    replayed = {keyed(attempt) for attempt in sound if attempt.call.key}  # a marked replay has no effects of its own
    return [
        Obligation(
            effect.resource,
            effect.amount,
            effect.currency,
            attempt,
            known=resource in answered or effect.resource in named or keyed(attempt) in replayed,
            expires=_expires(attempt),
            in_doubt=any(later.ambiguous for later in named.get(effect.resource, ())),
        )
        for resource, (attempt, effect) in left.items()
    ]


def _named_by(attempts: Sequence[Attempt], resources: set[str]) -> dict[str, list[Attempt]]:
    """Who named which of these resources in its request."""
    found: dict[str, list[Attempt]] = {}
    if resources:
        for attempt in attempts:
            for name in resources & attempt.words:
                found.setdefault(name, []).append(attempt)
    return found


def has_opened(attempts: Sequence[Attempt]) -> bool:
    """Whether any money was locked at all."""
    return any(effect.kind == "opens" for attempt in attempts for effect in attempt.call.effects)


def possible_openers(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Attempts that may have locked money of which nothing can be known.

    These are ambiguous calls of an operation that was seen to open, or of one that was never seen to
    take effect and names an amount; and answers that opened something without naming it.
    """
    took_effect = {attempt.call.operation for attempt in attempts if attempt.committed}
    opening = {a.call.operation for a in attempts if any(effect.kind == "opens" for effect in a.call.effects)}
    nameless = [a for a in attempts if any(e.kind == "opens" and not e.resource for e in a.call.effects)]
    doubtful = [
        attempt
        for attempt in unresolved(attempts)
        if attempt.call.operation in opening
        or (attempt.call.operation not in took_effect and _names_amount(attempt) and not attempt.idempotent)
    ]
    return nameless + doubtful


def _names_amount(attempt: Attempt) -> bool:
    asked = attempt.call.input
    return isinstance(asked, dict) and read_amount(asked.get("amount")) is not None


def _expires(attempt: Attempt) -> bool:
    asked = attempt.call.input
    return isinstance(asked, dict) and any(read_amount(asked.get(name)) is not None for name in _EXPIRY)
