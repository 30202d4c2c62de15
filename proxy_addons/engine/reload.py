"""A profile's file that changes on disk is read again, and holds from the next call on.

Rules it keeps:
- The file is looked at once a second; it is read when it has come to rest, on a thread of its own.
- A file that is wrong, is gone, or changes what cannot change is refused: the profile before it stays.
- What came of it is said on stderr and in the journal. A file that says the same as before is no news.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from proxy_addons.engine.live import Live
from proxy_addons.events.event import Event, ProfileReloaded
from proxy_addons.rules.problem import ProfileError
from proxy_addons.rules.settings import Settings

INTERVAL = 1.0
_AT_REST = 0.1
"""Seconds. An editor may take a moment to write a file, or to put another in its place."""

type _Stamp = tuple[int, int, int] | None


@dataclass(frozen=True)
class Source:
    """Where a run's settings come from: the profile's file, and how to read it again with the same options.

    `read` raises ProfileError or ValueError when something is wrong.
    """

    path: Path
    read: Callable[[], Settings]


class Reload:
    """Watches one file from `start` to `stop`, both on the proxy's event loop."""

    def __init__(
        self, source: Source, live: Live, emit: Callable[[Event], None], *, interval: float = INTERVAL
    ) -> None:
        self._source = source
        self._live = live
        self._emit = emit
        self._interval = interval
        self._seen = self._stamp()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.ensure_future(self._watch())

    def stop(self) -> None:
        """Watch no longer."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            stamp = self._stamp()
            while stamp != self._seen:
                self._seen = stamp
                await asyncio.sleep(_AT_REST)
                stamp = self._stamp()
                if stamp == self._seen:
                    await self._read()

    def _stamp(self) -> _Stamp:
        with contextlib.suppress(OSError):
            found = self._source.path.stat()
            return found.st_mtime_ns, found.st_size, found.st_ino
        return None

    async def _read(self) -> None:
        try:
            settings = await asyncio.to_thread(self._source.read)
            before = self._live.settings
            if (settings.digest, settings.seed) == (before.digest, before.seed) and settings.scope == before.scope:
                return
            self._live.take_over(settings)
        except ProfileError as error:
            self._refuse([str(problem) for problem in error.problems])
        except ValueError as error:
            self._refuse([f"{self._source.path}: {error}"])
        else:
            sys.stderr.write(f"crosswind: {self._source.path} changed and holds from the next call on\n")
            self._emit(ProfileReloaded(time.time(), ok=True, digest=settings.digest))

    def _refuse(self, problems: list[str]) -> None:
        listed = "\n".join(problems)
        sys.stderr.write(f"crosswind: {self._source.path} changed and is refused; what held before stays:\n{listed}\n")
        self._emit(ProfileReloaded(time.time(), ok=False, digest=self._live.settings.digest, problems=problems))
