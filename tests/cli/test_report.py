from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from proxy_addons.cli.report import report
from proxy_addons.events.event import Event, encoder
from tests.support.journal import Log

NAIVE = Log().lose("e-1").create("e-2").release("e-2")
CAREFUL = Log().lose(key="a").create(key="a").release()


def write(folder: Path, events: list[Event]) -> Path:
    """A run's folder with these events in its journal."""
    lines = b"".join(encoder.encode(event) + b"\n" for event in events)
    (folder / "journal.jsonl").write_bytes(lines)
    return folder


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(CAREFUL.events(), 0, id="pass"),
        pytest.param(NAIVE.events(), 1, id="fail"),
        pytest.param(CAREFUL.events(child_status=1), 2, id="command failed"),
        pytest.param(Log().events(), 3, id="not exercised"),
        pytest.param(CAREFUL.cut(), 3, id="cut short"),
        pytest.param(Log().crash().events(), 4, id="crash of ours"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_exit_code_is_the_run_s(tmp_path: Path, events: list[Event], expected: int, as_json: bool) -> None:  # noqa: FBT001
    """However it is printed."""
    assert expected == report(write(tmp_path, events), as_json=as_json)


def test_findings_go_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Stdout belongs to the agent's command."""
    report(write(tmp_path, NAIVE.events()), as_json=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert "✗ no_duplicate_effect" in err
    assert err.replace("\n", "").endswith(f"run: {tmp_path}")


def test_json_goes_to_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One document with everything."""
    report(write(tmp_path, NAIVE.events()), as_json=True)
    out, err = capsys.readouterr()
    found = msgspec.json.decode(out)
    assert err == ""
    assert list(found) == ["result", "reason", "exit_code", "findings", "summary", "unexercised"]
    assert (found["result"], found["exit_code"], found["unexercised"]) == ("fail", 1, None)
    first = found["findings"][0]
    assert (first["check"], first["result"], first["evidence"][0]["number"]) == ("no_duplicate_effect", "fail", 1)
    assert found["summary"]["operations"] == {"create_escrow": 2, "release_escrow": 1}


def test_json_says_why_nothing_was_exercised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts can tell a client that ignores the proxy from a rule that never fired."""
    report(write(tmp_path, Log().events()), as_json=True)
    assert msgspec.json.decode(capsys.readouterr().out)["unexercised"]["cause"] == "no_traffic"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            None, "holds no journal.jsonl; name a run's folder, or its journal", id="folder without a journal"
        ),
        pytest.param(b'{"level":"info"}\n', "journal.jsonl:1: ", id="another program's log"),
        pytest.param(b"\x89PNG\r\n\n", "journal.jsonl:1: ", id="no text"),
    ],
)
def test_what_is_no_journal_is_misuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, expected: str
) -> None:
    """Exit code 4 and one clear line."""
    if content is not None:
        (tmp_path / "journal.jsonl").write_bytes(content)
    assert report(tmp_path, as_json=False) == 4
    err = capsys.readouterr().err
    assert err.startswith("crosswind: ")
    assert expected in err
    assert err.count("\n") == 1


def test_missing_run_is_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named as it was written."""
    assert report(tmp_path / "no-such-run", as_json=True) == 4
    assert capsys.readouterr().err == f"crosswind: {tmp_path}/no-such-run: No such file or directory\n"


def test_torn_journal_is_shown_as_far_as_it_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A failure that was seen is still told, but the exit code is that of a broken journal."""
    journal = write(tmp_path, NAIVE.events()) / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-5])
    assert report(tmp_path, as_json=False) == 4
    err = capsys.readouterr().err
    assert "its last line was cut off: the run was killed, or is still going on" in err
    assert "✗ no_duplicate_effect" in err


def test_rich_is_imported_for_people_only(tmp_path: Path) -> None:
    """Start-up time is a feature."""
    program = (
        "import sys, pathlib; from proxy_addons.cli.report import report;"
        "report(pathlib.Path(sys.argv[1]), as_json=True); sys.exit('rich' in sys.modules)"
    )
    write(tmp_path, NAIVE.events())
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True)


@pytest.fixture(name="folders")
def _folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two empty ones."""
    folders = (tmp_path / "run", tmp_path / "usual")
    for folder in folders:
        folder.mkdir()
    return folders


def test_baseline_excuses_what_the_agent_always_does(folders: tuple[Path, Path]) -> None:
    """Two identical purchases on purpose."""
    bought = Log().lose("e-1", key="a").create("e-2", key="b").release("e-1").release("e-2")
    usual = Log().create("b-1", key="c").create("b-2", key="d").release("b-1").release("b-2")
    run, baseline = write(folders[0], bought.events()), write(folders[1], usual.events())
    assert report(run, as_json=True) == 3  # both were used in the end: nobody can tell
    assert report(run, as_json=True, baseline=baseline) == 0


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(CAREFUL.events(), "faults were delivered in it", id="disturbed"),
        pytest.param(Log().create().cut(), "its journal is not whole", id="cut short"),
    ],
)
def test_what_is_no_baseline_is_misuse(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str], events: list[Event], expected: str
) -> None:
    """It would excuse what it should not."""
    run, baseline = write(folders[0], CAREFUL.events()), write(folders[1], events)
    assert report(run, as_json=True, baseline=baseline) == 4
    assert expected in capsys.readouterr().err
