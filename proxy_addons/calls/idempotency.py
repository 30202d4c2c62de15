"""Where agents put their idempotency key."""

from __future__ import annotations

from hashlib import blake2b

from proxy_addons.exchange import JSON, Request

_HEADERS = ("idempotency-key", "x-idempotency-key")
_FIELDS = ("idempotency_key", "idempotencyKey")
_LONGEST = 255


def header_key(request: Request) -> str | None:
    """The key in the request's header: `Idempotency-Key` (IETF draft), else `X-Idempotency-Key`."""
    return next((key for name in _HEADERS if (key := _clean(request.header(name)))), None)


def field_key(*places: JSON) -> str | None:
    """The key in the first object that has one, as `idempotency_key` or `idempotencyKey`."""
    objects = (place for place in places if isinstance(place, dict))
    return next((key for place in objects for name in _FIELDS if (key := _clean(place.get(name)))), None)


def _clean(value: JSON) -> str | None:
    """The key as text, None when it is empty. One too long to be kept is kept as its hash."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        value = hex(value) if abs(value) >= 2**64 else str(value)
    key = value.strip()
    if len(key) > _LONGEST:
        return "blake2b:" + blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return key or None
