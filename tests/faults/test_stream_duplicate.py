from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Answer
from proxy_addons.faults.stream_duplicate import StreamDuplicate
from tests.support.fake_wire import FakeWire, shape
from tests.support.live import live_proxy
from tests.support.streams import STREAMS, Held, asking, event, read_http2, respond
from tests.support.upstream import say, upstream

EVENTS = [event(number) for number in range(1, 5)]
ONE, TWO, THREE, FOUR = EVENTS
STREAM = Answer(200, (("content-type", "text/event-stream"),))
PING = b": ping\n\n"


@pytest.mark.parametrize(
    ("settings", "body", "detail"),
    [
        ({}, [ONE, ONE, TWO, THREE, FOUR], "event 1 sent 2 times"),
        ({"event": 3}, [ONE, TWO, THREE, THREE, FOUR], "event 3 sent 2 times"),
        ({"event": 4, "times": 2}, [ONE, TWO, THREE, FOUR, FOUR, FOUR], "event 4 sent 3 times"),
        ({"event": "every"}, [ONE, ONE, TWO, TWO, THREE, THREE, FOUR, FOUR], "event 4 sent 2 times"),
        (
            {"after_bytes": len(ONE) + 3},
            [ONE, TWO[:3], TWO[3:], TWO[3:], THREE, FOUR],
            f"{len(TWO) - 3} bytes behind byte {len(ONE) + 3} sent 2 times",
        ),
    ],
)
async def test_which_comes_twice(settings: dict[str, object], body: list[bytes], detail: str) -> None:
    """All else comes once, in order."""
    found = await shape(StreamDuplicate.model_validate(settings), FakeWire(answer=STREAM), EVENTS)

    assert (found.body, found.detail, found.delivered) == (b"".join(body), detail, True)


async def test_what_no_client_dispatches_is_no_event() -> None:
    """Comments that keep the connection alive do not count, and do not come twice."""
    found = await shape(StreamDuplicate(event=1), FakeWire(answer=STREAM), [PING, ONE, PING])

    assert found.body == PING + ONE + ONE + PING


@pytest.mark.parametrize("settings", [{"event": 5}, {"after_bytes": 10_000}])
async def test_a_stream_that_is_shorter_is_as_it_was(settings: dict[str, object]) -> None:
    """And the fault was not delivered."""
    found = await shape(StreamDuplicate.model_validate(settings), FakeWire(answer=STREAM), EVENTS)

    assert (found.body, found.delivered) == (b"".join(EVENTS), False)


@pytest.mark.parametrize("settings", [{"event": 1, "after_bytes": 1}, {"event": 0}, {"event": "all"}, {"times": 0}])
def test_settings_that_make_no_sense(settings: dict[str, object]) -> None:
    """They are refused."""
    with pytest.raises(ValidationError):
        StreamDuplicate.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "event 1 of the stream comes 2 times"),
        ({"event": "every", "times": 2}, "every event of the stream comes 3 times"),
        ({"after_bytes": 9}, "what follows byte 9 of the stream comes 2 times"),
    ],
)
def test_it_says_what_it_does(settings: dict[str, object], told: str) -> None:
    """In a sentence."""
    assert StreamDuplicate.model_validate(settings).describe() == told


def test_at_the_socket_while_the_origin_holds_the_rest(tmp_path: Path, ca: Path) -> None:
    """The second event comes twice before the third is there."""
    held = Held(EVENTS, after=2)
    rules = "[{fault: {stream_duplicate: {event: 2}}}]"
    with (
        upstream(held) as origin,
        live_proxy(tmp_path, ca, rules=rules, maps=[f"{STREAMS}={origin.url}"]) as proxy,
        asking(proxy) as client,
    ):
        assert client.read(len(ONE + TWO + TWO)) == ONE + TWO + TWO
        held.release.set()
        assert (client.end(), client.body) == ("open", ONE + TWO + TWO + THREE + FOUR)


def test_on_http2(tmp_path: Path, ca: Path) -> None:
    """The same, in a whole stream."""
    with (
        upstream(respond(*EVENTS)) as origin,
        live_proxy(
            tmp_path, ca, rules="[{fault: {stream_duplicate: {event: every}}}]", maps=[f"{STREAMS}={origin.url}"]
        ) as proxy,
    ):
        assert read_http2(proxy) == (ONE + ONE + TWO + TWO + THREE + THREE + FOUR + FOUR, "")


@pytest.mark.parametrize("http2", [False, True])
def test_an_answer_with_a_length_grows(tmp_path: Path, ca: Path, *, http2: bool) -> None:
    """It no longer promises one, or a client would wait for less than there is."""
    rules = "[{fault: {stream_duplicate: {after_bytes: 4}}}]"
    with (
        upstream(say(200, b"onetwo", "text/event-stream")) as origin,
        live_proxy(tmp_path, ca, rules=rules, maps=[f"{STREAMS}={origin.url}"]) as proxy,
    ):
        if http2:
            assert read_http2(proxy) == (b"onetwowo", "")
        else:
            with asking(proxy) as client:
                assert (client.end(), client.body) == ("open", b"onetwowo")


def test_the_origin_is_asked_not_to_compress(tmp_path: Path, ca: Path) -> None:
    """Events of a compressed stream cannot be seen."""
    held = Held(EVENTS)
    with (
        upstream(held) as origin,
        live_proxy(tmp_path, ca, rules="[{fault: stream_duplicate}]", maps=[f"{STREAMS}={origin.url}"]) as proxy,
    ):
        read_http2(proxy)
    assert [headers["accept-encoding"] for headers in held.asked] == ["identity"]
