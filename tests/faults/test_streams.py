from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Answer
from proxy_addons.faults.streams import Place, Reader, no_events


async def pieces_of(*pieces: bytes) -> AsyncIterator[bytes]:
    """As an answer flows."""
    for piece in pieces:
        yield piece


def answer(kind: str | None, encoding: str | None = None) -> Answer:
    """An answer of this kind."""
    headers = {"content-type": kind, "content-encoding": encoding}
    return Answer(200, tuple((name, value) for name, value in headers.items() if value is not None))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "after 1 event"),
        ({"after_events": 0}, "after 0 events"),
        ({"after_events": 3}, "after 3 events"),
        ({"after_bytes": "2KB"}, "after 2000 bytes"),
    ],
)
def test_a_place_in_words(settings: dict[str, object], words: str) -> None:
    """The first event is what is meant when nothing is said."""
    assert Place.model_validate(settings).words == words


@pytest.mark.parametrize(
    "settings", [{"after_events": 1, "after_bytes": 1}, {"after_events": -1}, {"after_events": "3"}]
)
def test_a_place_is_counted_one_way(settings: dict[str, object]) -> None:
    """Both at once contradict each other."""
    with pytest.raises(ValidationError):
        Place.model_validate(settings)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (answer("text/event-stream"), ""),
        (answer("Text/Event-Stream; charset=utf-8", "identity"), ""),
        (answer("application/json"), "no event stream (application/json)"),
        (answer(None), "no event stream (without a content type)"),
        (None, "no event stream (without a content type)"),
        (answer("text/event-stream", "gzip"), "compressed (gzip)"),
    ],
)
def test_why_events_cannot_be_counted(told: Answer | None, why: str) -> None:
    """It is said, never skipped in silence."""
    assert why in no_events(told)
    assert bool(why) == bool(no_events(told))


@pytest.mark.parametrize(
    ("pieces", "place", "before", "rest", "reached"),
    [
        ([b"abc", b"def"], Place(after_bytes=0), [], [b"abc", b"def"], True),
        ([b"abc", b"def"], Place(after_bytes=3), [b"abc"], [b"def"], True),
        ([b"abc", b"def"], Place(after_bytes=4), [b"abc", b"d"], [b"ef"], True),
        ([b"abc"], Place(after_bytes=9), [b"abc"], [], False),
        ([b"data:a\n\nda", b"ta:b\n\n"], Place(after_events=0), [], [b"data:a\n\nda", b"ta:b\n\n"], True),
        ([b"data:a\n\nda", b"ta:b\n\n"], Place(after_events=1), [b"data:a\n\n"], [b"da", b"ta:b\n\n"], True),
        ([b"data:a\n\n:x\n\ndata:b\n\n"], Place(after_events=1), [b"data:a\n\n"], [b":x\n\ndata:b\n\n"], True),
        ([b"data:a\n\nda"], Place(after_events=2), [b"data:a\n\n", b"da"], [], False),
    ],
)
async def test_up_to_a_place_and_then_the_rest(
    pieces: list[bytes], place: Place, before: list[bytes], rest: list[bytes], *, reached: bool
) -> None:
    """Every byte comes, in order, as early as it can."""
    reader = Reader(pieces_of(*pieces))

    assert [piece async for piece in reader.before(place)] == before
    assert reader.reached is reached
    assert [piece async for piece in reader.rest()] == rest
