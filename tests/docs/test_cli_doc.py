"""docs/cli.md: every command, argument and option there is, and none that is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from proxy_addons.chain import addons
from proxy_addons.cli.main import app
from proxy_addons.cli.profile import MISUSE
from proxy_addons.engine.certs import default_folder
from proxy_addons.engine.script import OPTIONS
from proxy_addons.rules.settings import SEED_VARIABLE
from tests.docs.pages import ROOT, code, page, sections

SECTIONS = sections(page("cli.md"))


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  # Typer may bring a Click of its own
    """Every command that does something, by the words that call it."""
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
    else:
        for word, child in below.items():
            yield from commands(child, f"{name} {word}")


COMMANDS = dict(commands(get_command(app), "crosswind"))


def rows(section: str) -> set[str]:
    """What stands in the first column of its tables."""
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_command_has_a_section() -> None:
    """And each section that is called like a command is one."""
    assert {heading for heading in SECTIONS if heading.startswith("crosswind ")} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_told(name: str) -> None:
    """With its short form."""
    options = {option for p in COMMANDS[name].params if p.param_type_name == "option" for option in p.opts}
    assert rows(SECTIONS[name]) == options


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_is_told(name: str) -> None:
    """By the word that the help uses."""
    metavars = [p.metavar.rstrip(".") for p in COMMANDS[name].params if p.param_type_name == "argument"]
    assert [word for word in metavars if f"`{word.split()[0]}`" not in SECTIONS[name]] == []


def test_exit_codes_are_those_of_the_readme() -> None:
    """One table, twice: code and meaning."""
    table = re.compile(r"^\| ([\d, ]+) \| (.+) \|$", re.MULTILINE)
    readme = {number for number, _ in table.findall((ROOT / "README.md").read_text(encoding="utf-8"))}
    told = {number for number, _ in table.findall(SECTIONS["Exit codes"])}
    assert readme - told == set()
    assert str(MISUSE) in told


def test_every_mitmdump_option_is_told() -> None:
    """The loaded script declares them."""
    assert [type(addon).__name__ for addon in addons] == ["Script"]
    assert rows(SECTIONS["Options of mitmdump"]) == set(OPTIONS)


def test_every_variable_is_told() -> None:
    """Those that Crosswind reads, and what they do."""
    assert rows(SECTIONS["Environment variables"]) == {SEED_VARIABLE, "CROSSWIND_CA_DIR"}
    assert default_folder({"CROSSWIND_CA_DIR": "/ca"}) == Path("/ca")
    assert "XDG_DATA_HOME" in code(SECTIONS["Environment variables"])
