"""Headers: set, removed, there twice, far too large."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Answer
from proxy_addons.faults.headers import Headers
from tests.support.calls import http2
from tests.support.edits import ask, faulty, headers_of, reply
from tests.support.fake_wire import FakeWire, play
from tests.support.live import live_proxy

ANSWER = Answer(200, (("content-type", "application/json"), ("x-id", "1")), b"{}")


@pytest.mark.parametrize(
    ("settings", "headers", "said"),
    [
        ({"set": {"X-Id": "2"}}, [("content-type", "application/json"), ("x-id", "2")], "X-Id set"),
        ({"remove": "X-Id"}, [("content-type", "application/json")], "X-Id removed"),
        ({"duplicate": "X-Id"}, [*ANSWER.headers, ("x-id", "1")], "X-Id twice"),
        ({"duplicate": {"x-id": "2"}}, [*ANSWER.headers, ("x-id", "2")], "x-id twice"),
        ({"oversized": 5}, [*ANSWER.headers, ("x-oversized", "xxxxx")], "x-oversized: 5 bytes"),
        ({"remove": ["x-id", "no"]}, [("content-type", "application/json")], "x-id removed; there is no header no"),
    ],
)
async def test_each_changes_what_it_names(settings: dict[str, Any], headers: list[tuple[str, str]], said: str) -> None:
    """In any case of letters."""
    wire = FakeWire(answer=ANSWER)
    played = await play(Headers.model_validate(settings), wire)
    assert wire.answer == Answer(200, tuple(headers), b"{}")
    assert (played.delivered, played.detail) == (True, said)


async def test_what_is_not_there_cannot_be_changed() -> None:
    """Not delivered."""
    wire = FakeWire(answer=ANSWER)
    played = await play(Headers(remove=["a"], duplicate=["b"]), wire)
    assert (played.delivered, played.detail, wire.done) == (
        False,
        "there is no header a; there is no header b",
        [],
    )
    assert not (await play(Headers(remove="a"), FakeWire())).delivered


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "changes nothing; write `set`, `remove`, `duplicate` or `oversized`"),
        ({"set": {"X": "1"}, "remove": "x"}, "x: in `remove` and in `set` too"),
        ({"duplicate": ["x"], "remove": ["X"]}, "x: in `remove` and in `duplicate` too"),
        ({"duplicate": {"x": "a\nb"}}, "is no header"),
        ({"remove": "content-length"}, "use the fault `wrong_length`"),
        ({"oversized": "2MB"}, "less than or equal to 1000000"),
    ],
)
def test_settings_that_contradict_each_other_are_errors(settings: dict[str, Any], said: str) -> None:
    """In words."""
    with pytest.raises(ValidationError) as caught:
        Headers.model_validate(settings)
    assert said in str(caught.value)


def test_it_says_what_differs() -> None:
    """In words."""
    fault = Headers(set={"a": "1"}, remove=["b"], duplicate=["c"], oversized="64KB")
    assert fault.describe() == ("the answer comes without b, with a: 1, with c twice, with a header of 64000 bytes")


def test_on_the_wire_a_duplicate_is_two_lines(tmp_path: Path, ca: Path) -> None:
    """And the rest of the head is as it was said."""
    fault = "{headers: {set: {x-new: 'yes'}, remove: x-request-id, duplicate: {x-charged: '2'}}}"
    with faulty(tmp_path, ca, fault, reply(b"{}", x_request_id="r1", x_charged="1")) as proxy:
        seen = ask(proxy)
    assert b"\r\nx-charged: 1\r\n" in seen.data
    assert b"\r\nx-charged: 2\r\n" in seen.data
    assert headers_of(seen)["x-new"] == "yes"
    assert "x-request-id" not in headers_of(seen)


def test_an_oversized_header_is_too_much_for_many_clients(tmp_path: Path, ca: Path) -> None:
    """It is on the wire, and httpx, by way of h11, gives up at 100KB."""
    with faulty(tmp_path, ca, "{headers: {oversized: 200KB}}") as proxy:
        assert len(headers_of(ask(proxy))["x-oversized"]) == 200_000


def test_on_http2_clients_refuse_it_as_well(tmp_path: Path, ca: Path) -> None:
    """By the size of the header list that they accept: httpx takes 64KB."""
    rules = "[{fault: {headers: {oversized: 70KB}}}]"
    refused = pytest.raises(httpx.LocalProtocolError, match="Oversized header block")
    with live_proxy(tmp_path, ca, rules=rules) as proxy, http2(proxy) as client, refused:
        client.get("/v1/pricing")
