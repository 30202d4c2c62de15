"""Failures that the engine only logs become failures of the run."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from proxy_addons.engine.crashes import CrashWatch

LOG = logging.getLogger("mitmproxy.somewhere")


class Heard:
    """What the watch reported."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.clients: list[object] = []
        self.watch = CrashWatch(self.messages.append, self.clients.append)


@pytest.fixture
def heard() -> Iterator[Heard]:
    """A watch that listens for as long as the test."""
    found = Heard()
    found.watch.install()
    yield found
    found.watch.remove()


def crash(message: str, **extra: object) -> None:
    """Log an exception as the engine does."""
    try:
        int("the cause")
    except ValueError:
        LOG.exception(message, extra=extra)


@pytest.mark.engine_error("Addon error")
def test_an_addon_error_is_reported_with_cause_and_place(heard: Heard) -> None:
    """Enough to find it."""
    crash("Addon error: the cause")
    (message,) = heard.messages
    assert message.startswith("Addon error: the cause (ValueError: invalid literal for int()")
    assert "test_crashes.py:" in message
    assert heard.clients == []


@pytest.mark.engine_error("has crashed")
def test_a_crashed_layer_costs_its_client_the_connection(heard: Heard) -> None:
    """It would hang for ever."""
    crash("mitmproxy has crashed!", client=("127.0.0.1", 4711))
    assert heard.clients == [("127.0.0.1", 4711)]


@pytest.mark.engine_error("error establishing")
def test_other_errors_are_not_crashes(heard: Heard) -> None:
    """An upstream that cannot be reached is the upstream's fault."""
    LOG.error("error establishing server connection")
    assert heard.messages == []


def test_after_remove_nothing_is_heard() -> None:
    """A handler left behind would report another run's crashes."""
    found = Heard()
    found.watch.install()
    found.watch.remove()
    assert found.watch not in logging.getLogger().handlers
