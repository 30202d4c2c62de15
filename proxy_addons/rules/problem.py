"""What is wrong with a profile, said to the person who wrote it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import override


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `line` and `column` count from 1; line 0 speaks of the file as a whole."""

    source: str
    message: str
    path: str = ""
    line: int = 0
    column: int = 0

    @property
    def place(self) -> str:
        """`file:line:column`, the form that editors and terminals turn into a link."""
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source

    @override
    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.path, self.message) if part)


class ProfileError(Exception):
    """A profile that cannot be used. The fault is the author's, and `problems` holds every one of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        super().__init__("\n".join(map(str, self.problems)))


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: `; did you mean `x`?`, or nothing when none is near."""
    by_folded = {option.lower().replace("-", "_"): option for option in options}
    near = difflib.get_close_matches(word.lower().replace("-", "_"), by_folded, n=1, cutoff=0.6)
    return f"; did you mean `{by_folded[near[0]]}`?" if near else ""


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words as an English list: `a, b and c`."""
    *before, final = words
    return f"{', '.join(before)} {last} {final}" if before else final


def shown(value: object) -> str:
    """A value the way it stands in the file, shortened: text in quotes, `true`, `null`, `[…]`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value if len(value) <= 40 else value[:39] + "…"}"'
        case list() | tuple():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return str(value)
