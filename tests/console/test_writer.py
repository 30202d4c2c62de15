from __future__ import annotations

from io import BytesIO, StringIO, TextIOWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from proxy_addons.console.writer import Writer


def console(width: int = 40, *, colours: bool = False) -> tuple[Console, StringIO]:
    """A console, and what was written on it."""
    file = StringIO()
    return Console(file=file, width=width, force_terminal=colours), file


def test_markup_is_text() -> None:
    """A path in square brackets is no instruction."""
    made, file = console()
    Writer(made).line("[bold red]/v1/[/] :smile: 42")
    assert file.getvalue() == "[bold red]/v1/[/] :smile: 42\n"


@pytest.mark.parametrize("hidden", ["\x1b", "\x07", "\r", "\n", "\x00", "\x9b", "\u202e", "\u2066", "\u200b"])
def test_what_a_terminal_would_obey_is_replaced(hidden: str) -> None:
    """An agent's path must not write on the person's screen."""
    made, file = console(colours=True)
    Writer(made).line(f"a{hidden}b")
    assert file.getvalue() == "a\N{REPLACEMENT CHARACTER}b\n"


def test_items_hang_behind_their_mark() -> None:
    """No line ends in blanks, and none is longer than the terminal is wide."""
    made, file = console(width=24)
    Writer(made).item("#12", "create_escrow 25.00 → committed, answer lost", indent=2)
    assert file.getvalue() == "  #12 create_escrow 25.00\n      → committed, answer\n      lost\n"


def test_narrow_terminal_still_gets_words() -> None:
    """Better too long a line than one letter a line."""
    made, file = console(width=8)
    Writer(made).item("#12", "create_escrow 25.00", indent=2)
    assert file.getvalue() == "  #12 create_escrow 25.00\n"


def test_paths_stay_whole() -> None:
    """They are there to be copied."""
    made, file = console(width=10)
    Writer(made).unwrapped("run: /a/very/long/path/to/a/folder")
    assert file.getvalue() == "run: /a/very/long/path/to/a/folder\n"


def test_signs_become_ascii_where_the_terminal_has_no_others() -> None:
    """Nothing ends in an encoding error."""
    raw = BytesIO()
    made = Console(file=TextIOWrapper(raw, "ascii", write_through=True), width=60)
    Writer(made).line("✓ ✗ \N{EN DASH} a → b · c … d")
    assert raw.getvalue() == b"+ x - a -> b - c ... d\n"


def test_styles_are_for_terminals() -> None:
    """A log file gets plain text."""
    for colours, expected in ((False, "red\n"), (True, "\x1b[31mred\x1b[0m\n")):
        made, file = console(colours=colours)
        Writer(made).line("red", "red")
        assert expected == file.getvalue()


@given(st.text())
def test_any_text_can_be_written(text: str) -> None:
    """Whatever came over the wire."""
    made, file = console()
    writer = Writer(made)
    writer.line(text)
    writer.item("#1", text)
    assert "\x1b" not in file.getvalue()
