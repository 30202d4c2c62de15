"""What a group of attempts did to the provider's books, each effect counted once.

Effects are told apart by (host, operation, resource): a replay under the same idempotency key names the
resource of the first call and is not a second effect. An answer that names no resource leaves that
open: under the same key the repeat is taken for a replay; without, it is a second effect where money is
named in the input, and in doubt where none is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from proxy_addons.verdicts.amount import read_amount
from proxy_addons.verdicts.attempt import Attempt

type Resource = tuple[str, str]
"""(host, name)"""

type Effect = tuple[str, str, str]
"""(host, operation, resource)"""

_UNDOING = ("cancel", "refund", "revers", "void")
"""Parts of the names of operations that take an effect back, rather than bring it to its end."""


@dataclass(frozen=True, slots=True)
class Effects:
    """The attempts that had an effect of their own, and those that may have had one."""

    certain: list[Attempt]
    doubtful: list[Attempt]


def owners_of(attempts: Iterable[Attempt]) -> dict[Effect, Attempt]:
    """Whose each effect is: the first attempt of the run whose answer named it. The others are replays."""
    owners: dict[Effect, Attempt] = {}
    for attempt in attempts:
        if attempt.committed:
            for effect in _named(attempt):
                owners.setdefault(effect, attempt)
    return owners


def effects_of(attempts: Iterable[Attempt], owners: Mapping[Effect, Attempt]) -> Effects:
    """Tell effects from replays among some attempts of a run, given in the order of their start."""
    found = Effects([], [])
    keys: set[str] = set()
    repeats = False
    for attempt in attempts:
        if not attempt.committed:
            continue
        key, named = attempt.call.key, _named(attempt)
        if named:
            if any(owners[effect] is attempt for effect in named):
                found.certain.append(attempt)
            repeats = True
        elif not attempt.idempotent and not (key and key in keys):
            sure = not repeats or amount_of(attempt)[0] is not None
            (found.certain if sure else found.doubtful).append(attempt)
            repeats = True
        if key:
            keys.add(key)
    return found


def unresolved(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The ambiguous attempts that may have had an effect of their own.

    A commit under the same key settles one: either was the effect, or a replay of it. Of several under
    one key only the first counts.
    """
    attempts = list(attempts)
    settled = {keyed(attempt) for attempt in attempts if attempt.committed and attempt.call.key}
    found = []
    for attempt in attempts:
        if attempt.ambiguous and not (attempt.call.key and keyed(attempt) in settled):
            found.append(attempt)
            if attempt.call.key:
                settled.add(keyed(attempt))
    return found


def undone(attempts: Iterable[Attempt]) -> set[Resource]:
    """The resources that were taken back: cancelled, refunded, reversed."""
    return {
        resource
        for attempt in attempts
        if attempt.committed and any(word in attempt.call.operation.lower() for word in _UNDOING)
        for resource in resources_of(attempt)
    }


def resources_of(attempt: Attempt) -> set[Resource]:
    """The resources that the provider's answer named."""
    return {(attempt.exchange.host, effect.resource) for effect in attempt.call.effects if effect.resource}


def amount_of(attempt: Attempt) -> tuple[str | None, str | None]:
    """Amount and currency of a call: as the provider's answer has them, else as it was asked."""
    for effect in attempt.call.effects:
        if effect.amount is not None:
            return effect.amount, effect.currency
    asked = attempt.call.input if isinstance(attempt.call.input, dict) else {}
    amount, currency = read_amount(asked.get("amount")), asked.get("currency")
    return (str(amount) if amount is not None else None), (currency if isinstance(currency, str) else None)


def _named(attempt: Attempt) -> set[Effect]:
    return {(host, attempt.call.operation, name) for host, name in resources_of(attempt)}


def keyed(attempt: Attempt) -> tuple[str, str, str | None]:
    """What an idempotency key holds for: the agent and the operation."""
    return attempt.exchange.agent, attempt.call.operation, attempt.call.key
