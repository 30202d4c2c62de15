"""`crosswind proxy`: the proxy by itself, until it is interrupted."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from proxy_addons.cli.run import MISUSE, TROUBLE, RunRequest, complain
from proxy_addons.engine.environment import shell_exports
from proxy_addons.engine.loop import run_loop
from proxy_addons.engine.recorder import make_folder
from proxy_addons.engine.session import Session


def proxy(asked: RunRequest, listen: str) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit code."""
    try:
        host, port = _parse(listen)
        settings = asked.settings(os.environ)
        folder = make_folder(asked.run_dir, settings.profile.name)
        source = asked.source(os.environ)
        session = Session(settings, asked.ways(host, port), folder, environ=os.environ, source=source)
        run_loop(_serve(session))
    except TROUBLE as error:
        complain(error)
        return MISUSE
    from proxy_addons.console.conclude import conclude

    return conclude(folder, trouble=session.recorder.trouble)


async def _serve(session: Session) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with session:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        lines = shell_exports(proxy_url=session.proxy_url, bundle=session.bundle, ca_certificate=session.ca_certificate)
        sys.stderr.write(
            f"crosswind: profile {session.settings.profile.name}, listening at {session.proxy_url}; "
            "Ctrl-C ends it and prints the findings.\nIn the agent's shell:\n"
        )
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        await stop.wait()


def _parse(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"--listen {listen}: write HOST:PORT, like 127.0.0.1:8080")
    return host.strip("[]"), int(port)
