"""docs/profiles.md: what it shows can be copied, and no key of the language is missing."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from proxy_addons.rules.match import Match
from proxy_addons.rules.predicate import Predicate
from proxy_addons.rules.profile import BudgetSettings, Profile, Rule, ScopeSettings
from proxy_addons.rules.settings import SEED_VARIABLE
from proxy_addons.rules.when import Burst, When, Window
from proxy_addons.units import parse_duration, parse_rate, parse_size
from tests.docs.pages import as_profile, blocks, code, page, sections

TEXT = page("profiles.md")
BLOCKS = blocks(TEXT, "yaml")


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_block_lints(number: int) -> None:
    """Each is a profile, or a part of one."""
    as_profile(BLOCKS[number], f"docs/profiles.md, block {number + 1}")


@pytest.mark.parametrize("model", [Profile, ScopeSettings, BudgetSettings, Rule, Match, When, Window, Burst, Predicate])
def test_every_key_is_told(model: type[BaseModel]) -> None:
    """In the text, not only in an example."""
    keys = {field.alias or name for name, field in model.model_fields.items()}
    assert keys - code(TEXT) == set()


@pytest.mark.parametrize(("heading", "model"), [("match", Match), ("when", When)])
def test_tables_hold_nothing_else(heading: str, model: type[BaseModel]) -> None:
    """A key that is gone from the language is gone from its table."""
    rows = [line.split("`")[1] for line in sections(TEXT)[heading].splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(model.model_fields)


def test_units_are_read() -> None:
    """The quantities that it shows are ones."""
    shown = code(sections(TEXT)["Units"])
    assert [parse_duration(text) for text in ("250ms", "5s", "2m") if text in shown] == [0.25, 5.0, 120.0]
    assert [parse_size(text) for text in ("16KB", "16KiB") if text in shown] == [16_000, 16_384]
    assert [parse_rate(text) for text in ("64KB/s",) if text in shown] == [64_000.0]


def test_precedence_is_told() -> None:
    """Option, environment, file: in this order."""
    assert f"`--seed`, then `{SEED_VARIABLE}`, then `seed`" in TEXT
