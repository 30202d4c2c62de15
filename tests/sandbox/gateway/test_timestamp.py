from __future__ import annotations

from proxy_addons.sandbox.gateway.timestamp import timestamp


def test_a_time_is_written_in_utc() -> None:
    """With its offset, and with microseconds where there are any."""
    assert timestamp(1_700_000_000.0) == "2023-11-14T22:13:20+00:00"
    assert timestamp(1_700_000_000.25) == "2023-11-14T22:13:20.250000+00:00"
