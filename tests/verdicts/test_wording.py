from __future__ import annotations

import pytest

from proxy_addons.verdicts.wording import listed, plural, was


@pytest.mark.parametrize(("count", "expected"), [(0, "0 calls were"), (1, "1 call was"), (2, "2 calls were")])
def test_counts(count: int, expected: str) -> None:
    """One is singular, nothing else is."""
    assert expected == f"{plural(count, 'call')} {was(count)}"


@pytest.mark.parametrize(
    ("names", "expected"), [([], ""), (["a"], "a"), (["a", "b", "a"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists(names: list[str], expected: str) -> None:
    """Each name once."""
    assert expected == listed(names)
