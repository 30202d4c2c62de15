"""docs/faults.md is what the fault files say, and its examples can be copied."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from proxy_addons import faults
from tests.docs.pages import ROOT, as_profile, blocks, page, sections

SCRIPT = "scripts/faults-doc"
COMMAND = f".venv/bin/python {SCRIPT}"
SECTIONS = sections(page("faults.md"))
EACH = pytest.mark.parametrize("word", faults.words())


def generated() -> str:
    """What the script writes now."""
    made = subprocess.run(
        [sys.executable, str(ROOT / SCRIPT), "-"], check=False, capture_output=True, cwd=ROOT, text=True, timeout=60
    )
    assert made.returncode == 0, made.stderr
    return made.stdout


def test_page_is_up_to_date() -> None:
    """Whoever changes a fault writes the page again."""
    assert generated() == page("faults.md"), f"docs/faults.md is out of date: run {COMMAND}"


def test_no_fault_is_missing() -> None:
    """Each has a section and a line in the table, and nothing else has."""
    rows = re.findall(r"^\| \[`(\w+)`\]\(#\1\) ", page("faults.md"), re.MULTILINE)
    assert (tuple(rows), tuple(SECTIONS)) == (faults.words(), faults.words())


@EACH
def test_docstring_says_what_is_seen(word: str) -> None:
    """The file of a fault begins with what it does and says what the client, or the agent's server, sees."""
    documentation = sys.modules[faults.load(word).__module__].__doc__ or ""
    assert re.search(r"\bthe\s+(client|agent's\s+server)\s+sees\b", documentation, re.IGNORECASE)


@EACH
def test_settings_are_complete(word: str) -> None:
    """Every setting has a line."""
    listed = re.findall(r"^\| `(\w+)` \|", SECTIONS[word], re.MULTILINE)
    assert listed == [field.alias or name for name, field in faults.load(word).model_fields.items()]


@EACH
def test_example_lints(word: str) -> None:
    """It is a rule with this fault."""
    (example,) = blocks(SECTIONS[word], "yaml")
    assert [rule.fault.word for rule in as_profile(example, word).rules] == [word]
