"""How a namer makes a call: with its hashes."""

from __future__ import annotations

from proxy_addons.calls.fingerprint import digest, fingerprint
from proxy_addons.exchange import JSON, Call


def logical(operation: str, value: JSON, *, safe: bool, key: str | None, raw: bytes = b"") -> Call:
    """One logical call for an operation. `raw` is a body that is not JSON: it counts, but is not kept."""
    return Call(
        operation=operation,
        input=value,
        safe=safe,
        key=key,
        fingerprint=fingerprint(operation, value, raw),
        digest=digest(operation, value, raw),
    )
