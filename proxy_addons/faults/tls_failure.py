"""TLS failure: the tunnel opens, and its TLS handshake goes wrong.

It strikes when a connection is opened, before any call exists; a connection that is open has its handshake behind
it, though it counts with every call where the profile has a `refuse` as well. What the client sees, before
HTTP/1.1 or HTTP/2 begin:

- `alert` (default): the alert handshake_failure instead of a handshake, then the end of the connection.
- `wrong_host`: a certificate of the proxy's CA, for another host.
- `expired`: a certificate of the proxy's CA, for this host, until yesterday.
- `untrusted`: a certificate for this host, of a CA that nobody knows.

A client that verifies certificates gives up with an error that says why. One that does not goes on as if nothing
were wrong, and the journal says so: it would talk to anybody.
"""

from __future__ import annotations

from typing import ClassVar, override

from pydantic import Field

from proxy_addons.faults.base import Flaw, Opening, Played, Wire
from proxy_addons.rules.draw import Draw

_IN_WORDS: dict[Flaw, str] = {
    "alert": "an alert (handshake_failure) instead of it",
    "wrong_host": "a certificate for another host",
    "expired": "an expired certificate",
    "untrusted": "a certificate of an unknown CA",
}


class TlsFailure(Opening):
    """Let the TLS handshake fail."""

    shorthand: ClassVar[str | None] = "kind"

    kind: Flaw = Field(default="alert", description="what is wrong with the handshake")

    @override
    @property
    def flaw(self) -> Flaw:
        return self.kind

    @override
    def describe(self) -> str:
        return f"the TLS handshake fails: the client gets {_IN_WORDS[self.kind]}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        raise TypeError("a flaw is not played at once")
