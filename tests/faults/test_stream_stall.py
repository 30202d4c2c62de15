from pathlib import Path
from time import monotonic

import pytest

from proxy_addons.exchange import Answer
from proxy_addons.faults.stream_stall import StreamStall
from tests.support.fake_wire import FakeWire, shape
from tests.support.live import live_proxy
from tests.support.streams import STREAMS, asking, event, read_http2, respond
from tests.support.upstream import upstream

EVENTS = [event(number) for number in range(1, 6)]
STREAM = Answer(200, (("content-type", "text/event-stream"),))


@pytest.mark.parametrize(
    ("then", "body", "done"),
    [("go_on", EVENTS, ["wait"]), ("close", EVENTS[:2], ["wait", "close"]), ("reset", EVENTS[:2], ["wait", "reset"])],
)
async def test_silence_and_what_comes_after(then: str, body: list[bytes], done: list[str]) -> None:
    """The events before it come at once, what is left after `hold`."""
    wire = FakeWire(answer=STREAM)
    found = await shape(StreamStall.model_validate({"after_events": 2, "hold": "5s", "then": then}), wire, EVENTS)

    assert (found.body, wire.done, wire.waited, found.delivered) == (b"".join(body), done, 5, True)
    assert found.at == [0, 0] + [5] * (len(found.pieces) - 2)


async def test_a_client_that_leaves_ends_it() -> None:
    """Nobody is there for the rest."""
    wire = FakeWire(answer=STREAM, patience=1)
    found = await shape(StreamStall(hold="5s"), wire, EVENTS)

    assert (found.body, wire.done, found.detail) == (
        EVENTS[0],
        ["wait", "close"],
        "silent after 1 event until the client left",
    )


async def test_a_stream_that_is_shorter_is_not_held_up() -> None:
    """And the fault was not delivered."""
    wire = FakeWire(answer=STREAM)
    found = await shape(StreamStall(after_bytes="1MB"), wire, EVENTS)

    assert (found.body, wire.done, found.delivered) == (b"".join(EVENTS), [], False)


async def test_an_answer_without_events_is_left_alone_and_it_is_said() -> None:
    """Bytes can be counted in it."""
    found = await shape(StreamStall(), FakeWire(answer=Answer(200)), [b"whole"])

    assert (found.body, found.delivered) == (b"whole", False)
    assert "no event stream" in found.detail


def test_it_says_what_it_does() -> None:
    """In a sentence."""
    told = StreamStall(after_events=3, hold="2s").describe()
    assert told == "the stream is silent for 2s after 3 events, then it goes on"


@pytest.mark.parametrize(
    ("then", "ending", "count"), [("go_on", "open", 5), ("close", "fin", 2), ("reset", "reset", 2)]
)
def test_the_silence_at_the_socket(tmp_path: Path, ca: Path, then: str, ending: str, count: int) -> None:
    """Two events, nothing for as long as asked, and then what was asked."""
    rules = f"[{{fault: {{stream_stall: {{after_events: 2, hold: 600ms, then: {then}}}}}}}]"
    with (
        upstream(respond(*EVENTS)) as origin,
        live_proxy(tmp_path, ca, rules=rules, maps=[f"{STREAMS}={origin.url}"]) as proxy,
        asking(proxy) as client,
    ):
        assert client.read(len(EVENTS[0] + EVENTS[1])) == EVENTS[0] + EVENTS[1]
        assert client.silent(0.4)
        assert (client.end(), client.body) == (ending, b"".join(EVENTS[:count]))


@pytest.mark.parametrize(
    ("then", "count", "error"), [("go_on", 5, ""), ("close", 2, "RemoteProtocolError"), ("reset", 2, "ReadError")]
)
def test_on_http2(tmp_path: Path, ca: Path, then: str, count: int, error: str) -> None:
    """The same, and a close resets this stream alone."""
    rules = f"[{{fault: {{stream_stall: {{after_events: 2, hold: 300ms, then: {then}}}}}}}]"
    with (
        upstream(respond(*EVENTS)) as origin,
        live_proxy(tmp_path, ca, rules=rules, maps=[f"{STREAMS}={origin.url}"]) as proxy,
    ):
        start = monotonic()
        assert read_http2(proxy) == (b"".join(EVENTS[:count]), error)
        assert monotonic() - start > 0.3
