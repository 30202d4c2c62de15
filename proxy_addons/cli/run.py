"""`crosswind run -- CMD`: the proxy, the command in an environment that leads through it, the verdict."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from proxy_addons.engine.certs import CertificateError
from proxy_addons.engine.environment import child_environment
from proxy_addons.engine.loop import run_loop
from proxy_addons.engine.master import ListenError
from proxy_addons.engine.recorder import RunFolderError, make_folder
from proxy_addons.engine.reload import Source
from proxy_addons.engine.session import Session, Ways
from proxy_addons.engine.wire import EngineError
from proxy_addons.rules.find import find
from proxy_addons.rules.load import load
from proxy_addons.rules.problem import ProfileError
from proxy_addons.rules.settings import Settings, settle

MISUSE = 4
NOT_FOUND = 127
NOT_EXECUTABLE = 126
_FORWARDED = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
    if hasattr(signal, name)
)

TROUBLE = (ProfileError, EngineError, CertificateError, ListenError, RunFolderError, ValueError)
"""What can be wrong before anything started: each says it in one message."""


@dataclass(frozen=True)
class RunRequest:
    """What the command line asked for, as it was written."""

    profile: str
    seed: int | None
    origin: str | None
    maps: tuple[str, ...]
    hermetic: bool
    run_dir: Path | None
    ephemeral_ca: bool
    upstream_ca: Path | None
    insecure: bool

    def settings(self, environ: Mapping[str, str]) -> Settings:
        """Read the profile and merge.

        Raises:
            ProfileError, ValueError: what is wrong.
        """
        return settle(
            load(self.profile),
            environ=environ,
            seed=self.seed,
            origin=self.origin,
            maps=self.maps,
            hermetic=self.hermetic,
        )

    def source(self, environ: Mapping[str, str]) -> Source:
        """Where the settings come from, to be read again when the file changes."""
        return Source(find(self.profile), lambda: self.settings(environ))

    def ways(self, host: str = "127.0.0.1", port: int = 0) -> Ways:
        """How the session reaches the world."""
        return Ways(host, port, None, self.ephemeral_ca, self.upstream_ca, self.insecure)


def complain(message: object) -> None:
    """Say on stderr what is wrong."""
    sys.stderr.write(f"crosswind: {message}\n")


def run(asked: RunRequest, command: Sequence[str], *, no_proxy: str | None, agent: str | None) -> int:
    """Do it all; returns the exit code."""
    try:
        settings = asked.settings(os.environ)
        folder = make_folder(asked.run_dir, settings.profile.name)
        source = asked.source(os.environ)
        session = Session(settings, asked.ways(), folder, environ=os.environ, command=command, source=source)
        status = run_loop(_run(session, command, no_proxy=no_proxy, agent=agent))
    except TROUBLE as error:
        complain(error)
        return MISUSE
    if isinstance(status, StartError):
        complain(status.message)
        return status.code
    from proxy_addons.console.conclude import conclude

    return conclude(folder, trouble=session.recorder.trouble)


@dataclass(frozen=True)
class StartError:
    """CMD could not be started."""

    message: str
    code: int


async def _run(
    session: Session, command: Sequence[str], *, no_proxy: str | None, agent: str | None
) -> int | StartError:
    async with session:
        scheme, _, address = session.proxy_url.partition("://")
        environment = child_environment(
            os.environ,
            # A name without a password is not sent by urllib and undici.
            proxy_url=f"{scheme}://{quote(agent, safe='')}:x@{address}" if agent else session.proxy_url,
            bundle=session.bundle,
            ca_certificate=session.ca_certificate,
            no_proxy=no_proxy,
        )
        try:
            child = await asyncio.create_subprocess_exec(*command, env=environment)
        except FileNotFoundError:
            return StartError(f"{command[0]}: command not found", NOT_FOUND)
        except PermissionError:
            return StartError(f"{command[0]}: not executable", NOT_EXECUTABLE)
        except OSError as error:
            return StartError(f"{command[0]}: {error.strerror}", NOT_EXECUTABLE)
        with _forwarding(child):
            status = await child.wait()
        session.child_status = status if status >= 0 else 128 - status
        return session.child_status


@contextlib.contextmanager
def _forwarding(child: asyncio.subprocess.Process) -> Iterator[None]:
    """Pass signals on to the command while it runs; we end when it does.

    A Ctrl-C at a terminal reaches the whole foreground group, the command included: it is not sent twice.
    """
    loop = asyncio.get_running_loop()

    def forward(number: signal.Signals) -> None:
        if number in {signal.SIGINT, signal.SIGQUIT, signal.SIGWINCH} and _in_foreground():
            return
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(number)

    for number in _FORWARDED:
        loop.add_signal_handler(number, forward, number)
    try:
        yield
    finally:
        for number in _FORWARDED:
            loop.remove_signal_handler(number)


def _in_foreground() -> bool:
    try:
        with Path("/dev/tty").open(encoding="utf-8") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
