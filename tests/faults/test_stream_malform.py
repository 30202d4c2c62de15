from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Answer
from proxy_addons.faults.stream_malform import How, StreamMalform, malformed
from tests.support.fake_wire import FakeWire, shape
from tests.support.live import live_proxy
from tests.support.streams import STREAMS, Held, asking, event, read_http2, respond
from tests.support.upstream import upstream

EVENTS = [event(number) for number in range(1, 4)]
ONE, TWO, THREE = EVENTS
STREAM = Answer(200, (("content-type", "text/event-stream"),))
BROKEN: list[tuple[How, bytes]] = [
    ("cut_json", b'id: 2\ndata: {"n": 2, "t\n\n'),
    ("wrong_field", b'id: 2\ndta: {"n": 2, "text": "abc"}\n\n'),
    ("invalid_utf8", b'id: 2\ndata: {"n": 2, "t\xff\xfe\xc3\x28ext": "abc"}\n\n'),
    ("no_blank_line", b'id: 2\ndata: {"n": 2, "text": "abc"}\n'),
    ("missing", b""),
]


@pytest.mark.parametrize(("how", "broken"), BROKEN)
async def test_one_event_is_broken(how: How, broken: bytes) -> None:
    """The others are as they were."""
    found = await shape(StreamMalform(event=2, how=how), FakeWire(answer=STREAM), EVENTS)

    assert (found.body, found.delivered) == (ONE + broken + THREE, True)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("how", [how for how, _ in BROKEN])
def test_line_ends_stay(how: How, end: bytes) -> None:
    """Whichever way the origin writes them; of several lines of data the last one is broken."""
    raw = end.join([b"event: a", b"data: 1234", b"data: 5678", b"", b""])
    assert raw.endswith(end * 2)
    if how != "missing":
        assert malformed(raw, how).startswith(b"event: a" + end + b"data: 1234" + end)
        assert malformed(raw, how).endswith(end)


async def test_comments_are_not_counted() -> None:
    """Nor broken."""
    found = await shape(StreamMalform(how="missing"), FakeWire(answer=STREAM), [b": ping\n\n", ONE, TWO])

    assert found.body == b": ping\n\n" + TWO


async def test_bytes_are_put_into_any_answer() -> None:
    """Behind the place."""
    wire = FakeWire(answer=Answer(200))
    found = await shape(StreamMalform(after_bytes=4, how="invalid_utf8"), wire, [b"one", b"two"])

    assert (found.body, found.delivered) == (b"onet\xff\xfe\xc3\x28wo", True)


@pytest.mark.parametrize("settings", [{"event": 4}, {"after_bytes": 10_000, "how": "invalid_utf8"}])
async def test_a_stream_that_is_shorter_is_as_it_was(settings: dict[str, object]) -> None:
    """And the fault was not delivered."""
    found = await shape(StreamMalform.model_validate(settings), FakeWire(answer=STREAM), EVENTS)

    assert (found.body, found.delivered) == (b"".join(EVENTS), False)


async def test_an_answer_without_events_is_left_alone_and_it_is_said() -> None:
    """Bytes can be put into it."""
    found = await shape(StreamMalform(), FakeWire(answer=Answer(200)), [b"whole"])

    assert (found.body, found.delivered) == (b"whole", False)
    assert "no event stream" in found.detail


@pytest.mark.parametrize(
    "settings", [{"event": 1, "after_bytes": 1}, {"event": 0}, {"after_bytes": 1}, {"after_bytes": 1, "how": "missing"}]
)
def test_settings_that_contradict_each_other(settings: dict[str, object]) -> None:
    """They are refused."""
    with pytest.raises(ValidationError):
        StreamMalform.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"how": "missing", "event": 3}, "event 3 of the stream is missing"),
        ({"how": "invalid_utf8", "after_bytes": 9}, "the stream holds bytes that are no UTF-8 behind byte 9"),
    ],
)
def test_it_says_what_it_does(settings: dict[str, object], told: str) -> None:
    """In a sentence."""
    assert StreamMalform.model_validate(settings).describe() == told


def test_at_the_socket_while_the_origin_holds_the_rest(tmp_path: Path, ca: Path) -> None:
    """The second event comes broken before the third is there."""
    held = Held(EVENTS, after=2)
    broken = dict(BROKEN)["cut_json"]
    with (
        upstream(held) as origin,
        live_proxy(
            tmp_path, ca, rules="[{fault: {stream_malform: {event: 2}}}]", maps=[f"{STREAMS}={origin.url}"]
        ) as proxy,
        asking(proxy) as client,
    ):
        assert client.read(len(ONE + broken)) == ONE + broken
        held.release.set()
        assert (client.end(), client.body) == ("open", ONE + broken + THREE)


@pytest.mark.parametrize(("how", "broken"), BROKEN)
def test_on_http2(tmp_path: Path, ca: Path, how: str, broken: bytes) -> None:
    """The same, in a response that is whole."""
    with (
        upstream(respond(*EVENTS)) as origin,
        live_proxy(
            tmp_path,
            ca,
            rules=f"[{{fault: {{stream_malform: {{event: 2, how: {how}}}}}}}]",
            maps=[f"{STREAMS}={origin.url}"],
        ) as proxy,
    ):
        assert read_http2(proxy) == (ONE + broken + THREE, "")
