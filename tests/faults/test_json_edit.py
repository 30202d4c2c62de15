"""What all faults that edit JSON have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy_addons.exchange import Answer
from proxy_addons.faults.corrupt_fields import CorruptFields
from proxy_addons.faults.json_edit import Changes
from tests.support.edits import ask, faulty, reply
from tests.support.fake_wire import FakeWire, play

HTML = (("content-type", "text/html"),)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "the answer has no body"),
        (Answer(204), "the answer has no body"),
        (Answer(200, HTML, b"<p>hi"), "the answer is no JSON: text/html, 5 bytes"),
        (Answer(200, (), b"hi"), "the answer is no JSON: of no type, 2 bytes"),
        (Answer(200, (), b'{"b": 1}'), "nothing at a"),
    ],
    ids=["before", "empty", "html", "text", "another"],
)
async def test_what_cannot_be_edited_is_told(answer: Answer | None, said: str) -> None:
    """And nothing is touched."""
    wire = FakeWire(answer=answer)
    played = await play(CorruptFields(fields="a"), wire)
    assert (played.delivered, played.detail, wire.done) == (False, said, [])


def test_many_changes_are_counted() -> None:
    """The first few are named."""
    changes = Changes([f"c{number}" for number in range(10)], ["nothing at x"])
    assert str(changes) == "c0; c1; c2; c3; c4; c5; c6; c7; and 2 more; nothing at x"


def test_a_path_that_matches_nothing_is_in_the_journal(tmp_path: Path, ca: Path) -> None:
    """With delivered: false, so that the summary can say so."""
    with faulty(tmp_path, ca, "{corrupt_fields: nowhere}") as proxy:
        assert ask(proxy).status == 200
        (event,) = proxy.exchanges
    assert [(one.delivered, one.detail) for one in event.injections] == [(False, "nothing at nowhere")]


def test_a_stream_is_held_until_it_is_whole(tmp_path: Path, ca: Path) -> None:
    """It would have flown by otherwise."""
    stream = reply(b'{"amount": 275.0}', chunked=True, content_type="application/x-ndjson")
    with faulty(tmp_path, ca, "{corrupt_fields: amount}", stream) as proxy:
        assert b'{"amount": -275.0}' in ask(proxy).body
