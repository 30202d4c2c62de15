from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from proxy_addons.cli.proxy import proxy
from tests.cli.test_run import asked


def test_it_prints_what_a_shell_needs_and_ends_when_told(tmp_path: Path, ca: Path) -> None:
    """The export lines go to stdout, so that they can be evaluated; the findings to stderr."""
    crosswind = str(Path(sys.executable).with_name("crosswind"))
    command = [crosswind, "proxy", "--listen", "127.0.0.1:0", "--run-dir", str(tmp_path)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"CROSSWIND_CA_DIR": str(ca)}
    )
    assert process.stdout is not None
    assert process.stderr is not None
    lines = [process.stdout.readline()]
    process.send_signal(signal.SIGINT)
    lines += process.stdout.readlines()
    said = process.stderr.read()
    process.wait(30)
    process.stdout.close()
    process.stderr.close()
    assert lines[0].startswith("export HTTP_PROXY=http://127.0.0.1:")
    assert any(line.startswith("export SSL_CERT_FILE=") for line in lines)
    assert "Ctrl-C ends it" in said
    assert "NOT EXERCISED" in said
    assert process.returncode == 3


@pytest.mark.parametrize("listen", ["8080", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000", ":8080"])
def test_a_bad_address_is_said_so(tmp_path: Path, listen: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With how to write it."""
    assert proxy(asked(tmp_path), listen) == 4
    assert f"--listen {listen}: write HOST:PORT, like 127.0.0.1:8080" in capsys.readouterr().err
