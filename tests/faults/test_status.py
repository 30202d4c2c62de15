"""Status: another answer, well-formed, on either side of the upstream."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Answer, Phase
from proxy_addons.faults.status import Status
from tests.support.calls import ESCROW, ESCROWS, create, escrows, http2
from tests.support.fake_wire import DRAW, FakeWire, play
from tests.support.live import live_proxy
from tests.support.sockets import exchange, tunnel


async def answered(fault: Status, ordinal: int = 1) -> Answer:
    """What the agent gets, at its n-th call."""
    wire = FakeWire()
    played = await play(fault, wire, replace(DRAW, ordinal=ordinal))
    assert wire.done == ["respond"]
    assert wire.answer is not None
    assert (played.delivered, played.ends, played.detail) == (True, True, f"answered {wire.answer.status}")
    return wire.answer


async def test_the_body_is_a_problem_document() -> None:
    """RFC 9457, with the path that was asked for."""
    answer = await answered(Status(code=503))
    assert (answer.status, answer.header("content-type")) == (503, "application/problem+json")
    assert answer.json == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "instance": "/v1/orders",
    }


@pytest.mark.parametrize(
    ("body", "kind", "sent"),
    [
        ("go away", "text/plain; charset=utf-8", b"go away"),
        ({"error": "busy"}, "application/json", b'{"error": "busy"}'),
        ([1, 2], "application/json", b"[1, 2]"),
        ({}, "application/json", b"{}"),
        ("", None, b""),
    ],
)
async def test_a_body_is_text_or_json(body: object, kind: str | None, sent: bytes) -> None:
    """With the content type that fits; an empty one has none."""
    answer = await answered(Status(code=500, body=body))
    assert (answer.body, answer.header("content-type")) == (sent, kind)


async def test_headers_are_sent_and_may_change_the_content_type() -> None:
    """Their names in lower case, as HTTP/2 wants them."""
    answer = await answered(Status(code=500, body="<p>", headers={"Content-Type": "text/html", "X-Why": "test"}))
    assert dict(answer.headers) == {"content-type": "text/html", "x-why": "test"}


@pytest.mark.parametrize(("wait", "written"), [("2s", "2"), ("1500ms", "2"), ("0s", "0")])
async def test_retry_after_is_in_whole_seconds(wait: str, written: str) -> None:
    """Rounded up: an agent that honours it is never too early."""
    assert (await answered(Status(code=429, retry_after=wait))).header("retry-after") == written


@pytest.mark.parametrize("code", [204, 304])
async def test_some_answers_have_no_body(code: int) -> None:
    """Whatever was asked for: HTTP forbids it."""
    answer = await answered(Status(code=code, body="text"))
    assert (answer.status, answer.body, answer.header("content-type")) == (code, b"", None)


async def test_a_success_is_no_problem() -> None:
    """And an agent that gets it need not try again."""
    assert (await answered(Status(code=200))).header("content-type") == "application/json"
    assert not Status(code=302).fatal
    assert not Status(codes=[200, 503]).fatal
    assert Status(code=400).fatal
    assert Status(codes=[500, 503]).fatal


async def test_a_code_without_a_name_is_an_error() -> None:
    """599 is nobody's."""
    assert json.loads((await answered(Status(code=599))).body)["title"] == "Error"


async def test_one_of_several_codes_is_drawn_by_weight() -> None:
    """One draw a call, in the proportions that were asked for."""
    fault = Status(codes={500: 3, 502: 1})
    found = Counter([(await answered(fault, n)).status for n in range(1, 1001)])
    assert set(found) == {500, 502}
    assert 690 < found[500] < 810
    assert fault.describe().startswith("the agent gets 500 Internal Server Error or 502 Bad Gateway, ")


async def test_a_list_of_codes_gives_each_the_same_chance() -> None:
    """The guide's wrong status: one of four."""
    found = Counter([(await answered(Status(codes=[500, 502, 503, 504]), n)).status for n in range(1, 1001)])
    assert set(found) == {500, 502, 503, 504}
    assert all(200 < count < 300 for count in found.values())


async def test_a_load_balancers_page_is_html() -> None:
    """As it comes when nothing behind it answers."""
    answer = await answered(Status(code=502, page="html"))
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert b"<h1>502 Bad Gateway</h1>" in answer.body


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "needs `code`, or `codes` to draw from, and not both"),
        ({"code": 500, "codes": [502]}, "needs `code`, or `codes` to draw from, and not both"),
        ({"codes": {500: 0}}, "greater than 0"),
        ({"code": 500, "page": "html", "body": "x"}, "has a `body` of its own and a `page` too"),
        ({"code": 199}, "greater than or equal to 200"),
        ({"code": 600}, "less than or equal to 599"),
        ({"code": 500, "headers": {"Content-Length": "3"}}, "use the fault `wrong_length`"),
        ({"code": 500, "headers": {"Transfer-Encoding": "chunked"}}, "Transfer-Encoding is set by the body itself"),
        ({"code": 500, "headers": {"x": "a\r\nset-cookie: b"}}, "is no header"),
        ({"code": 500, "headers": {"x y": "a"}}, "is no header"),
        ({"code": 500, "headers": {"": "a"}}, "is no header"),
    ],
)
def test_settings_that_do_not_fit_are_errors_in_words(settings: dict[str, object], message: str) -> None:
    """Codes that are none, and headers that would break the framing."""
    with pytest.raises(ValidationError) as caught:
        Status.model_validate(settings)
    assert message in str(caught.value)


def test_it_says_what_the_agent_gets() -> None:
    """And whether the provider did its work."""
    assert Status(code=503).describe() == "the agent gets 503 Service Unavailable, instead of asking the provider"
    assert Status(code=429, retry_after="2s", at=Phase.AFTER).describe() == (
        "the agent gets 429 Too Many Requests, with Retry-After 2s, although the provider did its work"
    )


def test_before_the_provider_is_never_asked_and_the_connection_stays(tmp_path: Path, ca: Path) -> None:
    """The next call on it goes through."""
    rules = "[{when: {calls: 1}, match: {operation: create_escrow}, fault: {status: {code: 503, retry_after: 2s}}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        with tunnel(proxy.address, proxy.bundle) as client:
            refused = exchange(client, "POST", ESCROWS, ESCROW)
            assert (refused.status, refused.ending) == (503, "open")
            assert b"retry-after: 2\r\n" in refused.data
            assert escrows(proxy) == 0
            assert exchange(client, "POST", ESCROWS, ESCROW).status == 201
        first, second = proxy.exchanges
    assert (first.status, first.pristine_status, first.origin, first.retry_after) == (503, None, "fault", 2.0)
    assert (first.committed, first.reached_upstream) == (False, False)
    assert (second.status, second.injections) == (201, [])


def test_after_the_provider_did_its_work_and_the_agent_is_told_otherwise(tmp_path: Path, ca: Path) -> None:
    """The journal says both."""
    with live_proxy(tmp_path, ca, rules="[{fault: {status: {code: 500, at: after}}}]") as proxy:
        assert create(proxy).status == 500
        assert escrows(proxy) == 1
        (event,) = proxy.exchanges
    assert (event.status, event.pristine_status, event.origin) == (500, 201, "sandbox")
    assert (event.committed, event.delivered) == (True, False)


def test_on_http2_it_is_an_answer_like_any_other(tmp_path: Path, ca: Path) -> None:
    """The connection goes on, over HTTP/2."""
    rules = "[{match: {operation: create_escrow}, fault: {status: {code: 418, body: {tea: true}}}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy, http2(proxy) as client:
        answer = client.post(ESCROWS, json=ESCROW)
        assert (answer.status_code, answer.http_version, answer.json()) == (418, "HTTP/2", {"tea": True})
        assert client.get("/v1/pricing").status_code == 200
