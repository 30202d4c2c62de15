"""The command as a person meets it: what they get wrong, and what they do to it while it runs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proxy_addons.events.event import ExchangeClosed, RunEnded, RunStarted
from tests.e2e.invoke import COMMAND, ESCROWS, GATEWAY, LIMIT, Crosswind, Finished, python

ESCROW = '{"payer":"a","payee":"b","amount":"1.00"}'
BALANCE = GATEWAY + "/v1/billing/wallets/a/balance"
WAITS = python("waits.py")
MARK = [sys.executable, "-c", "open('it-ran', 'w').close()"]

EVERY_MISTAKE = """\
version: 1
name: bad
sede: 42
seed: soon
rules:
  - name: one
    match: {operation: create_escrow}
    when: {probability: 1.5}
    fault: lost_respnse
  - name: two
    match: [deposit]
    fault: {latency: soon}
"""
MISTAKES = [
    "bad.yaml:3:1: sede: unknown key; did you mean `seed`?",
    "bad.yaml:4:7: seed: ",
    "bad.yaml:8:25: rules[0].when.probability: 1.5 is above 1",
    "bad.yaml:9:12: rules[0].fault: no such fault; did you mean `lost_response`?",
    "bad.yaml:11:12: rules[1].match: a list is not a mapping",
    "bad.yaml:12:22: rules[1].fault.latency: not a quantity",
]


def assert_refused(done: Finished, *said: str, code: int = 4) -> None:
    """It says what is wrong, nothing else, and certainly no traceback."""
    assert [sentence for sentence in said if sentence not in done.stderr] == []
    assert "Traceback" not in done.stderr
    assert (done.code, done.stdout) == (code, b"")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(EVERY_MISTAKE, MISTAKES, id="every-mistake-at-once"),
        pytest.param("version: 1\nrules: [\n", ["bad.yaml:3:1: no valid YAML"], id="no-yaml"),
        pytest.param("- calm\n", ["bad.yaml:1:1: a profile is a mapping"], id="a-list"),
        pytest.param("", ["bad.yaml: is empty; a profile needs at least `version: 1`"], id="empty"),
        pytest.param(None, ["bad.yaml: there is no such file"], id="missing"),
    ],
)
def test_a_bad_profile_starts_nothing(crosswind: Crosswind, tmp_path: Path, text: str | None, said: list[str]) -> None:
    """Every mistake is shown with its place; no run, no CA, and the command is not run."""
    if text is not None:
        crosswind.profile(text, "bad.yaml")
    environment = {"CROSSWIND_CA_DIR": str(tmp_path / "ca")}
    assert_refused(crosswind.call("run", "--profile", "bad.yaml", "--", *MARK, env=environment), *said)
    assert [path.name for path in tmp_path.iterdir() if path.name != "bad.yaml"] == []


def test_a_bad_profile_of_a_proxy(crosswind: Crosswind, tmp_path: Path) -> None:
    """The same holds for `crosswind proxy`, which would otherwise run until it is stopped."""
    crosswind.profile(EVERY_MISTAKE, "bad.yaml")
    assert_refused(crosswind.call("proxy", "--profile", "bad.yaml", "--listen", "127.0.0.1:0"), *MISTAKES)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]


def test_a_misspelt_profile_name_is_guessed(crosswind: Crosswind) -> None:
    """The known names are listed as well."""
    done = crosswind.call("run", "--profile", "lost-respons", "--", *MARK)
    assert_refused(done, "lost-respons: no such profile; did you mean `lost-response`?", "calm")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["run", "--sede", "4", "--", *MARK], "No such option: --sede", id="option"),
        pytest.param(["proxy", "--lisen", "x"], "No such option: --lisen", id="option-of-proxy"),
        pytest.param(["rum", "--", *MARK], "No such command 'rum'", id="command"),
        pytest.param(["run"], "Missing argument", id="nothing-to-run"),
        pytest.param(["run", "--seed", "abc", "--", *MARK], "--seed", id="seed"),
        pytest.param(["run", "--origin", "moon", "--", *MARK], "--origin moon: it is sandbox or upstream", id="origin"),
        pytest.param(["run", "--map", "x", "--", *MARK], "--map x: write HOST=URL", id="map"),
        pytest.param(["run", "--upstream-ca", "no.pem", "--", *MARK], "--upstream-ca no.pem", id="upstream-ca"),
        pytest.param(["proxy", "--listen", "8080"], "--listen 8080: write HOST:PORT", id="listen"),
        pytest.param(["proxy", "extra"], "extra", id="argument-of-proxy"),
        pytest.param(["report", "no-such-run"], "no-such-run", id="report"),
    ],
)
def test_misuse_is_named(crosswind: Crosswind, tmp_path: Path, arguments: list[str], said: str) -> None:
    """Exit code 4: 1 would mean that the agent failed, and 2 that its command did."""
    assert_refused(crosswind.call(*arguments), said)
    assert not (tmp_path / "it-ran").exists()


def test_a_seed_from_the_environment_is_checked(crosswind: Crosswind, tmp_path: Path) -> None:
    """CHAOS_SEED is named with its value."""
    assert_refused(crosswind.run(*MARK, env={"CHAOS_SEED": "x"}), "CHAOS_SEED=x: a seed is a whole number")
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_does_not_exist(crosswind: Crosswind) -> None:
    """127, as in a shell."""
    assert_refused(crosswind.run("no-such-command"), "crosswind: no-such-command: command not found\n", code=127)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_command_that_cannot_be_executed(crosswind: Crosswind, tmp_path: Path, what: str) -> None:
    """126, as in a shell."""
    if what == "file":
        (tmp_path / "agent").touch(0o644)
    else:
        (tmp_path / "agent").mkdir()
    assert_refused(crosswind.run("./agent"), "crosswind: ./agent: not executable\n", code=126)


def test_a_port_in_use(crosswind: Crosswind) -> None:
    """It is named, with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = crosswind.call("proxy", "--listen", address, "--run-dir", "run")
    assert_refused(done, f"crosswind: cannot listen on {address}: port in use")


def test_an_address_of_another_machine(crosswind: Crosswind) -> None:
    """One cannot listen there (192.0.2.0/24 belongs to nobody: RFC 5737)."""
    done = crosswind.call("proxy", "--listen", "192.0.2.1:0", "--run-dir", "run")
    assert_refused(done, "crosswind: cannot listen on 192.0.2.1:0: ")


def test_a_run_folder_is_used_once(crosswind: Crosswind, tmp_path: Path) -> None:
    """The journal that is there stays as it is."""
    crosswind.run("true")
    journal = tmp_path / "run" / "journal.jsonl"
    before = journal.read_bytes()
    assert_refused(crosswind.run(*MARK), "run holds another run's journal; name a new folder")
    assert (journal.read_bytes(), (tmp_path / "it-ran").exists()) == (before, False)


def test_a_run_folder_that_is_a_file(crosswind: Crosswind, tmp_path: Path) -> None:
    """It is named."""
    (tmp_path / "run").touch()
    assert_refused(crosswind.run(*MARK), "cannot make the run folder run: File exists")


@pytest.fixture
def unprivileged(tool: Callable[[str], str]) -> list[str]:
    """What a command is started with so that permissions hold for it, for root's too."""
    drop = "-dac_override,-dac_read_search"
    return [tool("setpriv"), f"--bounding-set={drop}", f"--inh-caps={drop}"] if os.geteuid() == 0 else []


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """A folder in which nothing can be made for a while."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o555)
    try:
        yield folder
    finally:
        folder.chmod(0o755)


def test_a_read_only_folder(crosswind: Crosswind, tmp_path: Path, unprivileged: list[str]) -> None:
    """The run folder goes elsewhere when it is told where; by default it belongs here, and that cannot be."""
    with read_only(tmp_path / "here") as here:
        done = crosswind.call("run", "--", *MARK, cwd=here, before=unprivileged)
        assert_refused(done, "crosswind: cannot make the run folder .crosswind/runs/", "Permission denied")
        elsewhere = crosswind.call(
            "run", "--run-dir", str(tmp_path / "run"), "--", "true", cwd=here, before=unprivileged
        )
    assert (elsewhere.code, len(crosswind.events())) == (3, 2)


def test_a_read_only_run_folder(crosswind: Crosswind, tmp_path: Path, unprivileged: list[str]) -> None:
    """It is there, but nothing can be written into it."""
    with read_only(tmp_path / "run"):
        done = crosswind.call("run", "--run-dir", "run", "--", *MARK, before=unprivileged)
    assert_refused(done, "crosswind: cannot write into the run folder run: Permission denied")


def test_a_ca_folder_that_cannot_be_made(crosswind: Crosswind, tmp_path: Path, unprivileged: list[str]) -> None:
    """It is named, with the reason."""
    with read_only(tmp_path / "home") as home:
        environment = {"CROSSWIND_CA_DIR": str(home / "ca")}
        done = crosswind.call("run", "--run-dir", "run", "--", *MARK, env=environment, before=unprivileged)
    assert_refused(done, f"crosswind: cannot make a CA in {home}/ca: Permission denied")


def test_a_ca_folder_that_others_may_read(crosswind: Crosswind, tmp_path: Path) -> None:
    """A private key lies in it: the command that mends it is shown."""
    first = crosswind.run("true", env={"CROSSWIND_CA_DIR": "ca"}, run="first")
    (tmp_path / "ca").chmod(0o755)
    assert_refused(crosswind.run(*MARK, env={"CROSSWIND_CA_DIR": "ca"}), "chmod 700 ca")
    assert first.code == 3


def test_a_ca_for_one_run(crosswind: Crosswind, tmp_path: Path, tool: Callable[[str], str]) -> None:
    """It lies in the run's folder; the user's own is neither made nor used."""
    command = [tool("curl"), "-sS", BALANCE]
    done = crosswind.run(*command, options=["--ephemeral-ca"], env={"CROSSWIND_CA_DIR": str(tmp_path / "home")})
    assert [exchange.status for exchange in crosswind.exchanges()] == [200]
    assert done.stdout.startswith(b'{"balance":')
    assert not (tmp_path / "home").exists()
    assert (tmp_path / "run" / "ca").stat().st_mode & 0o777 == 0o700


def test_a_command_that_calls_nothing(crosswind: Crosswind) -> None:
    """It proves nothing, and the clients that ignore proxy variables are named."""
    done = crosswind.run("true")
    assert (done.code, done.stdout) == (3, b"")
    assert "NOT EXERCISED" in done.stderr
    for client in ("aiohttp: ", "Node.js: ", "urllib3 by itself: ", "Go: ", "curl: ", "any client: NO_PROXY"):
        assert client in done.stderr


def test_no_proxy_is_cleared_unless_it_is_asked_for(crosswind: Crosswind) -> None:
    """An inherited one would let calls slip by; a chosen one is handed on in both spellings."""
    show = [sys.executable, "-c", "import os; print(os.environ.get('NO_PROXY'), os.environ.get('no_proxy'))"]
    inherited = {"NO_PROXY": "*", "no_proxy": "*"}
    cleared = crosswind.run(*show, run="cleared", env=inherited)
    chosen = crosswind.run(*show, run="chosen", env=inherited, options=["--no-proxy", "db.local,10.0.0.1"])
    assert (cleared.stdout, chosen.stdout) == (b"None None\n", b"db.local,10.0.0.1 db.local,10.0.0.1\n")


def test_standard_streams_are_the_commands_own(crosswind: Crosswind) -> None:
    """Byte for byte; what Crosswind says comes on stderr, after the command's own."""
    every_byte = bytes(range(256)) * 4096
    program = (
        "import sys; data = sys.stdin.buffer.read(); sys.stdout.buffer.write(data[::-1]);"
        "sys.stderr.write('the agent speaks\\n'); print(len(sys.argv[1]), sys.argv[2:], file=sys.stderr)"
    )
    arguments = ["--run-dir", "run", "--", sys.executable, "-c", program, "ü " * 3, "--seed", "-x", "", "*"]
    done = crosswind.call("run", *arguments, stdin=every_byte)
    assert done.stdout == every_byte[::-1]
    assert done.stderr.startswith("the agent speaks\n6 ['--seed', '-x', '', '*']\n")
    assert "crosswind · profile calm" in done.stderr


GIVE_UP = "version: 1\nname: busy\nrules: [{match: {operation: get_balance}, fault: {status: 503}}]\n"


@pytest.mark.parametrize(("status", "code"), [(0, 0), (7, 2)])
def test_the_commands_own_failure_is_told_from_a_check_s(crosswind: Crosswind, status: int, code: int) -> None:
    """All checks passed: 0 when the command succeeded too, 2 when it did not."""
    crosswind.profile(GIVE_UP)
    done = crosswind.run(*python("gives_up.py", str(status)), options=["--profile", "profile.yaml"])
    ended = crosswind.events()[-1]
    assert isinstance(ended, RunEnded)
    assert (done.code, ended.child_status) == (code, status)
    assert "PASS" in done.stderr


def test_a_command_that_a_signal_ended(crosswind: Crosswind) -> None:
    """128 and its number, as in a shell."""
    crosswind.run(sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    ended = crosswind.events()[-1]
    assert isinstance(ended, RunEnded)
    assert ended.child_status == 128 + signal.SIGKILL


def assert_whole(crosswind: Crosswind, calls: int) -> None:
    """The journal has its first event, every call and its last."""
    first, *exchanges, last = crosswind.events()
    assert isinstance(first, RunStarted)
    assert [type(event) for event in exchanges] == [ExchangeClosed] * calls
    assert isinstance(last, RunEnded)
    assert last.child_status == 5


def read_line(process: subprocess.Popen[bytes]) -> bytes:
    """The next line of its standard output."""
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1], ids=["INT", "TERM", "USR1"])
def test_a_signal_goes_to_the_command(crosswind: Crosswind, number: signal.Signals) -> None:
    """The command decides when it is over: its last call still comes through, and the summary is printed."""
    with crosswind.started("run", "--run-dir", "run", "--", *WAITS) as process:
        assert read_line(process) == b"ready\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=LIMIT)
    assert (out.decode(), process.returncode) == (f"{number.name}\n", 3)
    assert "2 calls" in err.decode()
    assert_whole(crosswind, calls=2)


def test_ctrl_c_at_a_terminal_reaches_the_command_once(crosswind: Crosswind) -> None:
    """The terminal sends it to both; a second one would make many programs drop what they do."""
    command = python("at_a_terminal.py", str(COMMAND), "run", "--run-dir", "run", "--", *WAITS)
    done = subprocess.run(
        command, check=False, capture_output=True, cwd=crosswind.folder, env=crosswind.environment(), timeout=LIMIT
    )
    shown = done.stdout.decode()
    assert re.findall(r"SIG\w+", shown) == ["SIGINT"]
    assert (done.returncode, "2 calls" in shown) == (3, True)
    assert_whole(crosswind, calls=2)


def test_after_a_kill_the_journal_can_be_read(crosswind: Crosswind) -> None:
    """What was over by then is in it, and the report says that the run was cut short."""
    with crosswind.started("run", "--run-dir", "run", "--", *WAITS) as process:
        assert read_line(process) == b"ready\n"
        wait_until(lambda: len(crosswind.journal().events) == 2)
        process.kill()
        process.wait(LIMIT)
    assert [type(event) for event in crosswind.journal().events] == [RunStarted, ExchangeClosed]
    report = crosswind.call("report", "run")
    assert report.code == 3
    assert "The run was cut short: its journal has no end." in report.stderr
    assert "1 call" in report.stderr


def wait_until(holds: Callable[[], bool]) -> None:
    """Look until it holds; a journal gives no event to wait for."""
    deadline = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_a_proxy_ends_on_a_signal(crosswind: Crosswind, tool: Callable[[str], str], number: signal.Signals) -> None:
    """What it prints can be pasted into another shell, whatever the folder is called; its end prints the findings."""
    folder = "a run's folder"
    with crosswind.started("proxy", "--listen", "127.0.0.1:0", "--run-dir", folder) as process:
        exports = b""
        while b"NODE_USE_ENV_PROXY" not in exports:
            exports += read_line(process)
        pasted = f"{exports.decode()}{tool('curl')} -sS -d '{ESCROW}' {GATEWAY}{ESCROWS}"
        other = subprocess.run(
            ["sh", "-eu", "-c", pasted], check=False, capture_output=True, env=crosswind.environment(), timeout=LIMIT
        )
        assert (other.returncode, b'"status":"held"' in other.stdout) == (0, True)
        process.send_signal(number)
        _, err = process.communicate(timeout=LIMIT)
    (seen,) = crosswind.exchanges(folder)
    assert seen.calls[0].operation == "create_escrow"
    assert process.returncode == 3  # the escrow still holds the money, but nothing was disturbed
    assert "no_funds_locked" in err.decode()
