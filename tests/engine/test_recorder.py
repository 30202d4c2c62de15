"""A run's folder and its journal, from the first event to the last."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy_addons import __version__
from proxy_addons.engine.recorder import Recorder, RunFolderError, make_folder
from proxy_addons.events.event import Event, Noise, ProxyError, RunEnded, RunStarted
from proxy_addons.events.jsonl import JOURNAL_NAME, read_journal
from proxy_addons.rules.load import parse
from proxy_addons.rules.settings import Settings, settle

LOG = logging.getLogger("mitmproxy.somewhere")
NOISE = Noise(1.0, "127.0.0.1:4711", "a knock")


def settings(text: str = "name: lost", **options: int) -> Settings:
    """A run's, with this profile."""
    return settle(parse(f"version: 1\n{text}\n", "test.yaml"), environ={}, seed=options.get("seed"))


@pytest.fixture
def crashed() -> list[object]:
    """The clients whose connection has to be cut."""
    return []


@pytest.fixture
def recorder(tmp_path: Path, crashed: list[object]) -> Iterator[Recorder]:
    """One that is ended by the test's end at the latest."""
    made = Recorder(tmp_path, crashed.append)
    yield made
    made.end()


def events(recorder: Recorder) -> list[Event]:
    """What the journal holds."""
    return read_journal(recorder.folder / JOURNAL_NAME).events


def crash(message: str, **extra: object) -> None:
    """Log an exception as the engine does."""
    try:
        int("the cause")
    except ValueError:
        LOG.exception(message, extra=extra)


# The folder


def test_a_named_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    """And one that is there is taken."""
    folder = tmp_path / "runs" / "one"
    assert make_folder(folder, "lost") == folder
    assert folder.is_dir()
    assert make_folder(folder, "lost") == folder


def test_a_folder_without_a_name_tells_when_what_and_by_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorted by time, told apart by process."""
    monkeypatch.chdir(tmp_path)
    folder = make_folder(None, "lost")
    assert folder.parent == Path(".crosswind/runs")
    assert re.fullmatch(rf"\d{{8}}T\d{{6}}-lost-{os.getpid()}", folder.name)
    assert (tmp_path / folder).is_dir()


def test_a_folder_that_holds_a_run_is_refused(tmp_path: Path) -> None:
    """A journal belongs to one run."""
    (tmp_path / JOURNAL_NAME).touch()
    with pytest.raises(RunFolderError, match=rf"{tmp_path} holds another run's journal; name a new folder"):
        make_folder(tmp_path, "lost")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands in the way."""
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match=rf"cannot make the run folder {tmp_path}/file/run: Not a directory"):
        make_folder(tmp_path / "file" / "run", "lost")


def test_a_folder_that_cannot_be_written_into_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything starts."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RunFolderError, match=rf"cannot write into the run folder {tmp_path}: Permission denied"):
        make_folder(tmp_path, "lost")


# The journal


def test_the_first_event_tells_what_was_asked_for(recorder: Recorder) -> None:
    """Version, seed, profile, origin, command, scope."""
    text = "name: lost\nseed: 42\norigin: upstream\nscope: {hosts: [a.example]}\nrules: [{name: r, fault: reset}]"
    recorder.start(settings(text), command=["python", "agent.py"], insecure=True)
    recorder.end()
    first = events(recorder)[0]
    assert isinstance(first, RunStarted)
    assert (first.crosswind, first.seed, first.profile, first.origin) == (__version__, 42, "lost", "upstream")
    assert (first.command, first.scope, first.insecure) == (["python", "agent.py"], ["a.example"], True)


def test_the_seed_in_the_journal_is_the_one_that_was_used(recorder: Recorder) -> None:
    """An option's or a variable's, not the file's."""
    recorder.start(settings("seed: 42", seed=7))
    recorder.end()
    first = events(recorder)[0]
    assert isinstance(first, RunStarted)
    assert first.seed == 7


def test_a_digest_tells_one_profile_from_another(tmp_path: Path, crashed: list[object]) -> None:
    """And is the same for the same one."""
    digests = []
    for number, text in enumerate(("rules: [{fault: reset}]", "rules: [{fault: reset}]", "rules: [{fault: noop}]")):
        folder = make_folder(tmp_path / str(number), "lost")
        made = Recorder(folder, crashed.append)
        made.start(settings(text))
        made.end()
        (first, _) = events(made)
        assert isinstance(first, RunStarted)
        digests.append(first.profile_digest)
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("status", [None, 0, 3])
def test_the_last_event_tells_how_the_command_ended(recorder: Recorder, status: int | None) -> None:
    """None where there was no command; and everything before it is in the file."""
    recorder.start(settings())
    recorder.emit(NOISE)
    recorder.end(status)
    _, noise, last = events(recorder)
    assert noise == NOISE
    assert isinstance(last, RunEnded)
    assert last.child_status == status
    assert recorder.trouble == ""


def test_what_comes_after_the_end_is_trouble(recorder: Recorder) -> None:
    """It is in no journal, and the run says so."""
    recorder.start(settings())
    recorder.end()
    recorder.emit(NOISE)
    assert len(events(recorder)) == 2
    assert recorder.trouble == "1 events are missing from the journal: the journal was closed"


# Crashes


@pytest.mark.engine_error("Addon error")
def test_a_crash_of_ours_is_an_event_and_is_counted(recorder: Recorder, crashed: list[object]) -> None:
    """With its cause."""
    recorder.start(settings())
    crash("Addon error: the cause")
    recorder.end()
    _, error, _ = events(recorder)
    assert isinstance(error, ProxyError)
    assert error.message.startswith("Addon error: the cause (ValueError: ")
    assert (recorder.crashes, crashed) == (1, [])


@pytest.mark.engine_error("has crashed")
def test_a_crashed_connection_is_handed_on_to_be_cut(recorder: Recorder, crashed: list[object]) -> None:
    """It would hang for ever."""
    recorder.start(settings())
    crash("mitmproxy has crashed!", client=("127.0.0.1", 4711))
    assert (recorder.crashes, crashed) == (1, [("127.0.0.1", 4711)])


@pytest.mark.engine_error("Addon error")
def test_crashes_are_heard_from_start_to_end_alone(recorder: Recorder) -> None:
    """Another run's are not this one's."""
    crash("Addon error: too early")
    recorder.start(settings())
    recorder.end()
    crash("Addon error: too late")
    assert recorder.crashes == 0
    assert [type(event) for event in events(recorder)] == [RunStarted, RunEnded]
