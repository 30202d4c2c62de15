from __future__ import annotations

import msgspec
import pytest

from proxy_addons.events.event import (
    CallRecord,
    DecisionRecord,
    EffectRecord,
    Event,
    ExchangeClosed,
    InjectionRecord,
    Noise,
    PassedThrough,
    ProxyError,
    RunEnded,
    RunStarted,
    decoder,
    encoder,
)
from proxy_addons.exchange import Commit, Origin, Phase

EXCHANGE = ExchangeClosed(
    number=3,
    agent="buyer",
    protocol="greenhelix",
    method="POST",
    host="sandbox.greenhelix.net",
    path="/v1/payments/escrows",
    http_version="HTTP/2",
    started_at=1.5,
    closed_at=2.5,
    calls=[
        CallRecord(
            "create_escrow",
            safe=False,
            fingerprint="f",
            digest="d",
            ordinal=1,
            nth=1,
            attempt=2,
            key="k",
            input={"amount": "25.00", "items": [1, None, True]},
            status=201,
            effects=[EffectRecord("opens", "e-1", "25.0", "CREDITS", "a", "b")],
        )
    ],
    reached_upstream=True,
    committed=None,
    commit=Commit.AMBIGUOUS,
    delivered=False,
    origin=Origin.UPSTREAM,
    decisions=[DecisionRecord("r", "lost_response", 0, fired=True, reason="why", draw=0.25)],
    injections=[InjectionRecord("r", "lost_response", Phase.AFTER, delivered=True, detail="RST sent")],
    retry_after=1.0,
)

EVENTS: list[Event] = [
    RunStarted(
        1.0, "0.1.0", 1, 42, "lost-response", "digest", "sandbox", ["python", "agent.py"], ["*.net"], insecure=True
    ),
    EXCHANGE,
    PassedThrough(1.0, "api.openai.com", 443),
    Noise(1.0, "127.0.0.1:4711", "TLS handshake failed", "api.example"),
    ProxyError(1.0, "KeyError: 'x'"),
    RunEnded(2.0, 1),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_event_survives_the_journal(event: Event) -> None:
    """What was written is what is read."""
    assert decoder.decode(encoder.encode(event)) == event


def test_events_are_told_apart_by_their_name() -> None:
    """Whoever reads a journal with other tools finds the kind in one field."""
    expected = ["run_started", "exchange", "passed_through", "noise", "proxy_error", "run_ended"]
    assert expected == [msgspec.json.decode(encoder.encode(event))["event"] for event in EVENTS]


def test_words_are_those_of_the_vocabulary() -> None:
    """Enumerations are written as plain words, and an unknown commit as null."""
    written = msgspec.json.decode(encoder.encode(EXCHANGE))
    expected = ("ambiguous", None, "upstream", "after")
    assert expected == (written["commit"], written["committed"], written["origin"], written["injections"][0]["at"])


def test_defaults_are_left_out() -> None:
    """A journal of millions of calls does not repeat what goes without saying."""
    assert msgspec.json.decode(encoder.encode(RunEnded(2.0))) == {"event": "run_ended", "at": 2.0}


def test_field_of_a_later_version_is_ignored() -> None:
    """A journal with an added field can still be read."""
    assert decoder.decode(b'{"event":"run_ended","at":2.0,"mood":"good"}') == RunEnded(2.0)
