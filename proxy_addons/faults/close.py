"""Close: the connection ends without an answer, in an orderly way (FIN).

`at: before` (default): the upstream never hears of the call. `at: after`: it has answered, and nobody
gets to know. `after_bytes` or `after_share`: it has answered, and the answer ends in the middle.

What the client sees. HTTP/1.1: the end of the connection (no TLS close_notify) where a response should be,
or where the rest of one should be; a body that is neither chunked nor has a Content-Length looks whole. HTTP/2:
RST_STREAM with INTERNAL_ERROR; the connection and its other streams live on.
"""

from __future__ import annotations

from typing import ClassVar, override

from proxy_addons.faults.base import Wire
from proxy_addons.faults.cut import Cut


class Close(Cut):
    """Close the connection instead of answering."""

    done: ClassVar[str] = "connection closed"

    @override
    def describe(self) -> str:
        return f"the connection is closed {self.where}"

    @override
    def strike(self, wire: Wire) -> bool:
        wire.close()
        return True
