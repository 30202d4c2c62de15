"""One run's folder and its journal: opened with the first event, closed with the last."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from proxy_addons import __version__
from proxy_addons.engine.crashes import CrashWatch
from proxy_addons.events.event import SCHEMA_VERSION, Event, ProxyError, RunEnded, RunStarted
from proxy_addons.events.jsonl import JOURNAL_NAME, JournalWriter
from proxy_addons.rules.settings import Settings

RUNS = Path(".crosswind") / "runs"


class RunFolderError(Exception):
    """The run's folder cannot be made, or holds another run."""


def make_folder(named: Path | None, profile: str) -> Path:
    """Make the run's folder: `named`, or a new one under `.crosswind/runs`.

    Raises:
        RunFolderError: it cannot be made or written into, or holds a journal already.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    folder = named or RUNS / f"{stamp}-{profile}-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"cannot make the run folder {folder}: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RunFolderError(f"cannot write into the run folder {folder}: {os.strerror(errno.EACCES)}")
    if (folder / JOURNAL_NAME).exists():
        raise RunFolderError(f"{folder} holds another run's journal; name a new folder")
    return folder


class Recorder:
    """Writes what happens, and listens for crashes of the engine's own."""

    def __init__(self, folder: Path, on_crashed_client: Callable[[object], None]) -> None:
        self.folder = folder
        self.crashes = 0
        self._journal = JournalWriter(folder / JOURNAL_NAME)
        self._watch = CrashWatch(self._crashed, on_crashed_client)

    def start(self, settings: Settings, *, command: Sequence[str] = (), insecure: bool = False) -> None:
        """Write the first event."""
        profile = settings.profile
        self._watch.install()
        self.emit(
            RunStarted(
                at=time.time(),
                crosswind=__version__,
                schema=SCHEMA_VERSION,
                seed=settings.seed,
                profile=profile.name,
                profile_digest=settings.digest,
                origin=settings.origin,
                command=list(command),
                scope=list(settings.scope.hosts),
                rules=[rule.name for rule in profile.rules],
                insecure=insecure,
            )
        )

    def emit(self, event: Event) -> None:
        """Write an event. Never waits for the disk."""
        self._journal.emit(event)

    def end(self, child_status: int | None = None) -> None:
        """Write the last event and everything before it."""
        self._watch.remove()
        self.emit(RunEnded(time.time(), child_status))
        self._journal.close()

    @property
    def trouble(self) -> str:
        """Why the journal is not whole, in words; empty when it is."""
        return self._journal.trouble

    def _crashed(self, message: str) -> None:
        self.crashes += 1
        self.emit(ProxyError(time.time(), message))
