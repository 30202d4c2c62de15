"""`journal.jsonl`: the events of a run on disk, one JSON object a line.

Rules that the writer keeps:
- Live calls never wait for the disk: `emit` encodes and queues, one daemon thread writes.
- A batch is one `write` with O_APPEND and ends with a whole line. What was emitted `_PAUSE` ago is with
  the kernel and outlives a kill -9 of the proxy; a power cut may take more, for nothing is synced.
- The file holds a prefix of what was emitted. What a failed write left over is tried again; once an
  event had to be dropped, every later one is dropped too, so that a journal with a hole has no
  `run_ended` and can be told from a whole one.
- Nothing that the disk does is raised into the proxy: `trouble` tells of it.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any, get_args

import msgspec

from proxy_addons.events.event import SCHEMA_VERSION, Event, RunStarted, decoder, encoder

JOURNAL_NAME = "journal.jsonl"
"""The journal's name in a run's folder."""

_PAUSE = 0.05
"""Seconds in which a batch gathers: the most that a kill -9 takes, and 20 writes a second at most."""

_RETRY = 0.1
"""Seconds between two tries after a failed write."""

_MAX_EVENTS = 100_000
_MAX_BYTES = 256 * 1024 * 1024
"""What may wait for a disk that stalls: at 1,300 calls a second, the proxy's ceiling, over a minute."""

_KINDS = frozenset(kind.__struct_config__.tag for kind in get_args(Event.__value__))


class JournalError(Exception):
    """A journal that cannot be read. The message names file and line, and says what is wrong."""


class JournalWriter:
    """Appends events to a new journal.

    `emit` and `close` belong to one thread, the event loop's. `dropped` counts the events that will never
    be in the file.

    Raises:
        OSError: the file cannot be opened.
        FileExistsError: it holds something already; a journal belongs to one run.
    """

    def __init__(self, path: Path, *, max_events: int = _MAX_EVENTS, max_bytes: int = _MAX_BYTES) -> None:
        self.path = path
        self.dropped = 0
        self._max_events, self._max_bytes = max_events, max_bytes
        self._queue: deque[bytes] = deque()
        self._batch = memoryview(b"")
        self._queued_bytes = 0  # the event loop alone adds here …
        self._written_bytes = 0  # … and the thread here, so that neither needs a lock
        self._wake, self._closing = threading.Event(), threading.Event()
        self._closed = False
        self._why_dropped: str | None = None
        self._disk_error: str | None = None  # the thread's
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        status = os.fstat(self._file)
        if S_ISREG(status.st_mode) and status.st_size:
            os.close(self._file)
            raise FileExistsError(f"{path} is the journal of an earlier run")
        self._thread = threading.Thread(target=self._run, name="crosswind-journal", daemon=True)
        self._thread.start()

    @property
    def failure(self) -> str | None:
        """Why events were dropped, or why the writer has to try again at present."""
        return self._why_dropped or self._disk_error

    @property
    def trouble(self) -> str:
        """What is missing from the journal and why, as one sentence; empty when nothing is."""
        if self.dropped:
            return f"{self.dropped} events are missing from the journal: {self.failure}"
        return f"the journal could not be written: {self.failure}" if self.failure else ""

    def emit(self, event: Event) -> None:
        """Queue one event. Never waits and never raises."""
        if self.dropped or self._closed:
            self._drop("the journal was closed")
            return
        try:
            line = _encode(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, the call that it tells of must go on
            self._drop(f"an event cannot be written as JSON: {error}")
            return
        queue = self._queue
        pending = self._queued_bytes - self._written_bytes + len(line)
        if len(queue) >= self._max_events or pending > self._max_bytes:
            self._drop(self._disk_error or "the disk did not keep up")
            return
        self._queued_bytes += len(line)
        queue.append(line)
        if not self._wake.is_set():
            self._wake.set()

    def close(self, timeout: float = 5.0) -> None:
        """Write all that is queued and close the file. A disk that stalls is left behind after `timeout` seconds."""
        if self._closed:
            return
        self._closed = True
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout)
        left = bytes(self._batch).count(b"\n") + len(self._queue)
        if self._thread.is_alive():
            self._drop(self._disk_error or "the disk did not keep up", max(left, 1))
            return
        if left:
            self._drop(self._disk_error or "the disk did not keep up", left)
        os.close(self._file)

    def _drop(self, why: str, count: int = 1) -> None:
        self._why_dropped = self._why_dropped or why
        self.dropped += count

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._closing.wait(_PAUSE)
            self._wake.clear()  # before the queue and `_closing` are looked at: what comes later sets it again
            last = self._closing.is_set()
            self._batch = memoryview(b"".join([self._queue.popleft() for _ in range(len(self._queue))]))
            while not self._write():
                if last:
                    return
                last = self._closing.wait(_RETRY)
            if last and not self._queue:
                return

    def _write(self) -> bool:
        """Write the batch, or as much of it as the disk takes."""
        while self._batch:
            try:
                count = os.write(self._file, self._batch)
            except OSError as error:
                self._disk_error = error.strerror or str(error)
                return False
            self._batch = self._batch[count:]
            self._written_bytes += count
        self._disk_error = None
        return True


def _encode(event: Event) -> bytes:
    try:
        return encoder.encode(event) + b"\n"
    except UnicodeEncodeError:  # a path or header with bytes that are no UTF-8, which mitmproxy keeps as surrogates
        return encoder.encode(_map_strings(msgspec.to_builtins(event), _without_surrogates)) + b"\n"


def _without_surrogates(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _map_strings(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - JSON of any shape
    match value:
        case str():
            return change(value)
        case list():
            return [_map_strings(item, change) for item in value]
        case dict():
            return {_map_strings(key, change): _map_strings(item, change) for key, item in value.items()}
        case _:
            return value


@dataclass(frozen=True, slots=True)
class Journal:
    """What a journal holds.

    `torn`: its last line was cut off, as by a kill in mid-write. `unknown` counts the events of kinds
    that this version does not know; they are left out.
    """

    events: list[Event]
    torn: bool = False
    unknown: int = 0


def read_journal(path: Path) -> Journal:
    """Read a journal, also one that is still being written.

    Raises:
        JournalError: it cannot be opened, is no journal, was written in a newer schema, or has a line
            that is wrong, other than a last one that was cut off.
    """
    events: list[Event] = []
    unknown = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    event = _decode(line)
                except (ValueError, RecursionError) as error:
                    if not line.endswith(b"\n"):
                        return Journal(events, torn=True, unknown=unknown)
                    raise JournalError(f"{path}:{number}: {error}") from error
                if number == 1 and not isinstance(event, RunStarted):
                    raise JournalError(f"{path}:1: is no `run_started` event, so this is no journal of a run")
                if event is None:
                    unknown += 1
                else:
                    events.append(event)
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror or error}") from error
    return Journal(events, unknown=unknown)


class _Header(msgspec.Struct):
    event: str
    schema: int = 0


def _decode(line: bytes) -> Event | None:
    """One event, or None when it is of a kind that this version does not know."""
    try:
        event = decoder.decode(line)
    except msgspec.ValidationError as error:
        header = msgspec.json.decode(line, type=_Header)
        _check_schema(header.schema)
        if header.event not in _KINDS:
            return None
        raise ValueError(f"not a `{header.event}` event of schema {SCHEMA_VERSION}: {error}") from error
    if isinstance(event, RunStarted):
        _check_schema(event.schema)
    return event


def _check_schema(schema: int) -> None:
    if schema > SCHEMA_VERSION:
        raise ValueError(f"written in schema {schema} by a newer Crosswind; this one reads up to {SCHEMA_VERSION}")
