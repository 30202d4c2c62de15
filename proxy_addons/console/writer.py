"""Text for a terminal, whoever wrote it.

Much of what is printed came over the wire: it is shown as it is, without Rich's markup and without
characters that a terminal would obey. Without a Unicode terminal the signs become ASCII.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_ASCII = str.maketrans({"✓": "+", "✗": "x", "\N{EN DASH}": "-", "→": "->", "·": "-", "…": "..."})

_CONTROLS = (
    *range(0x20),
    *range(0x7F, 0xA0),
    *range(0x200B, 0x2010),  # invisible, and marks of direction
    *range(0x2028, 0x202F),  # line ends, and overrides of direction
    *range(0x2066, 0x206A),  # isolates
)
_HIDDEN = dict.fromkeys(_CONTROLS, "\N{REPLACEMENT CHARACTER}")


_NARROWEST = 20
"""Columns that text gets at least, however narrow the terminal is."""


class Writer:
    """Writes on a console."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.unicode = console.encoding.lower().startswith("utf")

    def text(self, content: str, style: str = "") -> Text:
        """A piece of text that is printed as it is, less what a terminal would obey."""
        from rich.text import Text

        content = content.translate(_HIDDEN)
        return Text(content if self.unicode else content.translate(_ASCII), style=style)

    def line(self, content: str | Text = "", style: str = "") -> None:
        """A line of its own, wrapped where it is too long."""
        self._wrapped(self.text(""), self.text(content, style) if isinstance(content, str) else content)

    def item(self, mark: str | Text, content: str | Text, style: str = "", *, indent: int = 0) -> None:
        """A line, `indent` columns in, that wraps behind its mark."""
        head, body = (self.text(part, style) if isinstance(part, str) else part for part in (mark, content))
        self._wrapped(self.text(" " * indent).append_text(head).append(" "), body)

    def unwrapped(self, content: str) -> None:
        """A line that stays whole, such as a path to copy."""
        self.console.print(self.text(content, "dim"), highlight=False, soft_wrap=True)

    def _wrapped(self, head: Text, body: Text) -> None:
        width = max(_NARROWEST, self.console.width - head.cell_len)
        for line in body.wrap(self.console, width) or [self.text("")]:
            line.rstrip()
            self.console.print(head + line, highlight=False, no_wrap=True, overflow="ignore", crop=False)
            head = self.text(" " * head.cell_len)
