"""Counts and lists in sentences."""

from __future__ import annotations

from collections.abc import Iterable


def plural(count: int, noun: str) -> str:
    """`1 call`, `2 calls`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def was(count: int) -> str:
    """`was` or `were`, for so many."""
    return "was" if count == 1 else "were"


def listed(names: Iterable[str]) -> str:
    """Each name once: `a, b and c`."""
    *most, last = dict.fromkeys(names) or ("",)
    return f"{', '.join(most)} and {last}" if most else last
