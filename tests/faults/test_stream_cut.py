from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Answer
from proxy_addons.faults.stream_cut import StreamCut
from tests.support.fake_wire import FakeWire, shape
from tests.support.live import live_proxy
from tests.support.streams import STREAMS, Held, asking, event, read_http2, respond
from tests.support.upstream import upstream

EVENTS = [event(number) for number in range(1, 6)]
STREAM = Answer(200, (("content-type", "text/event-stream"),))


@pytest.mark.parametrize(
    ("settings", "body", "done"),
    [
        ({}, EVENTS[:1], ["wait", "reset"]),
        ({"after_events": 0}, [], ["wait", "reset"]),
        ({"after_events": 3, "end": "close"}, EVENTS[:3], ["wait", "close"]),
        ({"after_events": 5}, EVENTS, ["wait", "reset"]),
        ({"after_events": 2, "end": "clean"}, EVENTS[:2], []),
        ({"after_events": 1, "mid_event": True}, [EVENTS[0], EVENTS[1][: len(EVENTS[1]) // 2]], ["wait", "reset"]),
        ({"after_bytes": 10}, [EVENTS[0][:10]], ["wait", "reset"]),
    ],
)
async def test_where_and_how_it_is_cut(settings: dict[str, object], body: list[bytes], done: list[str]) -> None:
    """What comes before is whole."""
    wire = FakeWire(answer=STREAM)
    found = await shape(StreamCut.model_validate(settings), wire, EVENTS)

    assert (found.body, wire.done, found.delivered) == (b"".join(body), done, True)


@pytest.mark.parametrize("settings", [{"after_events": 6}, {"after_bytes": 10_000}])
async def test_a_stream_that_is_shorter_is_whole(settings: dict[str, object]) -> None:
    """And the fault was not delivered."""
    wire = FakeWire(answer=STREAM)
    found = await shape(StreamCut.model_validate(settings), wire, EVENTS)

    assert (found.body, wire.done, found.delivered) == (b"".join(EVENTS), [], False)


async def test_an_answer_without_events_is_left_alone_and_it_is_said() -> None:
    """Bytes can be counted in it."""
    whole = Answer(200, (("content-type", "application/json"),))
    found = await shape(StreamCut(after_events=1), FakeWire(answer=whole), [b'{"a":', b"1}"])

    assert (found.body, found.delivered) == (b'{"a":1}', False)
    assert found.detail == "the answer is no event stream (application/json): it has no events to count"


@pytest.mark.parametrize(
    "settings", [{"after_events": 1, "after_bytes": 1}, {"after_bytes": 1, "mid_event": True}, {"end": "fin"}]
)
def test_settings_that_contradict_each_other(settings: dict[str, object]) -> None:
    """They are refused."""
    with pytest.raises(ValidationError):
        StreamCut.model_validate(settings)


def test_it_says_what_it_does() -> None:
    """In a sentence."""
    told = StreamCut(after_events=3, mid_event=True, end="close").describe()
    assert told == "the stream is cut after 3 events and half of the next (closed)"


@pytest.mark.parametrize(("end", "ending"), [("reset", "reset"), ("close", "fin"), ("clean", "open")])
def test_the_end_at_the_socket(tmp_path: Path, ca: Path, end: str, ending: str) -> None:
    """Two events arrive, and then the connection ends as it was asked."""
    rules = f"[{{fault: {{stream_cut: {{after_events: 2, end: {end}}}}}}}]"
    with upstream(respond(*EVENTS)) as origin:
        with (
            live_proxy(tmp_path, ca, rules=rules, maps=[f"{STREAMS}={origin.url}"]) as proxy,
            asking(proxy) as client,
        ):
            assert (client.end(), client.body) == (ending, b"".join(EVENTS[:2]))
        (exchange,) = proxy.exchanges
    assert [injection.delivered for injection in exchange.injections] == [True]
    assert exchange.delivered is (end == "clean")
    assert exchange.reached_upstream
    assert not exchange.client_aborted


def test_the_first_event_comes_while_the_origin_holds_the_rest(tmp_path: Path, ca: Path) -> None:
    """Nothing is kept that is not touched, and the cut comes with the event that it follows."""
    held = Held(EVENTS, after=1)
    rules = "[{fault: {stream_cut: {after_events: 2}}}]"
    with (
        upstream(held) as origin,
        live_proxy(tmp_path, ca, rules=rules, maps=[f"{STREAMS}={origin.url}"]) as proxy,
        asking(proxy) as client,
    ):
        assert client.read(len(EVENTS[0])) == EVENTS[0]
        assert not held.release.is_set()
        held.release.set()
        assert (client.end(), client.body) == ("reset", b"".join(EVENTS[:2]))


@pytest.mark.parametrize(("end", "error"), [("reset", "ReadError"), ("close", "RemoteProtocolError"), ("clean", "")])
def test_on_http2(tmp_path: Path, ca: Path, end: str, error: str) -> None:
    """A reset ends the connection, a close the stream, and a clean end is one."""
    rules = f"[{{fault: {{stream_cut: {{after_events: 2, end: {end}}}}}}}]"
    with (
        upstream(respond(*EVENTS)) as origin,
        live_proxy(tmp_path, ca, rules=rules, maps=[f"{STREAMS}={origin.url}"]) as proxy,
    ):
        assert read_http2(proxy) == (b"".join(EVENTS[:2]), error)


def test_bytes_of_any_answer(tmp_path: Path, ca: Path) -> None:
    """A stream of JSON lines, say."""
    rules = "[{fault: {stream_cut: {after_bytes: 11, end: close}}}]"
    with (
        upstream(respond(b'{"n": 1}\n', b'{"n": 2}\n', content_type="application/x-ndjson")) as origin,
        live_proxy(tmp_path, ca, rules=rules, maps=[f"{STREAMS}={origin.url}"]) as proxy,
        asking(proxy) as client,
    ):
        assert (client.end(), client.body) == ("fin", b'{"n": 1}\n{"')


@pytest.mark.parametrize("kind", ["text/plain; charset=utf-8", "application/octet-stream", "application/jsonl"])
def test_bytes_of_chunks_come_while_the_origin_holds_the_rest(tmp_path: Path, ca: Path, kind: str) -> None:
    """No answer without a length is kept, but for one JSON value, of which the journal tells what it did."""
    held = Held([b"first", b"second", b"third"], kind, after=1)
    rules = "[{fault: {stream_cut: {after_bytes: 8, end: close}}}]"
    with (
        upstream(held) as origin,
        live_proxy(tmp_path, ca, rules=rules, maps=[f"{STREAMS}={origin.url}"]) as proxy,
        asking(proxy) as client,
    ):
        assert client.read(5) == b"first"
        held.release.set()
        assert (client.end(), client.body) == ("fin", b"firstsec")


def test_a_call_that_is_cut_off_was_carried_out(tmp_path: Path, ca: Path) -> None:
    """Its status said so, before anything was cut."""
    rules = "[{fault: {stream_cut: {after_events: 1}}}]"
    held = Held(EVENTS, after=1)
    with upstream(held) as origin:
        with (
            live_proxy(tmp_path, ca, rules=rules, maps=[f"{STREAMS}={origin.url}"]) as proxy,
            asking(proxy, "/orders") as client,
        ):
            assert client.end() == "reset"
        held.release.set()
        (exchange,) = proxy.exchanges
    assert (exchange.reached_upstream, exchange.commit, exchange.pristine_status) == (True, "committed", 200)
