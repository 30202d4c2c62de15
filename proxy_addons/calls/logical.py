"""How a namer makes a call: with its hashes."""

from __future__ import annotations

from proxy_addons.calls.fingerprint import hashes
from proxy_addons.exchange import JSON, Call


def logical(operation: str, value: JSON, *, safe: bool, key: str | None, raw: bytes = b"") -> Call:
    """One logical call for an operation. `raw` is a body that is not JSON: it counts, but is not kept."""
    fingerprint, digest = hashes(operation, value, raw)
    return Call(operation=operation, input=value, safe=safe, key=key, fingerprint=fingerprint, digest=digest)
