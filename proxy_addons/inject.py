"""inject: plays the plan's faults on the wire, on either side of the upstream.

Two addons, since the chain runs in one order for requests and responses alike: `InjectBefore` stands
before `answer`, `InjectAfter` behind it. A fault that raises is a crash of ours: the engine logs it,
the run ends with exit code 4, and the exchange goes on unharmed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy_addons.exchange import Exchange, Injection, Phase
from proxy_addons.identify import exchange_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mitmproxy.http import HTTPFlow

    from proxy_addons.faults.base import Wire

type Wires = Callable[[HTTPFlow, Exchange], Wire]


async def _play(exchange: Exchange, phase: Phase, wire: Wire) -> None:
    """Play what is due, in file order, until a fault ends the exchange."""
    if exchange.plan is None:
        return
    for decision in exchange.plan.due(phase):
        injection = Injection(decision.rule, decision.word, phase)
        exchange.injections.append(injection)
        if exchange.ended_by:
            injection.detail = f"not played: {exchange.ended_by} had ended the exchange"
            continue
        if phase is Phase.AFTER and (why := decision.rejects(exchange.pristine)):
            injection.detail = f"not played: {why}"
            continue
        played = await decision.fault.play(wire, decision.draws)
        injection.delivered, injection.detail = played.delivered, played.detail
        if played.ends:
            exchange.ended_by = decision.rule


class InjectBefore:
    """Plays the faults that strike before the upstream hears of the call."""

    def __init__(self, wires: Wires) -> None:
        self._wires = wires

    async def request(self, flow: HTTPFlow) -> None:
        """Play them."""
        exchange = exchange_of(flow)
        if exchange is None or exchange.plan is None or flow.response is not None or flow.error is not None:
            return
        wire = self._wires(flow, exchange)
        await _play(exchange, Phase.BEFORE, wire)
        if exchange.ended_by and flow.response is None:
            wire.close()  # the client left while it was held: nobody behind may act on the call


class InjectAfter:
    """Plays the faults that strike once the upstream has answered."""

    def __init__(self, wires: Wires) -> None:
        self._wires = wires

    async def response(self, flow: HTTPFlow) -> None:
        """Play them."""
        exchange = exchange_of(flow)
        if exchange is None or exchange.plan is None:
            return
        await _play(exchange, Phase.AFTER, self._wires(flow, exchange))
