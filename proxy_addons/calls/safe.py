"""Which operations only read. A call that reads may be repeated at will; every other may change something.

By method: RFC 9110, section 9.2.1. By name: tools that begin with a verb of reading are reads, unless
listed as an exception. What is in doubt counts as a change.
"""

from __future__ import annotations

import re
from functools import lru_cache

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_READING = frozenset({"get", "list", "search", "check", "estimate", "verify", "query", "find", "fetch", "describe"})
_WRITES_ALL_THE_SAME = frozenset({"check_performance_escrow"})  # GreenHelix releases the escrow when the metric is met
_FIRST_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


@lru_cache(maxsize=4096)
def is_read(tool: str) -> bool:
    """Whether a tool of this name only reads, as `get_balance` and `searchAgents` do and `checkout` does not."""
    first = _FIRST_WORD.match(tool)
    return first is not None and first[0].lower() in _READING and tool not in _WRITES_ALL_THE_SAME
