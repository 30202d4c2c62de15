"""What holds for every test: it is the same on every run, and an error inside the engine fails it."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import override

import pytest
from hypothesis import settings

from proxy_addons.engine.certs import ensure_ca
from tests.support.packets import Trace, permitted, trace

settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


class EngineErrors(logging.Handler):
    """Collects what the engine logs where it should have raised.

    mitmproxy logs an exception in an addon and carries on, so a broken fault turns into "no fault".
    """

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.messages: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        of_engine = record.name.partition(".")[0] in {"mitmproxy", "mitmproxy_rs"}
        if (of_engine and record.levelno >= logging.ERROR) or "has crashed!" in message or "Addon error" in message:
            self.messages.append(logging.Formatter().format(record))

    def take(self) -> list[str]:
        """All messages since the last time."""
        messages, self.messages = self.messages, []
        return messages


engine_errors = EngineErrors()
"""Listens from the first import to the end of the run: what is logged between two tests fails the second."""


def pytest_configure() -> None:
    """Begin to listen."""
    logging.getLogger().addHandler(engine_errors)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for what was logged after the last test, when fixtures of a wider scope were torn down."""
    left = engine_errors.take()
    if left:
        print(*left, sep="\n")  # noqa: T201 - pytest's own report is over
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _engine_is_sound(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test during which the engine logged an error, unless it is marked to provoke just that."""
    yield
    marker = request.node.get_closest_marker("engine_error")
    messages = engine_errors.take()
    if marker is None:
        assert messages == [], "the engine logged errors"
    else:
        (pattern,) = marker.args
        assert messages, f"the engine was meant to log {pattern!r}"
        assert [message for message in messages if not re.search(pattern, message)] == []


@pytest.fixture
def tool() -> Callable[[str], str]:
    """Find a program such as nginx by its name. Where it is missing a person's test is skipped, and CI's fails."""

    def find(name: str) -> str:
        path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
        if path is None:
            give_up = pytest.fail if os.environ.get("CI") else pytest.skip
            give_up(f"{name} is not installed; see scripts/system-tools")
        return path

    return find


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA folder for all proxies of the run: making a key takes a while."""
    folder = tmp_path_factory.mktemp("authority") / "ca"
    ensure_ca(folder)
    return folder


@pytest.fixture
def trace_packets() -> Callable[[int], contextlib.AbstractContextManager[Trace]]:
    """A packet trace of what a port on loopback sends. Without the right to it a person's test is skipped."""
    if not permitted():
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("tracing packets needs root or CAP_NET_RAW, on Linux")
    return trace
