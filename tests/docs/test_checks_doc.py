"""docs/checks.md: every check is documented, and every result that it can have."""

from __future__ import annotations

import pytest

from proxy_addons.verdicts.bounded_retries import FAIL_ABOVE, GIVE_UP_AFTER, WARN_ABOVE
from proxy_addons.verdicts.judge import CHECKS
from proxy_addons.verdicts.verdict import Result
from tests.docs.pages import code, page, sections

TEXT = page("checks.md")
NAMES = [check.__name__ for check in CHECKS]


def test_every_check_has_a_section() -> None:
    """In the order in which findings come."""
    assert list(sections(TEXT)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_section_says_when(name: str) -> None:
    """When it fails, when it passes, when it is not exercised, and what to do."""
    section = sections(TEXT)[name]
    wanted = ("- **Fails** ", "- **Passes** ", "- **Not exercised** ", "- **Does not fail on** ", "\nTo pass: ")
    assert [words for words in wanted if words not in section] == []


def test_every_result_is_told() -> None:
    """In the words of `--json`."""
    assert {str(result) for result in Result} - code(TEXT) == set()


def test_limits_are_those_of_the_check() -> None:
    """Numbers that are written twice must be the same."""
    section = sections(TEXT)["bounded_retries"]
    limits = (f"above {FAIL_ABOVE} attempts", f"after {GIVE_UP_AFTER:g} s", f"Above {WARN_ABOVE} attempts")
    assert [limit for limit in limits if limit not in section] == []
