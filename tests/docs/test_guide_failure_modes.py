"""The eight failure modes of the testing guide's ChaosInjector, each by its own parameters, over the real wire.

Of the guide's `ChaosConfig`, `probability` is `when.probability` and `target_tools` is `match.operation`; like the
guide's, every fault here plays on what the provider answered.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.calls import ESCROW, call, escrows
from tests.support.live import live_proxy
from tests.support.sockets import Seen

type Execute = Callable[[str], tuple[Seen, int, float]]

CALL = {"tool": "create_escrow", "input": ESCROW}


@pytest.fixture
def execute(tmp_path: Path, ca: Path) -> Execute:
    """`execute("create_escrow", …)` of the guide under one fault: what came, escrows in the books, seconds."""
    runs = itertools.count()

    def play(fault: str) -> tuple[Seen, int, float]:
        rules = f"[{{match: {{operation: create_escrow}}, when: {{probability: 1.0}}, fault: {fault}}}]"
        with live_proxy(tmp_path / str(next(runs)), ca, rules=rules) as proxy:
            start = time.monotonic()
            seen = call(proxy, "POST", "/v1", CALL)
            seconds = time.monotonic() - start
            held = escrows(proxy)
            event = proxy.exchanges[0]
        assert [one.delivered for one in event.injections] == [True]
        return seen, held, seconds

    return play


FIELDS = {"escrow_id", "payer", "payee", "amount", "currency", "status", "created_at"}


def test_latency(execute: Execute) -> None:
    """`latency_ms=300`: the same answer, later."""
    seen, held, seconds = execute("{latency: {delay: 300ms, at: after}}")
    assert (seen.status, held) == (200, 1)
    assert 0.3 <= seconds < 3
    assert json.loads(seen.body).keys() >= FIELDS - {"created_at"}


def test_timeout(execute: Execute) -> None:
    """`timeout_ms=300`: carried out, then silence, then a failure."""
    seen, held, seconds = execute("{timeout: {hold: 300ms, at: after}}")
    assert (seen.data, seen.ending, held) == (b"", "fin", 1)
    assert 0.3 <= seconds < 3


def test_partial_response(execute: Execute) -> None:
    """Half of the keys are gone."""
    whole, _, _ = execute("{latency: 1ms}")
    seen, held, _ = execute("partial_response")
    keys = json.loads(whole.body).keys()
    assert held == 1
    assert json.loads(seen.body).keys() < keys
    assert len(json.loads(seen.body)) == len(keys) - len(keys) // 2


def test_wrong_status(execute: Execute) -> None:
    """One of 500, 502, 503 and 504, though it was carried out."""
    seen, held, _ = execute("{status: {codes: [500, 502, 503, 504], at: after}}")
    assert seen.status in {500, 502, 503, 504}
    assert held == 1


def test_corrupt_body(execute: Execute) -> None:
    """`corrupt_fields=["amount", "status"]`: types kept, values wrong."""
    seen, _, _ = execute("{corrupt_fields: [amount, status]}")
    body = json.loads(seen.body)
    assert float(body["amount"]) == -25.0
    assert body["status"] == "gnidnep"


def test_schema_drift(execute: Execute) -> None:
    """`drift_schema={"api_version": "2.0", "deprecated_fields": ["status"]}`, and `status` is `state`."""
    expected = {"api_version": "2.0", "deprecated_fields": ["status"], "state": "pending"}
    by_hand = "{schema_drift: {add: {api_version: '2.0', deprecated_fields: [status]}, rename: {status: state}}}"
    for fault in ("{schema_drift: v2}", by_hand):
        body = json.loads(execute(fault)[0].body)
        assert body.items() >= expected.items()
        assert "status" not in body


def test_connection_reset(execute: Execute) -> None:
    """An RST, after it was carried out."""
    seen, held, _ = execute("{reset: {at: after}}")
    assert (seen.data, seen.ending, held) == (b"", "reset", 1)


def test_duplicate_response(execute: Execute) -> None:
    """The guide's does nothing but log; here the provider gets the call twice, and the agent one answer.

    The webhook that comes twice, which the guide means by it, is the fault `duplicate_delivery`.
    """
    seen, held, _ = execute("duplicate_request")
    assert (seen.status, held) == (200, 2)
