"""The pages of docs/, taken apart."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent

from proxy_addons.rules.load import parse
from proxy_addons.rules.profile import Profile

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")


def page(name: str) -> str:
    """The text of a page."""
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks in a language."""
    return [body for found, body in _BLOCK.findall(text) if found == language]


def sections(text: str, level: int = 2) -> dict[str, str]:
    """Heading → what stands below it, up to the next of the same level or a higher one."""
    parts = re.split(rf"^(#{{1,{level}}}) (.+)$", text, flags=re.MULTILINE)
    return {
        title: body
        for marks, title, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
        if len(marks) == level
    }


def code(text: str) -> set[str]:
    """What stands between backticks, outside of blocks."""
    return set(_CODE.findall(_BLOCK.sub("", text)))


def as_profile(block: str, source: str) -> Profile:
    """Read a block that is a whole profile, some of its keys, or entries of `rules`.

    Raises:
        ProfileError: it is wrong.
    """
    if block.lstrip().startswith("- "):
        block = f"rules:\n{indent(block, '  ')}"
    if not re.search(r"^version:", block, re.MULTILINE):
        block = f"version: 1\n{block}"
    return parse(block, source)
