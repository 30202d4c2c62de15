"""What the name of a field says about its value: does it change from one try to the next?"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache

from proxy_addons.calls.generated import is_id


class Sort(Enum):
    """What to make of a field."""

    PLAIN = auto()
    VOLATILE = auto()
    """Says nothing about the intent: a request id, a trace, a nonce, the idempotency key."""
    TIME = auto()
    """May hold a moment, in seconds or finer since the epoch."""
    ID = auto()
    """May hold a serial number."""
    ISSUED = auto()
    """Holds an id that the provider gave out, whatever it looks like."""
    GENERATED = auto()
    """The name itself is a generated value, as in a map keyed by ids."""


_VOLATILE = frozenset(
    {
        *("idempotencykey", "xidempotencykey"),
        *("requestid", "xrequestid", "clientrequestid", "correlationid", "xcorrelationid"),
        *("traceparent", "tracestate", "baggage", "traceid", "spanid", "parentspanid", "xtraceid"),
        *("timestamp", "clienttimestamp", "ts", "sentat", "requestedat", "createdat"),
        *("nonce", "signature", "attempt", "retrycount"),
    }
)  # separators removed, lower-case
_VOLATILE_AS_WRITTEN = frozenset({"_meta"})  # Model Context Protocol: metadata of the request, not its meaning

_TIME_LAST = frozenset(
    {
        *("at", "time", "date", "datetime", "timestamp", "ts", "epoch", "now", "ms", "seconds"),
        *("since", "until", "before", "after", "from", "to", "start", "end", "deadline", "expires", "expiry"),
        *("exp", "iat", "nbf"),  # RFC 7519
    }
)
_ID_LAST = frozenset({"id", "ids"})
_ISSUED_BEFORE = frozenset(
    {
        *("escrow", "intent", "settlement", "transaction", "tx", "payment", "charge", "refund", "subscription"),
        *("dispute", "job", "proof", "webhook", "message", "thread", "negotiation", "event"),
        *("task", "context", "session", "run"),
    }
)
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_SEPARATORS = str.maketrans("", "", "-_. ")
_LONGEST_NAME = 128


@lru_cache(maxsize=4096)
def sort_of(name: str) -> Sort:
    """What a field of this name is. `createdAt`, `created_at` and `Created-At` are the same name."""
    if name in _VOLATILE_AS_WRITTEN:
        return Sort.VOLATILE
    if len(name) > _LONGEST_NAME:
        return Sort.PLAIN
    if name.translate(_SEPARATORS).lower() in _VOLATILE:
        return Sort.VOLATILE
    words = [word.lower() for word in _WORD.findall(name)]
    if words and words[-1] in _ID_LAST:
        issued = len(words) > 1 and words[-2] in _ISSUED_BEFORE
        return Sort.ISSUED if issued else Sort.ID
    if words and words[-1] in _TIME_LAST:
        return Sort.TIME
    return Sort.GENERATED if is_id(name) and not name.isdecimal() else Sort.PLAIN
