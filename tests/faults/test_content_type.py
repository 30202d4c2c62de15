"""Content type: the same body under another name."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Answer
from proxy_addons.faults.content_type import ContentType
from tests.support.edits import BALANCE, ask, faulty, headers_of
from tests.support.fake_wire import FakeWire, play


async def test_the_type_is_another_and_the_rest_stays() -> None:
    """Other headers, and the body."""
    wire = FakeWire(answer=Answer(200, (("content-type", "application/json"), ("x-a", "b")), b"{}"))
    played = await play(ContentType(to="text/plain"), wire)
    assert wire.answer == Answer(200, (("x-a", "b"), ("content-type", "text/plain")), b"{}")
    assert (played.delivered, played.detail) == (True, "content-type: application/json → text/plain")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "the answer has no body"),
        (Answer(204), "the answer has no body"),
        (Answer(200, (("content-type", "text/plain"),), b"x"), "the answer is text/plain already"),
    ],
)
async def test_where_it_would_change_nothing_it_says_so(answer: Answer | None, said: str) -> None:
    """Not delivered."""
    played = await play(ContentType(to="text/plain"), FakeWire(answer=answer))
    assert (played.delivered, played.detail) == (False, said)


def test_a_type_that_is_none_is_refused() -> None:
    """And so is one that would end the header."""
    for written in ("html", "text/html\r\nx: y", ""):
        with pytest.raises(ValidationError):
            ContentType(to=written)
    assert ContentType(to="text/html").describe() == "the answer claims to be text/html"


def test_on_the_wire_the_body_is_as_it_was(tmp_path: Path, ca: Path) -> None:
    """By default it is HTML."""
    with faulty(tmp_path, ca, "content_type") as proxy:
        seen = ask(proxy)
    assert (headers_of(seen)["content-type"], seen.body) == ("text/html; charset=utf-8", BALANCE)
