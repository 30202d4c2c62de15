"""Rate limit: a token bucket, and what it promises."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy_addons.faults.rate_limit import RateLimit
from tests.support.calls import ESCROW, ESCROWS, call, create, escrows, http2
from tests.support.edits import headers_of
from tests.support.fake_wire import DRAW, EPOCH, FakeWire, play
from tests.support.live import live_proxy


async def test_calls_pass_until_the_bucket_is_empty() -> None:
    """A call that passes is stamped, and no injection."""
    wire = FakeWire()
    fault = RateLimit(limit=2, per="10s")
    first = await play(fault, wire)
    assert (first.delivered, first.ends, first.detail) == (False, False, "within the limit: 1 of 2 left")
    assert wire.stamped == {"x-ratelimit-limit": "2", "x-ratelimit-remaining": "1", "x-ratelimit-reset": "5"}
    await play(fault, wire)
    third = await play(fault, wire)
    assert (third.delivered, third.ends, third.detail) == (True, True, "answered 429, 5s to wait")
    assert wire.answer is not None
    assert dict(wire.answer.headers) == {
        "content-type": "application/problem+json",
        "x-ratelimit-limit": "2",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "10",
        "retry-after": "5",
    }
    assert json.loads(wire.answer.body)["detail"] == "Rate limit exceeded."


@pytest.mark.parametrize("written", ["seconds", "date"])
async def test_a_call_at_the_time_that_was_told_passes(written: str) -> None:
    """Retry-After is a promise."""
    wire = FakeWire(clock=1000.3)
    fault = RateLimit.model_validate({"limit": 3, "per": "10s", "retry_after": written})
    while not (await play(fault, wire)).delivered:
        pass
    assert wire.answer is not None
    told = wire.answer.header("retry-after")
    assert told is not None
    if written == "date":
        wire.clock = parsedate_to_datetime(told).timestamp() - EPOCH
    else:
        wire.clock += int(told)
    assert not (await play(fault, wire)).delivered


async def test_it_may_keep_silent_about_when() -> None:
    """The agent has to back off by itself."""
    wire = FakeWire()
    fault = RateLimit(limit=1, retry_after="none")
    await play(fault, wire)
    await play(fault, wire)
    assert wire.answer is not None
    assert wire.answer.header("retry-after") is None


@pytest.mark.parametrize(("early", "wait"), [("ignore", "6s"), ("extend", "10s")])
async def test_an_early_caller_may_have_to_wait_longer(early: str, wait: str) -> None:
    """When told so."""
    wire = FakeWire()
    fault = RateLimit.model_validate({"limit": 1, "per": "10s", "early_callers": early})
    await play(fault, wire)
    wire.clock += 4
    await play(fault, wire)
    assert (await play(fault, wire)).detail == f"answered 429, {wait} to wait"


@pytest.mark.parametrize(
    ("scope", "shared"),
    [("agent", "operation"), ("operation", "agent"), ("host", "agent operation"), ("run", "agent operation")],
)
async def test_a_bucket_is_shared_within_its_scope(scope: str, shared: str) -> None:
    """And with nobody else; two rules have two buckets."""
    fault = RateLimit.model_validate({"limit": 1, "scope": scope})
    wire = FakeWire()
    await play(fault, wire)
    for part in ("agent", "operation"):
        other = replace(DRAW, agent="other") if part == "agent" else replace(DRAW, operation="other")
        assert (await play(fault, wire, other)).delivered == (part in shared)
    assert not (await play(fault, wire, replace(DRAW, rule="other"))).delivered


def test_settings_that_do_not_fit_are_errors() -> None:
    """A bucket holds at least one, and fills in some time."""
    for settings in ({}, {"limit": 0}, {"limit": 1, "per": "0s"}, {"limit": 1, "scope": "tool"}):
        with pytest.raises(ValidationError):
            RateLimit.model_validate(settings)


def test_it_says_how_many() -> None:
    """In words."""
    assert RateLimit(limit=1).describe() == "at most 1 call per 1m and agent, then 429"
    assert RateLimit(limit=5, per="1s", scope="run", early_callers="extend").describe() == (
        "at most 5 calls per 1s and run, then 429; early callers wait longer"
    )


def test_on_the_wire_the_third_of_two_calls_is_refused(tmp_path: Path, ca: Path) -> None:
    """And never reaches the provider; those that pass are stamped."""
    rules = "[{match: {operation: create_escrow}, fault: {rate_limit: {limit: 2, per: 1m}}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        seen = [create(proxy) for _ in range(3)]
        assert escrows(proxy) == 2
        events = proxy.exchanges
    assert [one.status for one in seen] == [201, 201, 429]
    assert [headers_of(one)["x-ratelimit-remaining"] for one in seen] == ["1", "0", "0"]
    assert 25 <= int(headers_of(seen[2])["retry-after"]) <= 30
    assert [event.injections[0].delivered for event in events] == [False, False, True]
    assert events[2].retry_after is not None


def test_on_http2_an_agent_that_waits_gets_through(tmp_path: Path, ca: Path) -> None:
    """As long as it was told to."""
    rules = "[{match: {operation: create_escrow}, fault: {rate_limit: {limit: 2, per: 2s}}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy, http2(proxy) as client:
        found = [client.post(ESCROWS, json=ESCROW) for _ in range(3)]
        assert [one.status_code for one in found] == [201, 201, 429]
        time.sleep(int(found[2].headers["retry-after"]))
        assert client.post(ESCROWS, json=ESCROW).status_code == 201


def test_other_operations_are_not_limited(tmp_path: Path, ca: Path) -> None:
    """Nor stamped."""
    rules = "[{match: {operation: create_escrow}, fault: {rate_limit: 1}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy:
        create(proxy)
        seen = call(proxy)
    assert seen.status == 200
    assert headers_of(seen).get("x-ratelimit-limit") != "1"
