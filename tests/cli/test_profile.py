import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from proxy_addons.cli.profile import MISUSE, app

GOOD = "version: 1\nname: good\ndescription: Breaks nothing.\nexpect: All is well.\nrules:\n  - fault: noop\n"
BAD = "version: 1\nrules:\n  - fault: nop\n    when: {probability: 1.5}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a good and a broken profile, as the working directory."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/good.yaml").write_text(GOOD)
    (tmp_path / "profiles/bad.yaml").write_text(BAD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*arguments: str) -> Result:
    """Run a command as a pipe would see it."""
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "60", "TERM": "dumb"})


def test_lint_is_content_with_good_profiles() -> None:
    """A line each, by path or by name."""
    result = invoke("lint", "profiles/good.yaml", "calm")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == ["profiles/good.yaml: ok, 1 rule", "calm: ok, 1 rule"]


def test_lint_shows_every_mistake_of_every_file() -> None:
    """One line a mistake, not wrapped, on stderr; the good ones are still named; the exit code is that of misuse."""
    result = invoke("lint", "profiles/bad.yaml", "good", "nowhere")

    assert result.exit_code == MISUSE == 4
    assert result.stdout.splitlines() == ["good: ok, 1 rule"]
    assert [line.partition("; ")[0] for line in result.stderr.splitlines()] == [
        "profiles/bad.yaml:3:12: rules[0].fault: no such fault",
        "profiles/bad.yaml:4:25: rules[0].when.probability: 1.5 is above 1",
        "nowhere: no such profile",
        "3 problems in 2 of 3 profiles",
    ]


def test_explain_says_it_in_words() -> None:
    """The profile, its rules and what is expected, each in a line of its own."""
    result = invoke("explain", "good")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "good",
        "Breaks nothing.",
        "Touches calls to sandbox.greenhelix.net.",
        "sandbox.greenhelix.net is answered by the embedded sandbox.",
        "",
        "- noop-1: Every call of any operation: does nothing, but counts.",
        "",
        "Expected of a careful agent: All is well.",
    ]


def test_explain_of_a_profile_without_rules_says_so(here: Path) -> None:
    """Instead of nothing at all."""
    (here / "empty.yaml").write_text("version: 1")

    assert "No rules: nothing is injected." in invoke("explain", "empty.yaml").stdout


def test_explain_of_a_broken_profile_shows_its_mistakes() -> None:
    """As lint does."""
    result = invoke("explain", "bad")

    assert (result.exit_code, result.stdout) == (MISUSE, "")
    assert "rules[0].when.probability" in result.stderr


def test_list_shows_local_and_shipped_profiles() -> None:
    """A line each with its description; a broken one is not hidden."""
    lines = invoke("list").stdout.splitlines()

    assert [line.split()[0] for line in lines] == sorted(line.split()[0] for line in lines)
    told = dict(line.split(maxsplit=1) for line in lines)
    assert told["good"] == "Breaks nothing."
    assert told["bad"] == "broken: 2 problems; see `crosswind profile lint bad`"
    assert told["lost-response"].startswith("The gateway creates the escrow")


def test_list_is_a_table_in_a_terminal() -> None:
    """With the files."""
    result = CliRunner().invoke(app, ["list"], env={"FORCE_COLOR": "1", "COLUMNS": "200", "TERM": "xterm"})

    assert "profile" in result.stdout.splitlines()[0]
    assert "profiles/good.yaml" in result.stdout


def test_list_of_nothing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty answer looks like a defect."""
    monkeypatch.setattr("proxy_addons.rules.find.shelves", list)

    assert invoke("list").stdout.startswith("There are no profiles here.")


def test_schema_is_printed_for_editors() -> None:
    """Nothing else on stdout."""
    assert json.loads(invoke("schema").stdout)["title"] == "Crosswind profile"


def test_the_command_imports_nothing_heavy() -> None:
    """`crosswind --help` must not wait for pydantic, YAML or the engine."""
    heavy = {"pydantic", "yaml", "mitmproxy", "rich.table"}
    code = f"import sys, proxy_addons.cli.profile; print(*{heavy} & sys.modules.keys())"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert run.stdout.strip() == ""
