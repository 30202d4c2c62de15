from __future__ import annotations

from pathlib import Path

import pytest

from proxy_addons.console.outcome import journal_path, outcome_of, run_folder
from proxy_addons.events.event import Event, encoder
from proxy_addons.events.jsonl import JournalError
from tests.support.journal import Log

NAIVE = Log().lose("e-1").create("e-2").release("e-2")
CAREFUL = Log().lose(key="a").create(key="a").release()


def write(folder: Path, events: list[Event]) -> Path:
    """A run's folder with these events in its journal."""
    lines = b"".join(encoder.encode(event) + b"\n" for event in events)
    (folder / "journal.jsonl").write_bytes(lines)
    return folder


def test_run_may_be_named_by_its_folder_or_its_journal(tmp_path: Path) -> None:
    """Both are the same run."""
    folder = write(tmp_path, NAIVE.events())
    journal = folder / "journal.jsonl"
    assert outcome_of(folder) == outcome_of(journal)
    assert (journal, journal) == (journal_path(folder), journal_path(journal))
    assert (folder, folder) == (run_folder(folder), run_folder(journal))


def test_outcome_knows_of_trouble(tmp_path: Path) -> None:
    """What the writer had to complain of makes a run inconclusive."""
    outcome = outcome_of(write(tmp_path, CAREFUL.events()), trouble="3 events are missing from the journal: disk full")
    assert (outcome.verdict.exit_code, outcome.summary.trouble) == (
        3,
        "3 events are missing from the journal: disk full",
    )
    with pytest.raises(JournalError):
        outcome_of(tmp_path / "no-such-run")
