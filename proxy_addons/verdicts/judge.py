"""The verdict on a run: every check, in this order, on the same facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from proxy_addons.events.event import Event, RunEnded
from proxy_addons.verdicts.bounded_retries import bounded_retries
from proxy_addons.verdicts.case import Case, case_of, crash_of
from proxy_addons.verdicts.no_duplicate_effect import no_duplicate_effect
from proxy_addons.verdicts.no_funds_locked import no_funds_locked
from proxy_addons.verdicts.verdict import Finding, Result, Verdict, exit_code, overall
from proxy_addons.verdicts.wording import listed, plural, was

type Check = Callable[[Case], Finding]

CHECKS: tuple[Check, ...] = (no_duplicate_effect, no_funds_locked, bounded_retries)
"""What a run is judged by. The findings keep this order."""


def judge(events: Iterable[Event], *, trouble: str = "", baseline: Iterable[Event] | None = None) -> Verdict:
    """Judge the events of a run, `run_ended` and all.

    `trouble` is what the journal's writer or reader had to complain of: events are missing. `baseline`
    are the events of an undisturbed run of the same agent. The status of the agent's own command is
    taken from `run_ended`, whose absence means that the run was cut short.
    """
    events = list(events)
    case = case_of(events, trouble=trouble, baseline=baseline)
    findings = tuple(check(case) for check in CHECKS)
    child_status = next((event.child_status for event in events if isinstance(event, RunEnded)), None)
    crash, delivered, complete = crash_of(events), case.delivered_faults, not case.missing
    result = overall(findings, delivered_faults=delivered, crashed=crash is not None, complete=complete)
    code = exit_code(findings, child_status, delivered, crashed=crash is not None, complete=complete)
    if crash is not None:
        reason = f"Crosswind itself broke: {crash}"
    elif result is Result.PASS and child_status:
        reason = f"{_passes(findings)}, but the agent's own command ended with status {child_status}"
    else:
        reason = _reason(case, findings, result)
    return Verdict(findings, result, reason, code)


def _reason(case: Case, findings: tuple[Finding, ...], result: Result) -> str:
    named = listed(finding.check for finding in findings if finding.result is result)
    match result:
        case Result.FAIL:
            return f"{named} failed"
        case Result.PASS:
            return _passes(findings)
        case Result.INCONCLUSIVE:
            return case.missing or f"nobody can tell about {named}"
        case Result.NOT_EXERCISED:
            return "no check was exercised" if case.delivered_faults else "no fault was delivered, so nothing was shown"


def _passes(findings: tuple[Finding, ...]) -> str:
    exercised = [finding for finding in findings if finding.result is Result.PASS]
    skipped = len(findings) - len(exercised)
    said = f"{plural(len(exercised), 'check')} passed"
    return f"{said}, {skipped} {was(skipped)} not exercised" if skipped else said
