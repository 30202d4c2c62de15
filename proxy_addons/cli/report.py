"""`crosswind report RUN`: the findings of a run again, from its folder."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from proxy_addons.console.outcome import TORN, journal_path, read_outcome, run_folder, to_json
from proxy_addons.console.render import Outcome, render_summary
from proxy_addons.events.jsonl import JournalError

BROKEN = 4
"""The exit code for a journal that cannot be read, or only in part."""


def report(run: Path, *, as_json: bool, baseline: Path | None = None) -> int:
    """Print the findings, for a person on stderr or as JSON on stdout; returns the run's exit code.

    `run` is a run's folder or its journal. One that is missing, foreign or torn gives exit code 4; of a torn
    one, what can be read is shown all the same. `baseline` is an undisturbed run of the same agent, whole.
    """
    try:
        outcome, torn = read_outcome(run, baseline=baseline)
    except JournalError as error:
        sys.stderr.write(f"crosswind: {error}\n")
        return BROKEN
    if torn:
        outcome = Outcome(outcome.summary, replace(outcome.verdict, exit_code=BROKEN))
        sys.stderr.write(f"crosswind: {journal_path(run)}: {TORN}: the run was killed, or is still going on\n")
    if as_json:
        sys.stdout.write(to_json(outcome))
    else:
        from rich.console import Console

        render_summary(outcome.summary, outcome.verdict, run_folder(run), Console(stderr=True))
    return outcome.verdict.exit_code
