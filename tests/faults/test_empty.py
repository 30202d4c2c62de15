"""Empty: a status and nothing behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy_addons.exchange import Answer
from proxy_addons.faults.empty import Empty
from tests.support.calls import ESCROW, ESCROWS, http2
from tests.support.edits import BALANCE, ask, faulty, headers_of, reply, zipped
from tests.support.fake_wire import FakeWire, play
from tests.support.live import live_proxy
from tests.support.upstream import Respond


async def test_an_answer_without_a_body_stays() -> None:
    """There is nothing to take away."""
    played = await play(Empty(), FakeWire(answer=Answer(204)))
    assert (played.delivered, played.detail) == (False, "the answer has no body")
    assert Empty().describe() == "the answer has its status and an empty body"


@pytest.mark.parametrize("respond", [reply(BALANCE), zipped(BALANCE), reply(BALANCE, chunked=True)], ids=["", "z", "c"])
def test_on_the_wire_there_is_a_head_and_no_body(tmp_path: Path, ca: Path, respond: Respond) -> None:
    """Whatever the encoding and the framing were."""
    with faulty(tmp_path, ca, "empty", respond) as proxy:
        seen = ask(proxy)
        (event,) = proxy.exchanges
    assert (seen.status, seen.body, seen.ending) == (200, b"", "open")
    assert headers_of(seen)["content-length"] == "0"
    assert headers_of(seen)["content-type"] == "application/json"
    assert {"content-encoding", "transfer-encoding"}.isdisjoint(headers_of(seen))
    assert event.injections[0].detail == f"{len(BALANCE)} bytes taken away, status 200 stays"


def test_on_http2_too(tmp_path: Path, ca: Path) -> None:
    """201 and nothing."""
    rules = "[{match: {operation: create_escrow}, fault: empty}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy, http2(proxy) as client:
        answer = client.post(ESCROWS, json=ESCROW)
    assert (answer.status_code, answer.content) == (201, b"")
