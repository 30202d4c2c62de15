from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy_addons.cli.run import RunRequest, run


def asked(folder: Path, **changes: Any) -> RunRequest:  # noqa: ANN401  # each option has its own type
    """A run of the calm profile in `folder`."""
    plain = RunRequest(
        profile="calm",
        seed=None,
        origin=None,
        maps=(),
        hermetic=False,
        run_dir=folder,
        ephemeral_ca=False,
        upstream_ca=None,
        insecure=False,
    )
    return replace(plain, **changes)


@pytest.fixture(autouse=True)
def _own_authority(ca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never the user's CA."""
    monkeypatch.setenv("CROSSWIND_CA_DIR", str(ca))


def test_the_command_gets_the_proxy_and_its_own_streams(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Its output is byte for byte its own."""
    assert run(asked(tmp_path), ["sh", "-c", "printf '%s' \"$HTTPS_PROXY\""], no_proxy=None, agent="buyer") == 3
    out = capfd.readouterr().out
    assert out.startswith("http://buyer:")


def test_a_signal_that_ended_the_command_is_told_like_a_shell_does(tmp_path: Path) -> None:
    """128 and the signal's number are in the journal."""
    run(asked(tmp_path), ["sh", "-c", "kill -TERM $$"], no_proxy=None, agent=None)
    assert f'"child_status":{128 + signal.SIGTERM}' in (tmp_path / "journal.jsonl").read_text()


def test_signal_handlers_are_given_back(tmp_path: Path) -> None:
    """A second run in the same process starts from the same place."""
    before = signal.getsignal(signal.SIGTERM)
    run(asked(tmp_path), ["true"], no_proxy=None, agent=None)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"profile": "no-such-profile"}, "no-such-profile", id="profile"),
        pytest.param({"origin": "moon"}, "--origin moon", id="origin"),
        pytest.param({"maps": ("example.com",)}, "--map example.com", id="map"),
        pytest.param({"upstream_ca": Path("/no/such/ca.pem")}, "--upstream-ca", id="upstream ca"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_starts(
    tmp_path: Path, changes: dict[str, object], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """One message, exit code 4, the command untouched."""
    marker = tmp_path / "started"
    assert run(asked(tmp_path / "run", **changes), ["touch", str(marker)], no_proxy=None, agent=None) == 4
    assert said in capfd.readouterr().err
    assert not marker.exists()


def test_a_folder_of_another_run_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is overwritten."""
    (tmp_path / "journal.jsonl").write_text("evidence")
    assert run(asked(tmp_path), ["true"], no_proxy=None, agent=None) == 4
    assert "holds another run's journal" in capfd.readouterr().err
    assert (tmp_path / "journal.jsonl").read_text() == "evidence"


def test_no_task_is_left_behind(tmp_path: Path) -> None:
    """The loop was closed whole: warnings are errors here."""
    run(asked(tmp_path), ["true"], no_proxy=None, agent=None)
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    assert os.environ.get("HTTPS_PROXY") is None
