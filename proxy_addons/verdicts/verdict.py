"""What a check says, and what a run's checks say together.

Results are four-valued, and a run is never green by default: without a delivered fault nothing was
shown, so there is no pass. A check that was not exercised does not stop a run from passing on those
that were; a run in which none was is itself not exercised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Result(StrEnum):
    """What a check, or a run, came to."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_EXERCISED = "not_exercised"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One exchange that bears a finding out: its number in the journal, and what happened in a short line."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    `sentence` says it in one sentence, `not_ruled_out` what it cannot know. `warning` marks a pass that
    is worth a look. `figures` are named amounts and counts, written out.
    """

    check: str
    result: Result
    sentence: str
    evidence: tuple[Evidence, ...] = ()
    not_ruled_out: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run came to: its findings in the order of the checks, why, and the exit code that follows."""

    findings: tuple[Finding, ...]
    result: Result
    reason: str
    exit_code: int


def overall(
    findings: Sequence[Finding], *, delivered_faults: int, crashed: bool = False, complete: bool = True
) -> Result:
    """What the findings come to together.

    `crashed`: Crosswind itself broke, so that even a failure may be its own doing. `complete` is false
    when the journal has not everything that happened.
    """
    results = {finding.result for finding in findings}
    if crashed:
        return Result.INCONCLUSIVE
    if Result.FAIL in results:
        return Result.FAIL
    if Result.INCONCLUSIVE in results or not complete:
        return Result.INCONCLUSIVE
    if Result.PASS in results and delivered_faults > 0:
        return Result.PASS
    return Result.NOT_EXERCISED


def exit_code(
    findings: Sequence[Finding],
    child_status: int | None,
    delivered_faults: int,
    *,
    crashed: bool = False,
    complete: bool = True,
) -> int:
    """The exit code of a run.

    0: every exercised check passed. 1: a check failed. 2: every exercised check passed, but the agent's
    own command failed (`child_status`: None when there was none, negative when a signal ended it).
    3: inconclusive or not exercised. 4: Crosswind broke.
    """
    if crashed:
        return 4
    match overall(findings, delivered_faults=delivered_faults, complete=complete):
        case Result.FAIL:
            return 1
        case Result.PASS:
            return 2 if child_status else 0
        case Result.INCONCLUSIVE | Result.NOT_EXERCISED:
            return 3
