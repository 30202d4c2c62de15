"""no_funds_locked: no money stays locked at the provider when the agent is done.

An effect that opens an obligation must be followed by one that closes it (`obligations.py`). What is
open when the run ends is a failure, with the total by currency. It is *orphaned* when the agent never
learned of it: no sound answer named it, and the agent named it in no later request.

Default: fail (the definition of the check); a pass with a warning when everything that is open expires
by itself and none of it is orphaned.

False positives that are avoided:
- A run without a delivered fault shows how the agent ends undisturbed, and is not exercised.
- Whoever closes it closes it: the counterparty's release counts, and so does a read that shows it.
- Long-lived escrows that the agent leaves to others: with a baseline, as many known ones may stay open
  as the undisturbed agent left. An orphaned one is never excused.
- A closing call whose fate nobody knows, an ambiguous call that may have locked money, or a journal
  that ends early make the check inconclusive, each only where it could change the result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from proxy_addons.verdicts.amount import show_total
from proxy_addons.verdicts.case import Case
from proxy_addons.verdicts.evidence import describe, evidence_of
from proxy_addons.verdicts.obligations import Obligation, has_opened, open_obligations, possible_openers
from proxy_addons.verdicts.verdict import Evidence, Finding, Result
from proxy_addons.verdicts.wording import plural

CHECK = "no_funds_locked"

_ELSEWHERE = (
    "That somebody sets it free later, or did so past the proxy: a baseline run tells what this agent leaves open."
)
_BOOKS = "That money is locked all the same: look into the provider's own books."


def no_funds_locked(case: Case) -> Finding:
    """Judge a run."""
    left = _unexcused(case, open_obligations(case.attempts))
    certain = [obligation for obligation in left if not obligation.in_doubt]
    if any(not obligation.expires or not obligation.known for obligation in certain):
        return _still_locked(case, certain)
    if doubtful := [obligation for obligation in left if obligation.in_doubt]:
        return _found(Result.INCONCLUSIVE, doubtful, " Nobody can know whether a call that was to close it did.")
    if openers := possible_openers(case.attempts):
        sentence = "A call may have locked money, and nobody can know what it locked."
        return Finding(CHECK, Result.INCONCLUSIVE, sentence, evidence_of(openers), _BOOKS)
    return _expiring(case, certain) if certain else _all_free(case)


def _still_locked(case: Case, certain: Sequence[Obligation]) -> Finding:
    if case.missing:
        return _found(Result.INCONCLUSIVE, certain, f" What became of it is not known: {case.missing}.")
    if not case.delivered_faults:
        return _found(Result.NOT_EXERCISED, certain, _without_a_fault(case))
    return _found(Result.FAIL, certain)


def _expiring(case: Case, certain: Sequence[Obligation]) -> Finding:
    if not case.delivered_faults:
        return _found(Result.NOT_EXERCISED, certain, _without_a_fault(case))
    return _found(Result.PASS, certain, " It expires by itself.")


def _all_free(case: Case) -> Finding:
    if not has_opened(case.attempts):
        return Finding(CHECK, Result.NOT_EXERCISED, "No call locked money.")
    if not case.webhook_faults and not any(attempt.disturbed for attempt in case.attempts):
        return Finding(CHECK, Result.NOT_EXERCISED, "No call was disturbed, so nothing could keep money locked.")
    as_usual = " or left as in the baseline" if case.baseline else ""
    return Finding(CHECK, Result.PASS, f"Everything that was locked was set free{as_usual}.")


def _without_a_fault(case: Case) -> str:
    if any(attempt.disturbed for attempt in case.attempts):
        return " No fault was delivered: what went wrong was the provider's or the client's own doing."
    return " No fault was delivered: this is how the agent ends undisturbed."


def _unexcused(case: Case, obligations: Sequence[Obligation]) -> list[Obligation]:
    """What the baseline does not explain."""
    excused = Counter(case.baseline.left_open if case.baseline else {})
    left = []
    for obligation in obligations:
        who = (obligation.opened_by.exchange.agent, obligation.opened_by.call.operation)
        if obligation.known and excused[who] > 0:
            excused[who] -= 1
        else:
            left.append(obligation)
    return left


def _found(result: Result, obligations: Sequence[Obligation], more: str = "") -> Finding:
    total = show_total((obligation.amount, obligation.currency) for obligation in obligations)
    orphaned = [obligation for obligation in obligations if not obligation.known]
    unknown = f", {len(orphaned)} of them orphaned: the agent never learned of it" if orphaned else ""
    if len(orphaned) == len(obligations) == 1:
        unknown = ", orphaned: the agent never learned of it"
    return Finding(
        CHECK,
        result,
        f"{total} still locked when the run ended, in {plural(len(obligations), 'obligation')}{unknown}.{more}",
        tuple(Evidence(o.opened_by.number, f"{describe(o.opened_by)}, opened {o.resource}") for o in obligations),
        _ELSEWHERE,
        {"locked": total, "orphaned": str(len(orphaned))},
        warning=result is Result.PASS,
    )
