"""What httplint finds wrong with an answer."""

from __future__ import annotations

from httplint import HttpResponseLinter
from httplint.note import levels

from tests.support.sockets import Seen


def complaints(seen: Seen) -> list[str]:
    """Everything that is bad, or a reason to worry, in its words."""
    head, _, body = seen.data.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    version, status, phrase = line.split(b" ", 2)
    linter = HttpResponseLinter()
    linter.process_response_topline(version, status, phrase)
    pairs = [tuple(field.split(b":", 1)) for field in fields]
    linter.process_headers([(name, value.strip()) for name, value in pairs])
    linter.feed_content(body)
    linter.finish_content(complete=seen.ending == "open")
    return [f"{note.level.value}: {note.summary}" for note in linter.notes if note.level in {levels.BAD, levels.WARN}]
