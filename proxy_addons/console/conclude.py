"""The end of a run: judge its journal, print the summary on stderr, and say the exit code."""

from __future__ import annotations

from pathlib import Path

from proxy_addons.console.outcome import outcome_of
from proxy_addons.console.render import render_summary


def conclude(folder: Path, *, trouble: str = "") -> int:
    """Print what came of the run in `folder`; returns its exit code.

    `trouble` is what the journal's writer had to complain of.
    """
    from rich.console import Console

    outcome = outcome_of(folder, trouble=trouble)
    render_summary(outcome.summary, outcome.verdict, folder, Console(stderr=True))
    return outcome.verdict.exit_code
