"""observe: one event for each exchange, once it is over, and a few for what never became one."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from proxy_addons.calls.redact import redact, redact_key, redact_text
from proxy_addons.engine.stream import SHAPE_KEY
from proxy_addons.events.event import (
    CallRecord,
    DecisionRecord,
    EffectRecord,
    ExchangeClosed,
    InjectionRecord,
    Noise,
    PassedThrough,
)
from proxy_addons.exchange import METADATA_KEY, Call, Commit, Effect, Exchange
from proxy_addons.identify import exchange_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mitmproxy.connection import Client
    from mitmproxy.http import HTTPFlow, Response
    from mitmproxy.tls import TlsData

    from proxy_addons.engine.clients import Clients
    from proxy_addons.engine.stream import Wanted
    from proxy_addons.events.event import Event
    from proxy_addons.tally import Tally

_LONGEST = 1e9
"""Seconds. A longer Retry-After says no more than this one does, and may be too large for a number."""

_GRACE = 1.0
"""Seconds that an exchange may take to end by itself once its client is gone: faults that hold it let go first."""

_COMMITTED = {Commit.NONE: False, Commit.COMMITTED: True, Commit.AMBIGUOUS: None}


class Observe:
    """Turns exchanges into events. It is the last of the chain: what it sees is what the agent gets.

    `clients` tells who is still there, and who hung up; `settled` hears of each exchange that is over.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        tally: Tally,
        clients: Clients,
        settled: Callable[[Exchange], None],
    ) -> None:
        self._emit = emit
        self._tally = tally
        self._clients = clients
        self._settled = settled
        self._silent: set[str] = set()
        self._open: dict[str, HTTPFlow] = {}
        self._opening: dict[str, HTTPFlow] = {}

    def client_connected(self, client: Client) -> None:
        """Expect a request."""
        self._silent.add(client.id)

    def client_disconnected(self, client: Client) -> None:
        """Report a connection on which nothing was asked."""
        self._opened(client)
        if client.id in self._silent:
            self._silent.discard(client.id)
            self._noise(client, "the connection ended without an HTTP request")
        if left := [flow for flow in self._open.values() if flow.client_conn.id == client.id]:
            asyncio.get_running_loop().call_later(_GRACE, self._abandon, left)

    def _abandon(self, flows: list[HTTPFlow]) -> None:
        """Close what mitmproxy forgot: of an HTTP/2 connection that broke, some streams get no hook any more."""
        for flow in flows:
            if flow.id in self._open:
                self._close(flow)

    def note_tunnel(self, client: Client, host: str, port: int, agent: str) -> None:
        """Report a connection that is let through as it is."""
        self._silent.discard(client.id)
        self._emit(PassedThrough(at=time.time(), host=host, port=port, agent=agent))

    def note_refusal(self, client: Client, host: str, why: str) -> None:
        """Report a connection that was refused before it became a call."""
        self._silent.discard(client.id)
        self._noise(client, why, host)

    def tls_failed_client(self, data: TlsData) -> None:
        """Report a client that would not shake hands: most often one that does not trust our CA."""
        client = data.conn
        self._silent.discard(client.id)
        if self._opened(data.context.client):
            return  # it would not because of a fault
        address = data.context.server.address
        host = data.context.client.sni or (address[0] if address else "")
        self._emit(Noise(time.time(), _peer(data.context.client), client.error or "TLS handshake failed", host))

    def http_connect(self, flow: HTTPFlow) -> None:
        """The client does speak HTTP. Report a connection that was refused."""
        self._silent.discard(flow.client_conn.id)
        if flow.error is not None:
            self._close(flow)

    def http_connected(self, flow: HTTPFlow) -> None:
        """Report a connection that is open, unless its handshake is still to be spoilt."""
        exchange = exchange_of(flow)
        if exchange is not None and exchange.plan and exchange.plan.flawed:
            self._opening[flow.client_conn.id] = flow
        else:
            self._close(flow)

    def tls_established_client(self, data: TlsData) -> None:
        """The handshake went well."""
        self._opened(data.context.client)

    def _opened(self, client: Client) -> bool:
        flow = self._opening.pop(client.id, None)
        if flow is not None:
            self._close(flow)
        return flow is not None

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Count what is under way."""
        self._silent.discard(flow.client_conn.id)
        self._open[flow.id] = flow

    @property
    def open_exchanges(self) -> int:
        """How many requests have no end yet."""
        return len(self._open)

    def response(self, flow: HTTPFlow) -> None:
        """The agent gets this answer, unless a fault took it away, or has still to shape it."""
        if SHAPE_KEY not in flow.metadata or flow.error is not None:
            self._close(flow)

    def crosswind_shaped(self, wanted: Wanted) -> None:
        """The agent got what was left of a shaped answer."""
        self._close(wanted.flow, satisfied=wanted.satisfied)

    def error(self, flow: HTTPFlow) -> None:
        """The agent gets no answer of the upstream's."""
        self._open.pop(flow.id, None)
        if METADATA_KEY in flow.metadata:
            self._close(flow)
        else:
            self._noise(flow.client_conn, flow.error.msg if flow.error else "broken request", flow.request.host)

    def _close(self, flow: HTTPFlow, *, satisfied: bool = False) -> None:
        self._open.pop(flow.id, None)
        exchange = exchange_of(flow)
        if exchange is None or exchange.closed:
            return
        exchange.closed = True
        if not exchange.in_scope:
            return
        now = time.time()
        hung_up = not satisfied and self._clients.hung_up(flow)
        here = satisfied or (self._clients.connected(flow.client_conn) and not hung_up)
        response = flow.response if flow.error is None and here else None
        readable = response is not None and not exchange.broken
        exchange.delivered = readable and not exchange.replaced
        succeeded = readable and response is not None and response.status_code < HTTPStatus.BAD_REQUEST
        for call in exchange.calls if exchange.duplicate_of is None else ():
            self._tally.end_attempt(exchange.agent, call.operation, call.digest, succeeded=succeeded, now=now)
        self._settled(exchange)
        told = response.status_code if response is not None else None
        if flow.error is not None and here and not exchange.ended_by:
            told = _status_of_failure(flow)
        self._emit(_event(flow, exchange, now, response, told, hung_up=hung_up))

    def _noise(self, client: Client, reason: str, host: str = "") -> None:
        self._emit(Noise(time.time(), _peer(client), reason, host))


def _event(
    flow: HTTPFlow, exchange: Exchange, now: float, response: Response | None, told: int | None, *, hung_up: bool
) -> ExchangeClosed:
    """`response` is what the agent got, if anything; `told` the status, which may be the engine's own."""
    asked, plan = exchange.request, exchange.plan
    ended = bool(exchange.ended_by)
    return ExchangeClosed(
        number=exchange.number,
        agent=exchange.agent,
        protocol=exchange.protocol,
        method=asked.method,
        host=asked.host,
        path=redact_text(asked.path),
        http_version=exchange.http_version,
        started_at=exchange.started_at,
        closed_at=now,
        answered_at=exchange.answered_at,
        calls=[_call(call) for call in exchange.calls],
        reached_upstream=exchange.reached_upstream,
        committed=_COMMITTED[exchange.commit],
        commit=exchange.commit,
        delivered=exchange.delivered,
        status=told,
        pristine_status=exchange.pristine.status if exchange.pristine is not None else None,
        origin=exchange.origin,
        decisions=[
            DecisionRecord(d.rule, d.word, d.call, d.fired, d.reason, d.draw) for d in (plan.decisions if plan else ())
        ],
        injections=[InjectionRecord(i.rule, i.fault, i.at, i.delivered, i.detail) for i in exchange.injections],
        refusal=exchange.refusal,
        retry_after=_seconds(response.headers.get("retry-after"), now) if response is not None else None,
        client_aborted=hung_up,
        error=flow.error.msg if flow.error is not None and not ended else "",
        request_bytes=len(asked.body),
        response_bytes=len(response.raw_content or b"") if response is not None else 0,
        duplicate_of=exchange.duplicate_of,
    )


def _status_of_failure(flow: HTTPFlow) -> int:
    """What an agent is told when the upstream cannot be reached or breaks off: 502, unless its answer was streaming."""
    if flow.response is not None and flow.response.stream:
        return flow.response.status_code
    return HTTPStatus.BAD_GATEWAY  # a page of the engine's own


def _call(call: Call) -> CallRecord:
    return CallRecord(
        operation=call.operation,
        safe=call.safe,
        fingerprint=call.fingerprint,
        digest=call.digest,
        ordinal=call.ordinal,
        nth=call.nth,
        attempt=call.attempt,
        key=redact_key(call.key),
        input=redact(call.input),
        status=call.status,
        effects=[_effect(effect) for effect in call.effects],
    )


def _effect(effect: Effect) -> EffectRecord:
    return EffectRecord(effect.kind, effect.resource, effect.amount, effect.currency, effect.payer, effect.payee)


def _seconds(retry_after: str | None, now: float) -> float | None:
    """Read `Retry-After` (RFC 9110, 10.2.3): seconds, or a date."""
    if retry_after is None:
        return None
    written = retry_after.strip()
    if written.isascii() and written.isdigit():
        return min(float(written), _LONGEST)
    try:
        date = parsedate_to_datetime(written)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)  # the two obsolete forms name no zone, or none that is known: it is GMT
    return max(0.0, (date - datetime.fromtimestamp(now, UTC)).total_seconds())


def _peer(client: Client) -> str:
    host, port, *_ = client.peername
    return f"{host}:{port}"
