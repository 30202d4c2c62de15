"""Times as the gateway writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(at: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC: `2026-04-01T12:00:00+00:00`."""
    return datetime.fromtimestamp(at, UTC).isoformat()
