"""The opening of a connection, as if it were a call: so it can be matched, drawn for, counted and journaled.

Its protocol and its operation are both `connect`, and all openings of connections to one host are alike.
"""

from __future__ import annotations

from proxy_addons.exchange import Call, Exchange, Request
from proxy_addons.tally import Tally

CONNECT = "connect"


def opening(tally: Tally, agent: str, host: str, port: int, *, now: float) -> Exchange:
    """Count one more connection of this agent's to this host. It gets its number when it is journaled."""
    call = Call(CONNECT, input={"host": host, "port": port}, safe=True, fingerprint=host, digest=host)
    call.ordinal = tally.next("call", agent, CONNECT, host)
    call.nth = tally.next("operation", agent, CONNECT)
    call.attempt = tally.begin_attempt(agent, CONNECT, host, now=now)
    return Exchange(
        number=0,
        agent=agent,
        protocol=CONNECT,
        request=Request("CONNECT", "https", host, port, ""),
        calls=[call],
        started_at=now,
    )
