from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.events.event import SCHEMA_VERSION, Event, ExchangeClosed, Noise, RunEnded, RunStarted, encoder
from proxy_addons.events.jsonl import Journal, JournalError, JournalWriter, read_journal
from tests.support.journal import Log

STARTED = Log().started()
NOISE = Noise(1.0, "127.0.0.1:4711", "no HTTP")
ENDED = RunEnded(2.0, 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal of a run goes."""
    return tmp_path / "journal.jsonl"


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what the writer's thread will do soon."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def lines(*events: Event) -> bytes:
    """The events as they stand in a journal."""
    return b"".join(encoder.encode(event) + b"\n" for event in events)


# ------------------------------------------------------------------------------------------- writing


def test_everything_is_there_after_close(path: Path) -> None:
    """`close` writes all that was emitted, in order."""
    expected: list[Event] = [STARTED, *Log().create().release().exchanges, NOISE, ENDED]
    writer = JournalWriter(path)
    for event in expected:
        writer.emit(event)
    writer.close()
    assert Journal(expected) == read_journal(path)
    assert (writer.dropped, writer.failure, writer.trouble) == (0, None, "")


def test_events_reach_the_file_without_close(path: Path) -> None:
    """A reader that follows the journal sees an event a few milliseconds later."""
    writer = JournalWriter(path)
    writer.emit(STARTED)
    wait_until(lambda: path.read_bytes() == lines(STARTED))
    writer.emit(NOISE)
    wait_until(lambda: path.read_bytes() == lines(STARTED, NOISE))
    writer.close()


def test_close_may_be_called_twice_and_a_late_event_is_counted(path: Path) -> None:
    """What comes after the end is no error, but it is not in the journal either."""
    writer = JournalWriter(path)
    writer.close()
    writer.close()
    writer.emit(NOISE)
    assert (writer.dropped, path.read_bytes()) == (1, b"")
    assert writer.trouble == "1 events are missing from the journal: the journal was closed"


def test_journal_of_an_earlier_run_is_refused(path: Path) -> None:
    """Two runs in one journal would be judged as one."""
    path.write_bytes(lines(STARTED))
    with pytest.raises(FileExistsError, match="journal of an earlier run"):
        JournalWriter(path)


def test_bytes_that_are_no_text_do_not_stop_the_journal(path: Path) -> None:
    """A request path may hold any byte; mitmproxy keeps them as lone surrogates."""
    writer = JournalWriter(path)
    writer.emit(STARTED)
    writer.emit(Noise(1.0, "c", "bad \udcff", "h"))
    writer.close()
    assert read_journal(path).events == [STARTED, Noise(1.0, "c", "bad ?", "h")]


def test_event_that_cannot_be_written_is_never_raised(path: Path) -> None:
    """Live calls go on, and the journal says that it is not whole."""
    writer = JournalWriter(path)
    writer.emit(STARTED)
    (exchange,) = Log().call("odd", input=object()).exchanges
    writer.emit(exchange)
    writer.close()
    assert writer.dropped == 1
    assert "an event cannot be written as JSON" in writer.trouble


def test_journal_is_a_prefix_of_the_run(path: Path) -> None:
    """After a lost event nothing is written any more: the missing `run_ended` tells the reader."""
    writer = JournalWriter(path)
    writer.emit(STARTED)
    writer.emit(Log().call("odd", input=object()).exchanges[0])
    writer.emit(ENDED)
    writer.close()
    assert (writer.dropped, read_journal(path).events) == (2, [STARTED])


def test_close_ends_the_thread_at_any_moment(tmp_path: Path) -> None:
    """Also when the writer is just about to take its next batch."""
    for number in range(40):
        writer = JournalWriter(tmp_path / f"{number}.jsonl")
        began = time.monotonic()
        while time.monotonic() - began < 0.012 + number * 0.0001:  # the thread has to fight for its turns
            writer.emit(STARTED)
        began = time.monotonic()
        writer.close()
        assert writer.dropped == 0
        assert time.monotonic() - began < 4, "close waited for its time-out"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_full_disk_is_remembered() -> None:
    """No error reaches the proxy, and the run can say what it lacks."""
    writer = JournalWriter(Path("/dev/full"))
    for _ in range(10):
        writer.emit(NOISE)
    wait_until(lambda: writer.failure is not None)
    assert writer.trouble == "the journal could not be written: No space left on device"
    writer.close()
    assert (writer.dropped, writer.failure) == (10, "No space left on device")
    assert writer.trouble == "10 events are missing from the journal: No space left on device"


def test_disk_that_recovers_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that failed half-way goes on where it stopped, and the trouble is over."""
    whole = os.write
    fails = [True]

    def write(file: int, data: memoryview) -> int:
        if fails[0] and len(data) < 10:
            raise OSError(28, "No space left on device")
        return whole(file, data[: max(1, len(data) // 2)])

    monkeypatch.setattr(os, "write", write)
    writer = JournalWriter(path)
    writer.emit(STARTED)
    wait_until(lambda: writer.failure is not None)
    assert len(path.read_bytes()) > 0
    fails[0] = False
    writer.emit(ENDED)
    writer.close()
    assert Journal([STARTED, ENDED]) == read_journal(path)
    assert (writer.trouble, writer.dropped) == ("", 0)


@pytest.mark.parametrize(
    "bounds", [pytest.param({"max_events": 5}, id="events"), pytest.param({"max_bytes": 400}, id="bytes")]
)
def test_stalled_disk_does_not_fill_the_memory(path: Path, monkeypatch: pytest.MonkeyPatch, bounds: Any) -> None:  # noqa: ANN401
    """Past the bound events are dropped and counted; `close` does not hang."""
    stalled = [True]

    def write(_file: int, data: memoryview) -> int:
        while stalled[0]:
            time.sleep(0.001)
        return len(data)

    monkeypatch.setattr(os, "write", write)
    writer = JournalWriter(path, **bounds)
    for _ in range(100):
        writer.emit(NOISE)
    assert writer.dropped > 80
    writer.close(timeout=0.05)
    assert writer.dropped == 100
    assert "the disk did not keep up" in writer.trouble
    stalled[0] = False


WRITE_FOR_EVER = """
import sys, itertools, pathlib, time
from proxy_addons.events.event import *
from proxy_addons.events.jsonl import JournalWriter
writer = JournalWriter(pathlib.Path(sys.argv[1]))
writer.emit(RunStarted(1.0, "0", SCHEMA_VERSION, 0, "p", "d", "o"))
for number in itertools.count():
    writer.emit(Noise(float(number), "c", "x" * 200))
    if number % 50 == 0:
        print(number, flush=True)
        time.sleep(0.001)
"""


def test_kill_takes_a_few_milliseconds_at_most(path: Path) -> None:
    """After kill -9 in mid-write the journal can be read, in order and without a hole."""
    child = subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) >= 5000:
            break
    time.sleep(0.1)
    child.send_signal(signal.SIGKILL)
    said = [5000, *(int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n"))]
    child.wait()
    child.stdout.close()
    first, *rest = read_journal(path).events
    assert isinstance(first, RunStarted)
    numbers = [event.at for event in rest if isinstance(event, Noise)]
    assert numbers == [float(number) for number in range(len(numbers))]
    assert len(numbers) > 5000, "what was emitted 0.1 s before the kill is there"
    assert len(numbers) > said[-1] - 20_000


def test_emit_costs_little_more_than_encoding(path: Path) -> None:
    """Processor time of the calling thread: 1 µs as measured; the bound leaves room for a busy machine."""
    (event,) = Log().create().exchanges
    count = 20_000

    def per_event(function: Callable[[ExchangeClosed], object]) -> float:
        began = time.thread_time()
        for _ in range(count):
            function(event)
        return (time.thread_time() - began) / count

    writer = JournalWriter(path)
    cost = min(per_event(writer.emit) - per_event(encoder.encode) for _ in range(3))
    writer.close()
    assert writer.dropped == 0
    assert cost < 10e-6


# ------------------------------------------------------------------------------------------- reading


def test_torn_last_line_is_left_out(path: Path) -> None:
    """The rest of the journal is good."""
    path.write_bytes(lines(STARTED, NOISE) + lines(ENDED)[:-5])
    assert Journal([STARTED, NOISE], torn=True) == read_journal(path)


@given(st.data())
def test_cut_anywhere_gives_a_prefix(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """However much of a journal is missing at its end, the events before the cut are read."""
    events: list[Event] = [STARTED, *Log().create().lose("e-2").exchanges, NOISE, ENDED]
    whole = lines(*events)
    cut = data.draw(st.integers(0, len(whole)))
    path = tmp_path_factory.mktemp("cut") / "journal.jsonl"
    path.write_bytes(whole[:cut])
    journal = read_journal(path)
    ends = [len(lines(*events[: count + 1])) for count in range(len(events))]
    whole_lines = sum(end - 1 <= cut for end in ends)  # the newline alone may be missing
    assert events[:whole_lines] == journal.events
    assert (cut not in {0, *ends, *(end - 1 for end in ends)}) == journal.torn


def test_events_of_later_kinds_are_counted(path: Path) -> None:
    """A journal of a later version with the same schema number can still be judged."""
    path.write_bytes(lines(STARTED) + b'{"event":"contract_violated","at":1.0}\n' * 2 + lines(ENDED))
    assert Journal([STARTED, ENDED], unknown=2) == read_journal(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"not json\n" + lines(ENDED), ":2: JSON is malformed", id="no JSON"),
        pytest.param(b"[1]\n", ":2: Expected `object`", id="no object"),
        pytest.param(b'{"at":1.0}\n', ":2: Object missing required field `event`", id="no event"),
        pytest.param(b'{"event":"run_ended"}\n', ":2: not a `run_ended` event of schema", id="wrong fields"),
        pytest.param(b'{"event":"noise","at":1,"client":"\xff","reason":"r"}\n', ":2: ", id="no UTF-8"),
        pytest.param(b"\n" + lines(ENDED), ":2: ", id="empty line"),
        pytest.param(b"[" * 100_000 + b"\n", ":2: ", id="deep nesting"),
        pytest.param(b"\0" * 20 + b"\n", ":2: ", id="zeroes after a power cut"),
    ],
)
def test_wrong_line_is_named(path: Path, content: bytes, message: str) -> None:
    """File and line, as an editor understands them."""
    path.write_bytes(lines(STARTED) + content)
    with pytest.raises(JournalError, match="journal.jsonl" + message):
        read_journal(path)


@pytest.mark.parametrize(
    "extra", [pytest.param(b"", id="known fields"), pytest.param(b',"seed":"new meaning"', id="changed fields")]
)
def test_newer_schema_is_refused(path: Path, extra: bytes) -> None:
    """A journal that means something else must not be judged as if it did not."""
    newer = encoder.encode(RunStarted(1.0, "9.0", SCHEMA_VERSION + 1, 0, "p", "d", "o"))
    path.write_bytes(newer.removesuffix(b"}") + extra + b"}\n")
    with pytest.raises(JournalError, match=r"journal.jsonl:1: written in schema 2 by a newer Crosswind"):
        read_journal(path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lines(NOISE, STARTED), id="another event first"),
        pytest.param(b'{"event":"something","level":"info"}\n', id="another program's log"),
    ],
)
def test_file_that_is_no_journal_is_refused(path: Path, content: bytes) -> None:
    """Every journal begins with `run_started`."""
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"journal\.jsonl:1: is no `run_started` event"):
        read_journal(path)


def test_missing_file_is_named(path: Path) -> None:
    """One kind of error for everything that is wrong with a journal."""
    with pytest.raises(JournalError, match=r"journal\.jsonl: No such file"):
        read_journal(path)
