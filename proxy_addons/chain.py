"""The chain: the ordered list of addons. The order *is* the pipeline; read it from top to bottom.

    mitmdump -s proxy_addons/chain.py --set crosswind_profile=profiles/lost-response.yaml

`crosswind run` and `crosswind proxy` build the same list on an engine of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy_addons.answer import AnswerCall
from proxy_addons.decide import Decide
from proxy_addons.earlier import EarlierAnswers
from proxy_addons.engine.alpn import PreferHttp2
from proxy_addons.engine.clients import Clients
from proxy_addons.engine.courier import Courier
from proxy_addons.engine.departures import Departures
from proxy_addons.engine.handshake import SpoilHandshake
from proxy_addons.engine.live import Live
from proxy_addons.engine.outgoing import Outgoing
from proxy_addons.engine.script import Script
from proxy_addons.engine.wire import FlowWire, Surroundings, abort
from proxy_addons.guard import Guard
from proxy_addons.identify import Identify
from proxy_addons.inject import InjectAfter, InjectBefore, ShapeAnswer
from proxy_addons.observe import Observe
from proxy_addons.rules.plan import Decider
from proxy_addons.sandbox.http import Sandbox
from proxy_addons.tally import MemoryTally, Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from mitmproxy.addons.proxyserver import Proxyserver
    from mitmproxy.connection import Client
    from mitmproxy.http import HTTPFlow

    from proxy_addons.events.event import Event
    from proxy_addons.exchange import Exchange
    from proxy_addons.rules.settings import Settings


class Chain:  # no dataclass: `mitmdump -s` loads this file under a name that is in no `sys.modules`
    """The addons of one run, in order, and the parts of them that others look at."""

    def __init__(
        self, settings: Settings, proxyserver: Proxyserver, emit: Callable[[Event], None], tally: Tally | None = None
    ) -> None:
        self.settings, self.proxyserver, self.emit = settings, proxyserver, emit
        self.tally: Tally = MemoryTally() if tally is None else tally
        scope = settings.scope
        self.sandbox = Sandbox(settings.seed)
        self.decider = Decider(settings.profile, self.tally, settings.seed)
        self.clients = Clients()
        self._ports: frozenset[int] = frozenset()
        self.identify = Identify(self.tally, scope)
        self.departures = Departures()
        self.outgoing = Outgoing(self.clients, self.tally)
        self.courier = Courier(self.outgoing, self.tally, self.emit)
        earlier = EarlierAnswers()
        self._around = Surroundings(self.clients, self.proxyserver, self.tally, self.outgoing, self.departures, earlier)
        self.guard = Guard(
            scope,
            settings.profile.caps(),
            self.tally,
            own_ports=self._own_ports,
            note_tunnel=self._note_tunnel,
            note_refusal=self._note_refusal,
            cut=lambda data: abort(self.proxyserver, data.client, data.server),
            calls_back=self.clients.calls_back,
        )
        decide = Decide(self.decider, self.tally, scope, self.identify.agent_of)
        self.live = Live(
            settings, decider=self.decider, decide=decide, guard=self.guard, tally=self.tally, emit=self.emit
        )
        self.observe = Observe(self.emit, self.tally, self.clients, self._settled)
        self.addons: list[object] = [
            self.clients,
            PreferHttp2(),
            self.identify,
            self.guard,
            decide,
            InjectBefore(self._wire),
            SpoilHandshake(self.proxyserver),
            AnswerCall(self.sandbox, scope, earlier, lambda: self.decider.minds_earlier, self.courier.deliver),
            InjectAfter(self._wire),
            ShapeAnswer(self._wire, self.proxyserver),
            self.observe,
        ]

    def _settled(self, exchange: Exchange) -> None:
        self.guard.settled(exchange)
        self.departures.note(exchange)

    def _own_ports(self) -> frozenset[int]:
        """The proxy's own ports. They do not change once it listens; to ask the sockets costs a call each."""
        if not self._ports:
            self._ports = frozenset(address[1] for address in self.proxyserver.listen_addrs())
        return self._ports

    def _note_tunnel(self, client: Client, host: str, port: int) -> None:
        self.observe.note_tunnel(client, host, port, self.identify.agent_of(client))

    def _note_refusal(self, client: Client, host: str, why: str) -> None:
        self.observe.note_refusal(client, host, why)

    def _wire(self, flow: HTTPFlow, exchange: Exchange) -> FlowWire:
        return FlowWire(flow, exchange, self._around)


addons = [Script()]
"""What `mitmdump -s` loads."""
