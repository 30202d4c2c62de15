"""decide: which faults this exchange gets. Every draw is made here, once, and frozen in the plan."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from proxy_addons.calls.opening import CONNECT, opening
from proxy_addons.exchange import METADATA_KEY
from proxy_addons.identify import exchange_of
from proxy_addons.rules.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from mitmproxy.connection import Client
    from mitmproxy.http import HTTPFlow

    from proxy_addons.exchange import Exchange
    from proxy_addons.rules.plan import Decider, Decision
    from proxy_addons.rules.scope import Scope
    from proxy_addons.tally import Tally


class Decide:
    """Asks the profile's rules.

    The opening of a connection is decided about as if it were a call. Where a rule covers open connections, a call
    on one stands for another opening: a client without a pool would have had to connect for it. `agent_of` names the
    agent of a connection on which no call has come yet.
    """

    def __init__(self, decider: Decider, tally: Tally, scope: Scope, agent_of: Callable[[Client], str]) -> None:
        self._decider = decider
        self._tally = tally
        self._scope = scope
        self._agent_of = agent_of
        self._started = time.monotonic()
        self._fresh: dict[str, str] = {}
        """The agents for which connections were opened that no call came on yet."""

    def http_connect(self, flow: HTTPFlow) -> None:
        """Decide about a new connection. It becomes an exchange when a rule speaks of it."""
        host, port = flow.request.host.lower(), flow.request.port
        taken = flow.response is not None or flow.error is not None
        if taken or not self._decider.minds_openings or not self._scope.covers(host):
            return
        agent = self._agent_of(flow.client_conn)
        self._fresh[flow.client_conn.id] = agent
        exchange = opening(self._tally, agent, host, port, now=time.time())
        exchange.plan = self._decider.decide(exchange, elapsed=time.monotonic() - self._started)
        if exchange.plan:
            exchange.number = self._tally.next("exchange")
            flow.metadata[METADATA_KEY] = exchange

    def client_disconnected(self, client: Client) -> None:
        """Forget the connection."""
        self._fresh.pop(client.id, None)

    def restart(self) -> None:
        """Measure the windows of time from now on."""
        self._started = time.monotonic()

    def request(self, flow: HTTPFlow) -> None:
        """Freeze the plan."""
        exchange = exchange_of(flow)
        if exchange is None or not exchange.in_scope or exchange.refusal or exchange.duplicate_of is not None:
            return
        exchange.plan = self._decider.decide(exchange, elapsed=time.monotonic() - self._started)
        if self._decider.covers_open and not exchange.callback:
            exchange.plan = Plan((*self._reopened(flow.client_conn, exchange), *exchange.plan.decisions))
        if exchange.plan and any(decision.fired and decision.fault.fatal for decision in exchange.plan.decisions):
            # The agent may try again before this try is over: that will be a retry, not a new intent.
            for call in exchange.calls:
                self._tally.doom_attempt(exchange.agent, call.operation, call.digest, now=exchange.started_at)

    def _reopened(self, client: Client, exchange: Exchange) -> tuple[Decision, ...]:
        """What a call on an open connection has to fear that a new connection would: none when this is its first."""
        if self._fresh.pop(client.id, None) == exchange.agent:
            return ()
        asked = exchange.request
        again = opening(self._tally, exchange.agent, asked.host, asked.port, now=exchange.started_at)
        decisions = self._decider.decide(again, elapsed=time.monotonic() - self._started, is_open=True).decisions
        hit = any(decision.fired for decision in decisions)
        self._tally.end_attempt(again.agent, CONNECT, asked.host, succeeded=not hit, now=exchange.started_at)
        return decisions
