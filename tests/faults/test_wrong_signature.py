"""A webhook that a careful receiver refuses, as it arrives at the agent's own server."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy_addons.faults.wrong_signature import WrongSignature
from tests.support.calls import create
from tests.support.live import live_proxy
from tests.support.receiver import Received, receiver, settle


def deliver(folder: Path, ca: Path, fault: str, *, secret: str | None = "whsec-4711") -> tuple[Received, str, bool]:
    """Deliver one webhook; what came, what the journal says of the fault, and whether it took place."""
    rules = f"[{{match: {{protocol: webhook}}, fault: {{wrong_signature: {fault}}}}}]"
    with receiver() as agent, live_proxy(folder, ca, rules=rules) as proxy:
        agent.register(proxy, secret=secret)
        create(proxy)
        (came,) = agent.wait_for(1)
        settle(proxy)
        (event,) = [event for event in proxy.exchanges if event.protocol == "webhook"]
    return came, event.injections[0].detail, event.injections[0].delivered


def test_corrupt(tmp_path: Path, ca: Path) -> None:
    """As long as a good one, and wrong."""
    came, detail, delivered = deliver(tmp_path, ca, "corrupt")
    signature = came.headers["x-greenhelix-signature"]
    assert (came.genuine, len(signature), signature[:7]) == (False, 71, "sha256=")
    assert (detail, delivered) == ("the signature was changed", True)


def test_missing(tmp_path: Path, ca: Path) -> None:
    """No header at all; the event's id is still there."""
    came, detail, delivered = deliver(tmp_path, ca, "missing")
    assert "x-greenhelix-signature" not in came.headers
    assert came.headers["x-greenhelix-event-id"] == came.event["event_id"]
    assert (detail, delivered) == ("the signature was taken away", True)


def test_stale(tmp_path: Path, ca: Path) -> None:
    """Signed well, and half an hour old."""
    came, detail, delivered = deliver(tmp_path, ca, "{how: stale, age: 30m}")
    assert came.genuine
    assert 1795 <= came.at - int(came.headers["x-greenhelix-timestamp"]) <= 1805
    assert (detail, delivered) == ("dated back by 30m", True)


def test_what_is_not_signed_cannot_be_signed_wrong(tmp_path: Path, ca: Path) -> None:
    """Told, and the webhook arrives as it is."""
    came, detail, delivered = deliver(tmp_path, ca, "corrupt", secret=None)
    assert "x-greenhelix-signature" not in came.headers
    assert (detail, delivered) == ("the webhook was registered without a secret, so nothing is signed", False)


def test_an_age_is_for_stale() -> None:
    """Elsewhere it would do nothing."""
    with pytest.raises(ValueError, match="`age` is for `how: stale`; here it is corrupt"):
        WrongSignature(age="1m")


def test_it_says_what_it_does() -> None:
    """In the words of a report."""
    said = [WrongSignature(how=how).describe() for how in ("corrupt", "missing", "stale")]
    assert said == [
        "the webhook arrives with a signature that is wrong",
        "the webhook arrives without a signature",
        "the webhook arrives as if it had been sent 10m ago",
    ]
