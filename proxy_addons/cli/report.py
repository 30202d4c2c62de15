"""`crosswind report RUN`: the findings of a run again, from its folder."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from proxy_addons.cli.render import Outcome, render_summary
from proxy_addons.events.jsonl import JOURNAL_NAME, JournalError, read_journal
from proxy_addons.verdicts.judge import judge
from proxy_addons.verdicts.summary import summarise
from proxy_addons.verdicts.unexercised import unexercised

BROKEN = 4
"""The exit code for a journal that cannot be read, or only in part."""

_TORN = "its last line was cut off"


def report(run: Path, *, as_json: bool) -> int:
    """Print the findings, for a person on stderr or as JSON on stdout; returns the run's exit code.

    `run` is a run's folder or its journal. One that is missing, foreign or torn gives exit code 4; of a torn
    one, what can be read is shown all the same.
    """
    try:
        outcome, torn = _read(run)
    except JournalError as error:
        sys.stderr.write(f"crosswind: {error}\n")
        return BROKEN
    if torn:
        outcome = Outcome(outcome.summary, replace(outcome.verdict, exit_code=BROKEN))
        sys.stderr.write(f"crosswind: {journal_path(run)}: {_TORN}: the run was killed, or is still going on\n")
    if as_json:
        sys.stdout.write(to_json(outcome))
    else:
        from rich.console import Console

        render_summary(outcome.summary, outcome.verdict, run_folder(run), Console(stderr=True))
    return outcome.verdict.exit_code


def outcome_of(run: Path, *, trouble: str = "") -> Outcome:
    """Count and judge a run, from its folder or its journal.

    `trouble` is what the journal's writer had to complain of.

    Raises:
        JournalError: the journal is missing or foreign.
    """
    return _read(run, trouble)[0]


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


def _read(run: Path, trouble: str = "") -> tuple[Outcome, bool]:
    path = journal_path(run)
    if run.is_dir() and not path.exists():
        raise JournalError(f"{run}: holds no {JOURNAL_NAME}; name a run's folder, or its journal")
    journal = read_journal(path)
    trouble = trouble or (_TORN if journal.torn else "")
    summary = summarise(journal.events, trouble=trouble, unknown_events=journal.unknown)
    return Outcome(summary, judge(journal.events, trouble=trouble)), journal.torn
