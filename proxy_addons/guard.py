"""guard: what must not leave does not leave, and what is out of scope is not touched."""

from __future__ import annotations

import asyncio
import json
import socket
from decimal import Decimal
from typing import TYPE_CHECKING

from mitmproxy import http

from proxy_addons.exchange import Commit, Exchange, Origin
from proxy_addons.identify import exchange_of
from proxy_addons.rules.spend import Budget, spend_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mitmproxy.connection import Client
    from mitmproxy.http import HTTPFlow
    from mitmproxy.proxy.server_hooks import ServerConnectionHookData
    from mitmproxy.tcp import TCPFlow
    from mitmproxy.tls import ClientHelloData

    from proxy_addons.rules.scope import Scope
    from proxy_addons.tally import Tally

_OURSELVES = frozenset({"127.0.0.1", "localhost", "::1", "0.0.0.0"})  # noqa: S104  # compared, not bound

type Ports = Callable[[], frozenset[int]]
type Intent = tuple[str, ...]

_NO_CAP = Decimal("Infinity")


class Guard:
    """Refuses addresses, the proxy's own ports and spend above the budget; tunnels what is out of scope.

    `own_ports` tells the ports that the proxy listens on; `note_tunnel` hears of each untouched connection, with
    host and port; `note_refusal` of each that was refused and is no exchange, with host and reason; `cut` aborts
    a server connection before a byte was sent on it; `calls_back` tells the sandbox, which sends webhooks, from
    the agents.
    """

    def __init__(
        self,
        scope: Scope,
        budget: Budget | None,
        tally: Tally,
        *,
        own_ports: Ports,
        note_tunnel: Callable[[Client, str, int], None],
        note_refusal: Callable[[Client, str, str], None],
        cut: Callable[[ServerConnectionHookData], object],
        calls_back: Callable[[Client], bool] = lambda _client: False,
    ) -> None:
        self._scope = scope
        self._budget = budget
        self._tally = tally
        self._own_ports = own_ports
        self._note_tunnel = note_tunnel
        self._note_refusal = note_refusal
        self._cut = cut
        self._calls_back = calls_back
        self._held: dict[int, dict[Intent, Decimal]] = {}
        """What each open exchange means to spend, by its number."""

    def http_connect(self, flow: HTTPFlow) -> None:
        """Refuse a tunnel that may not be, before the client starts its handshake."""
        host, port = flow.request.host.lower(), flow.request.port
        if why := self._refusal(host, port):
            flow.response = problem(403, "destination-refused", why)
            self._note_refusal(flow.client_conn, host, why)

    def tls_clienthello(self, data: ClientHelloData) -> None:
        """Let a connection out of scope through as it is: its TLS stays the client's own."""
        address = data.context.server.address
        if address is None:
            return  # the client speaks TLS with the proxy itself
        host = (data.client_hello.sni or address[0]).lower()
        if not self._scope.covers(host):
            data.ignore_connection = True
            self._note_tunnel(data.context.client, host, address[1])

    def tcp_start(self, flow: TCPFlow) -> None:
        """Refuse bytes inside a tunnel that are neither TLS nor HTTP, unless they are out of scope."""
        address = flow.server_conn.address
        if address is None:
            return
        host = address[0].lower()
        if self._scope.covers(host):
            flow.server_conn.error = "neither TLS nor HTTP"
            self._note_refusal(flow.client_conn, host, "what came through the tunnel is neither TLS nor HTTP")
        else:
            self._note_tunnel(flow.client_conn, host, address[1])

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Keep back the body of a request that will be refused: what streams is on its way before `request`."""
        if flow.request.stream and self._refusal(flow.request.host.lower(), flow.request.port):
            flow.request.stream = False

    def request(self, flow: HTTPFlow) -> None:
        """Refuse, or let pass."""
        exchange = exchange_of(flow)
        if exchange is None or flow.response is not None or flow.error is not None:
            return
        asked = exchange.request
        if why := self._refusal(asked.host, asked.port, callback=exchange.callback):
            self._refuse(flow, exchange, 403, "destination-refused", why)
            if not exchange.in_scope:
                self._note_refusal(flow.client_conn, asked.host, why)
        elif not exchange.in_scope:
            self._note_tunnel(flow.client_conn, asked.host, asked.port)
        elif exchange.callback or exchange.duplicate_of is not None:
            return  # no agent spends anything by it
        elif self._budget is not None and (why := self._overspend(exchange, self._budget)):
            self._refuse(flow, exchange, 402, "budget-exceeded", why)

    def take_over(self, budget: Budget | None) -> None:
        """Let another budget hold from the next call on. What was spent before counts."""
        self._budget = budget

    def settled(self, exchange: Exchange) -> None:
        """Give back what was reserved for a call of which no try committed anything, once the last one is over."""
        for intent, amount in self._held.pop(exchange.number, {}).items():
            if not self._tally.take(1, "kept", *intent) or exchange.commit is not Commit.NONE:
                continue
            self._tally.forget("kept", *intent)
            if not any(intent in held for held in self._held.values()):
                self._give_back(intent, amount)

    async def server_connect(self, data: ServerConnectionHookData) -> None:
        """Refuse by resolved address, before a byte leaves."""
        address = data.server.address
        if address is None:
            return
        host = address[0].lower()
        refusal = self._scope.callback_refusal if self._calls_back(data.client) else self._scope.refusal
        if why := refusal(host, await _resolve(host, address[1])):
            data.server.error = why
            if not self._scope.covers(host):
                self._note_refusal(data.client, host, why)

    def server_connected(self, data: ServerConnectionHookData) -> None:
        """Look once more at whom we are connected to: a name may have changed its address in between."""
        peer, address = data.server.peername, data.server.address
        refusal = self._scope.callback_refusal if self._calls_back(data.client) else self._scope.refusal
        if peer is not None and address is not None and (why := refusal(address[0].lower(), [peer[0]])):
            self._cut(data)
            self._note_refusal(data.client, address[0].lower(), why)

    def _refusal(self, host: str, port: int, *, callback: bool = False) -> str:
        if host in _OURSELVES and port in self._own_ports():
            return f"{host}:{port} is the proxy's own port"
        if callback:
            return self._scope.callback_refusal(host)
        if why := self._scope.refusal(host):
            return why
        if self._scope.hermetic and not self._scope.covers(host):
            return f"{host} is neither in scope nor mapped, and the run is hermetic"
        return ""

    def _overspend(self, exchange: Exchange, budget: Budget) -> str:
        """Reserve what the calls spend; when one is above the budget, reserve nothing and say why."""
        cap = _NO_CAP if budget.per_run is None else budget.per_run
        reserved: dict[Intent, Decimal] = {}
        held: dict[Intent, Decimal] = {}
        for call in exchange.calls:
            spend = spend_of(call, exchange.agent)
            if spend is None or spend.amount <= 0:
                continue
            why = budget.refuses(spend)
            if not why and self._tally.take(1, "spent", *spend.intent):  # else it is a retry, which counts once
                if self._tally.spend(spend.amount, cap, "budget"):
                    reserved[spend.intent] = spend.amount
                else:
                    self._tally.forget("spent", *spend.intent)
                    why = f"{call.operation} of {spend.amount} would pass the run's budget of {budget.per_run}"
            if why:
                for intent, amount in reserved.items():
                    self._give_back(intent, amount)
                return why
            held[spend.intent] = spend.amount
        if held:
            self._held[exchange.number] = held
        return ""

    def _give_back(self, intent: Intent, amount: Decimal) -> None:
        self._tally.refund(amount, "budget")
        self._tally.forget("spent", *intent)

    def _refuse(self, flow: HTTPFlow, exchange: Exchange, status: int, kind: str, why: str) -> None:
        exchange.refusal = why
        exchange.origin = Origin.GUARD
        flow.response = problem(status, kind, why)


def problem(status: int, kind: str, detail: str) -> http.Response:
    """An RFC 9457 problem document of the proxy's own."""
    title = kind.replace("-", " ").capitalize()
    body = {"type": f"https://crosswind.internal/problems/{kind}", "title": title, "status": status, "detail": detail}
    return http.Response.make(status, json.dumps(body), {"content-type": "application/problem+json"})


async def _resolve(host: str, port: int) -> list[str]:
    """Every address of a host; none when it cannot be resolved, which the connection itself will report."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(entry[4][0]) for entry in found]
