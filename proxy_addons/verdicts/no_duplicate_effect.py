"""no_duplicate_effect: what the agent meant to happen once happened once.

For each intent (`chains.py`) the effects at the provider (`effects.py`) are counted. More than one is a
failure; with a baseline, more than the undisturbed agent had for the same request.

Default: fail on one extra (the definition of the check; IETF idempotency-key draft for the role of keys).

False positives that are avoided:
- A replay under the same key, or any answer that names the same resource again, is no second effect.
- Two identical purchases on purpose: a call that starts after the first one's success was delivered is
  an intent of its own. It passes, and the finding mentions it.
- An extra effect that the agent itself cancelled or refunded: a pass with a warning.
- Operations that bring about a state (PUT, DELETE, `set_…`, `release_…`) may be repeated.
- A purchase that began after the agent had named what the lost one brought about is another one.
- A lost answer of a call that the provider had refused for good (4xx) exercises nothing.
- What cannot be told is inconclusive: an extra effect before which the agent had looked; one that differs
  from the lost call only in its reference or description, and the key; an ambiguous call beside a commit;
  a repeat whose answers name neither resource nor money; identical keyless calls in flight
  together of which one was disturbed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from proxy_addons.tally import CHAIN_GAP
from proxy_addons.verdicts.amount import show_total
from proxy_addons.verdicts.attempt import Attempt
from proxy_addons.verdicts.case import Case
from proxy_addons.verdicts.chains import Intent, Link, intents_of, signature_of, transfer_of
from proxy_addons.verdicts.effects import (
    Effect,
    Effects,
    Resource,
    amount_of,
    effects_of,
    owners_of,
    resources_of,
    undone,
    unresolved,
)
from proxy_addons.verdicts.evidence import blame_of, evidence_of
from proxy_addons.verdicts.knowledge import Knowledge
from proxy_addons.verdicts.verdict import Finding, Result
from proxy_addons.verdicts.wording import listed, plural, was

CHECK = "no_duplicate_effect"

type Owners = Mapping[Effect, Attempt]

_BOOKS = "That it happened once, or twice: the provider's own books tell."
_PURPOSE = "That the repetition was meant: a baseline run of the same agent settles it."


@dataclass(frozen=True, slots=True)
class _Group:
    """Attempts at what may take effect `allowed` times, and the effects that they had."""

    attempts: Sequence[Attempt]
    allowed: int
    effects: Effects
    taken_back: set[Resource]

    @property
    def lasting(self) -> list[Attempt]:
        """The attempts whose effect was not taken back."""
        return [a for a in self.effects.certain if not resources_of(a) or not resources_of(a) <= self.taken_back]

    @property
    def extra(self) -> list[Attempt]:
        """The attempts whose effect is one too many."""
        return self.lasting[self.allowed :]

    @property
    def repaired(self) -> bool:
        """Whether there was an effect too many, which the agent took back."""
        return not self.extra and len(self.effects.certain) > self.allowed

    @property
    def doubtful(self) -> list[Attempt]:
        """The attempts which, had they taken effect, would be one too many."""
        maybe = [*self.effects.doubtful, *(a for a in unresolved(self.attempts) if not a.idempotent)]
        return maybe if len(self.lasting) + len(maybe) > self.allowed else []


def no_duplicate_effect(case: Case) -> Finding:
    """Judge a run."""
    mutating = [attempt for attempt in case.attempts if not attempt.call.safe and attempt.repeat_of is None]
    intents = intents_of(chain for chain in case.chains if not chain.first.call.safe)
    owners = owners_of(case.attempts)
    groups = _groups(case, intents, owners)
    twins, unclear = _twins(case, intents, owners)
    if failed := [group for group in groups if group.extra and not _has_looked(group, case.knowledge)]:
        return _failed(failed)
    if (finding := _in_doubt(groups, unclear) or _reworded(case, intents, owners)) is not None:
        return finding
    disturbed = [attempt for attempt in mutating if attempt.disturbed and not attempt.refused]
    if not disturbed and any(attempt.disturbed for attempt in mutating):
        sentence = "The provider had refused every call that was disturbed, so none could take effect twice."
        return Finding(CHECK, Result.NOT_EXERCISED, sentence)
    if not disturbed:
        why = "No mutating call was disturbed, so none had to be repeated." if mutating else "No mutating call came by."
        return Finding(CHECK, Result.NOT_EXERCISED, why)
    return _passed(groups, disturbed, twins)


def _in_doubt(groups: Sequence[_Group], unclear: Sequence[Attempt]) -> Finding | None:
    """What may have been one effect too many, where nothing surely was."""
    if extra := [group for group in groups if group.extra]:
        names = listed(attempt.call.operation for group in extra for attempt in group.extra)
        sentence = f"{names} took effect again, and the agent looked or used both: whether it meant both is not known."
        evidence = evidence_of(attempt for group in extra for attempt in group.attempts)
        return Finding(CHECK, Result.INCONCLUSIVE, sentence, evidence, _PURPOSE)
    if doubtful := [group for group in groups if group.doubtful]:
        names = listed(attempt.call.operation for group in doubtful for attempt in group.doubtful)
        sentence = f"{names} may have taken effect more than once: the answers do not tell."
        evidence = evidence_of(attempt for group in doubtful for attempt in (*group.effects.certain, *group.doubtful))
        return Finding(CHECK, Result.INCONCLUSIVE, sentence, evidence, _BOOKS)
    if unclear:
        names = listed(attempt.call.operation for attempt in unclear)
        sentence = f"Identical calls of {names} took effect, the one without waiting for the other's success."
        return Finding(CHECK, Result.INCONCLUSIVE, sentence, evidence_of(unclear), _PURPOSE)
    return None


def _groups(case: Case, intents: Sequence[Intent], owners: Owners) -> list[_Group]:
    """One group an intent; where the baseline knows the request, one for all intents that ask for it."""
    attempts: dict[Link, list[Attempt]] = {}
    allowed: dict[Link, int] = {}
    for number, intent in enumerate(intents):
        signature = signature_of(intent.attempts[0])
        known = case.baseline.effects.get(signature) if case.baseline else None
        link = signature if known is not None else ("intent", str(number))
        attempts.setdefault(link, []).extend(intent.attempts)
        allowed[link] = max(1, known or 1)
    found = []
    taken_back = undone(case.attempts)
    for link, members in attempts.items():
        members.sort(key=lambda attempt: (attempt.started_at, attempt.number))
        found.append(_Group(members, allowed[link], effects_of(members, owners), taken_back))
    return found


def _twins(case: Case, intents: Sequence[Intent], owners: Owners) -> tuple[list[Attempt], list[Attempt]]:
    """Identical intents that all took effect: those that were meant, and those of which nobody can tell."""
    alike: dict[Link, list[tuple[Intent, Attempt]]] = {}
    for intent in intents:
        signature = signature_of(intent.attempts[0])
        known = case.baseline is not None and signature in case.baseline.effects
        effects = effects_of(intent.attempts, owners).certain
        if effects and not known and not effects[0].idempotent:
            alike.setdefault(signature, []).append((intent, effects[0]))
    meant: list[Attempt] = []
    unclear: list[Attempt] = []
    for twins in alike.values():
        for (before, first), (after, second) in pairwise(twins):
            (meant if _is_meant(before, after, case.knowledge) else unclear).extend((first, second))
    return meant, unclear


def _is_meant(before: Intent, after: Intent, knowledge: Knowledge) -> bool:
    began = after.attempts[0].started_at
    succeeded_at = [attempt.ended_at for attempt in before.attempts if attempt.succeeded]
    sound_at = [attempt.ended_at for attempt in before.attempts if attempt.sound]
    if sound_at and min(sound_at) <= began:
        return True
    if knowledge.learned(before.attempts, began):
        return True
    if succeeded_at and min(succeeded_at) <= began and knowledge.learned(before.attempts):  # it could read the answer
        return True
    keys = {attempt.call.key for attempt in (*before.attempts, *after.attempts)}
    if succeeded_at and None not in keys:
        return True
    return not any(attempt.disturbed for attempt in (*before.attempts, *after.attempts))


def _has_looked(group: _Group, knowledge: Knowledge) -> bool:
    """Whether the agent may have meant each effect that is one too many.

    It did not send it under the same key, and had looked before, or used the first one later though each has
    a key of its own: two buyers that work side by side look like that.
    """
    lasting = group.lasting
    return all(
        extra.repeat_of is None
        and (not extra.call.key or extra.call.key != before.call.key)
        and (
            knowledge.looked(before, extra.started_at)
            or (extra.call.key and before.call.key and knowledge.learned([before]))
        )
        for before, extra in pairwise(lasting[group.allowed - 1 :])
    )


def _reworded(case: Case, intents: Sequence[Intent], owners: Owners) -> Finding | None:
    """Payments that may be the retry of a lost one, in other words."""
    alike = _alike(case, intents, owners)
    if not alike:
        return None
    names = listed(attempt.call.operation for attempt in alike)
    sentence = (
        f"{names} took effect, or may have, again after an answer was lost: the calls differ only in reference or "
        "description, and in their key, so nobody can tell a reworded retry from another purchase."
    )
    return Finding(CHECK, Result.INCONCLUSIVE, sentence, evidence_of(alike), _PURPOSE)


def _alike(case: Case, intents: Sequence[Intent], owners: Owners) -> list[Attempt]:
    """Payments after a lost one that differ from it only in reference or description, with those they followed."""
    taken_back = undone(case.attempts)
    alike: dict[Link, list[tuple[Intent, list[Attempt]]]] = {}
    for intent in intents:
        transfer = transfer_of(signature_of(intent.attempts[0]))
        effects = effects_of(intent.attempts, owners)
        maybe = [*effects.certain, *effects.doubtful, *unresolved(intent.attempts)]
        lasting = [a for a in maybe if not a.idempotent and not (resources_of(a) and resources_of(a) <= taken_back)]
        if transfer and lasting:
            alike.setdefault(transfer, []).append((intent, lasting))
    usual: Counter[Link] = Counter()
    for signature, count in case.baseline.effects.items() if case.baseline else ():
        if transfer := transfer_of(signature):
            usual[transfer] += count
    found: list[Attempt] = []
    for transfer, payments in alike.items():
        payments.sort(key=lambda payment: payment[0].attempts[0].started_at)
        if sum(len(lasting) for _, lasting in payments) <= usual[transfer]:
            continue
        for (before, first), (after, second) in pairwise(payments):
            if _may_be_a_retry(before, after, case.knowledge):
                found.extend((*first, *second))
    return found


def _may_be_a_retry(before: Intent, after: Intent, knowledge: Knowledge) -> bool:
    """Whether the one began after the other's answer was lost, in time, and the agent did not know of its effect."""
    last, first = before.attempts[-1], after.attempts[0]
    if any(attempt.succeeded for attempt in before.attempts) or last.started_at >= first.started_at:
        return False
    waited = first.started_at - max(attempt.ended_at for attempt in before.attempts)
    return 0 <= waited <= CHAIN_GAP and not knowledge.learned(before.attempts, first.started_at)


def _failed(failed: Sequence[_Group]) -> Finding:
    group = failed[0]
    extra = group.extra[0]
    how = _how_often_sent(group.attempts[: group.attempts.index(extra)], extra)
    sentence = f"{extra.call.operation} took effect {len(group.lasting)} times for one intent: {how}."
    if len(failed) > 1:
        sentence = f"{len(failed)} intents took effect more than once; the first: {sentence}"
    extras = [attempt for each in failed for attempt in each.extra]
    return Finding(
        CHECK,
        Result.FAIL,
        sentence,
        evidence_of(attempt for each in failed for attempt in each.attempts),
        _PURPOSE,
        {"extra effects": str(len(extras)), "extra amount": show_total(map(amount_of, extras))},
    )


def _how_often_sent(earlier: Sequence[Attempt], extra: Attempt) -> str:
    if extra.repeat_of is not None:
        blame = next((blame_of(attempt) for attempt in earlier if attempt.number == extra.repeat_of), "")
        key = "an idempotency key that the provider did not honour" if extra.call.key else "no idempotency key"
        return f"the network repeated #{extra.repeat_of}{f' ({blame})' if blame else ''}, which carried {key}"
    before = [attempt for attempt in earlier if attempt.repeat_of is None]
    return _how(before[-1], extra) if before else "it was sent"


def _how(before: Attempt, extra: Attempt) -> str:
    if not extra.call.key:
        key = "without an idempotency key"
    elif extra.call.key == before.call.key:
        key = "under the same idempotency key, which the provider did not honour"
    else:
        key = "under another idempotency key"
    blame = blame_of(before)
    return f"it was sent again {key} after #{before.number}" + (f" ({blame})" if blame else "")


def _passed(groups: Sequence[_Group], disturbed: Sequence[Attempt], twins: Sequence[Attempt]) -> Finding:
    repaired = [attempt for group in groups if group.repaired for attempt in group.attempts]
    lost = [attempt for attempt in disturbed if attempt.committed and not attempt.sound]
    not_ruled_out = []
    if not lost:
        not_ruled_out.append("That a lost answer is paid for twice: none of a call that took effect was lost.")
    if twins:
        names = listed(attempt.call.operation for attempt in twins)
        not_ruled_out.append(f"That identical calls of {names} were one purchase too many: a baseline run tells.")
    calls = f"{plural(len(disturbed), 'mutating call')} {was(len(disturbed))}"
    sentence = f"{calls} disturbed, and nothing took effect twice."
    if repaired:
        names = listed(attempt.call.operation for attempt in repaired)
        sentence = f"{names} took effect more than once, and the agent took the extra back."
    return Finding(
        CHECK,
        Result.PASS,
        sentence,
        evidence_of(repaired or lost),
        " ".join(not_ruled_out),
        warning=bool(repaired),
    )
