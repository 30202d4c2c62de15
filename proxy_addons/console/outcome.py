"""One run, counted and judged, from its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from proxy_addons.console.render import Outcome
from proxy_addons.events.event import Event
from proxy_addons.events.jsonl import JOURNAL_NAME, Journal, JournalError, read_journal
from proxy_addons.verdicts.judge import judge
from proxy_addons.verdicts.summary import summarise
from proxy_addons.verdicts.unexercised import unexercised

TORN = "its last line was cut off"


def outcome_of(run: Path, *, trouble: str = "") -> Outcome:
    """Count and judge a run, from its folder or its journal.

    `trouble` is what the journal's writer had to complain of.

    Raises:
        JournalError: the journal is missing or foreign.
    """
    return read_outcome(run, trouble)[0]


def to_json(outcome: Outcome) -> str:
    """An outcome for scripts: the verdict's fields, `summary`, and `unexercised` where no fault took place."""
    import msgspec

    verdict = outcome.verdict
    fields = {
        "result": verdict.result,
        "reason": verdict.reason,
        "exit_code": verdict.exit_code,
        "findings": verdict.findings,
        "summary": outcome.summary,
        "unexercised": unexercised(outcome.summary),
    }
    return msgspec.json.format(msgspec.json.encode(fields), indent=2).decode() + "\n"


def journal_path(run: Path) -> Path:
    """The journal of a run that is named by its folder or by the journal itself."""
    return run / JOURNAL_NAME if run.is_dir() else run


def run_folder(run: Path) -> Path:
    """The folder of a run that is named by itself or by its journal."""
    return run if run.is_dir() else run.parent


def read_outcome(run: Path, trouble: str = "", *, baseline: Path | None = None) -> tuple[Outcome, bool]:
    """As `outcome_of`, and whether the journal is torn.

    `baseline` is an undisturbed run of the same agent, for the checks to measure by.

    Raises:
        JournalError: a journal is missing or foreign, or the baseline's is no whole and undisturbed run.
    """
    journal = _read(run)
    usual = _undisturbed(baseline) if baseline is not None else None
    trouble = trouble or (TORN if journal.torn else "")
    summary = summarise(journal.events, trouble=trouble, unknown_events=journal.unknown)
    return Outcome(summary, judge(journal.events, trouble=trouble, baseline=usual)), journal.torn


def _read(run: Path) -> Journal:
    path = journal_path(run)
    if run.is_dir() and not path.exists():
        raise JournalError(f"{run}: holds no {JOURNAL_NAME}; name a run's folder, or its journal")
    return read_journal(path)


def _undisturbed(run: Path) -> Sequence[Event]:
    journal = _read(run)
    summary = summarise(journal.events, trouble=TORN if journal.torn else "", unknown_events=journal.unknown)
    if not summary.complete or journal.torn:
        raise JournalError(f"{run}: is no baseline: its journal is not whole")
    if summary.delivered:
        raise JournalError(f"{run}: is no baseline: faults were delivered in it")
    return journal.events
