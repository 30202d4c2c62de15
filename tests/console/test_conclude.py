from __future__ import annotations

from pathlib import Path

import pytest

from proxy_addons.console.conclude import conclude
from tests.console.test_outcome import CAREFUL, NAIVE, write


def test_the_summary_goes_to_stderr_and_the_code_is_the_verdict_s(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stdout stays the command's own."""
    assert conclude(write(tmp_path, NAIVE.events())) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "FAIL: no_duplicate_effect" in err
    assert str(tmp_path) in err.replace("\n", "")


def test_trouble_with_the_journal_proves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run whose events are not all there is never green."""
    assert conclude(write(tmp_path, CAREFUL.events()), trouble="the disk is full") == 3
    assert "the disk is full" in capsys.readouterr().err
