"""`crosswind` as a person runs it: a process of its own, in a folder and an environment of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from proxy_addons.events.event import Event, ExchangeClosed
from proxy_addons.events.jsonl import JOURNAL_NAME, Journal, read_journal

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = Path(__file__).with_name("clients")
COMMAND = Path(sys.executable).with_name("crosswind")
LIMIT = 60.0
"""Seconds after which a command hangs."""

GATEWAY = "https://sandbox.greenhelix.net"
ESCROWS = "/v1/payments/escrows"
_LEFT_OUT = (
    "CHAOS_SEED",
    "NO_PROXY",
    "no_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NODE_PATH",
)


@dataclass(frozen=True)
class Finished:
    """A command that has ended. `code` is negative when a signal ended it."""

    code: int
    stdout: bytes
    stderr: str


class Crosswind:
    """Runs commands in one folder. Each run is a folder below it, named by the test."""

    def __init__(self, folder: Path, ca: Path) -> None:
        assert COMMAND.exists(), f"{COMMAND} is missing; run scripts/setup"
        self.folder = folder
        self.ca = ca

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """This process's own, less what would change a run; wide enough that no sentence is wrapped."""
        kept = {name: value for name, value in os.environ.items() if name.upper() not in _LEFT_OUT}
        return kept | {"CROSSWIND_CA_DIR": str(self.ca), "COLUMNS": "300", "TERM": "dumb"} | dict(more or {})

    def profile(self, text: str, name: str = "profile.yaml") -> str:
        """Write a profile, and return its name."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def call(
        self,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        before: Sequence[str] = (),
    ) -> Finished:
        """Run `crosswind ARGUMENTS` to its end. `before` is a program that runs it, such as setpriv."""
        done = subprocess.run(
            [*before, str(COMMAND), *arguments],
            check=False,
            capture_output=True,
            cwd=cwd or self.folder,
            env=self.environment(env),
            input=stdin,
            start_new_session=True,
            timeout=LIMIT,
        )
        return Finished(done.returncode, done.stdout, done.stderr.decode())

    def run(
        self, *command: str, run: str = "run", options: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> Finished:
        """Run `crosswind run -- COMMAND` to its end, into the folder `run`."""
        return self.call("run", "--run-dir", run, *options, "--", *command, env=env)

    @contextlib.contextmanager
    def started(self, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """Start `crosswind ARGUMENTS` with pipes, in a session of its own; what is left of it is killed."""
        with subprocess.Popen(
            [str(COMMAND), *arguments],
            cwd=self.folder,
            env=self.environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # the group that was made for it, and nothing else

    def journal(self, run: str = "run") -> Journal:
        """What a run has written."""
        return read_journal(self.folder / run / JOURNAL_NAME)

    def events(self, run: str = "run") -> list[Event]:
        """The events of a run that has ended."""
        journal = self.journal(run)
        assert not journal.torn
        return journal.events

    def exchanges(self, run: str = "run") -> list[ExchangeClosed]:
        """Its exchanges, in the order in which they started."""
        found = [event for event in self.events(run) if isinstance(event, ExchangeClosed)]
        return sorted(found, key=lambda exchange: exchange.number)


def python(name: str, *arguments: str) -> list[str]:
    """The command line of one of the client programs."""
    return [sys.executable, str(CLIENTS / name), *arguments]
