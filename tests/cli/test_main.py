from __future__ import annotations

import subprocess
import sys

import pytest

from proxy_addons import __version__
from proxy_addons.cli import main

COMMANDS = ("run", "proxy", "report", "profile", "version")


def crosswind(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the command in this process; returns its exit code."""
    monkeypatch.setattr(sys, "argv", ["crosswind", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return int(ended.value.code or 0)


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is installed."""
    assert crosswind("version", monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out == f"crosswind {__version__}\n"


def test_help_names_every_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """And without arguments it is shown, too."""
    assert crosswind("--help", monkeypatch=monkeypatch) == 0
    shown = capsys.readouterr().out
    assert [command for command in COMMANDS if command not in shown] == []
    assert crosswind(monkeypatch=monkeypatch) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["run", "--no-such-option", "--", "true"], "--no-such-option", id="option"),
        pytest.param(["no-such-command"], "no-such-command", id="command"),
        pytest.param(["run"], "CMD", id="no command to run"),
        pytest.param(["run", "--seed", "x", "--", "true"], "--seed", id="seed"),
    ],
)
def test_misuse_ends_with_4(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """2 would mean that the agent's own command failed."""
    assert crosswind(*arguments, monkeypatch=monkeypatch) == 4
    assert said in capsys.readouterr().err


def test_nothing_heavy_is_imported_for_the_help() -> None:
    """Start-up time is a feature."""
    program = "import proxy_addons.cli.main, sys; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert set(found.stdout.split()) & {"mitmproxy", "pydantic", "yaml", "rich", "msgspec"} == set()
