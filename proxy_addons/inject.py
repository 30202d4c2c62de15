"""inject: plays the plan's faults on the wire, on either side of the upstream.

Three addons, since the chain runs in one order for requests and responses alike: `InjectBefore` stands
before `answer`, `InjectAfter` behind it, and `ShapeAnswer` hands out what is left piece by piece. A fault
that raises is a crash of ours: the engine logs it, the run ends with exit code 4, the exchange goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy_addons.engine.stream import SHAPE_KEY, Shape, Source
from proxy_addons.engine.wire import answer_of, gate
from proxy_addons.exchange import Exchange, Injection, Phase
from proxy_addons.faults.base import Shaper
from proxy_addons.identify import exchange_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mitmproxy.addons.proxyserver import Proxyserver
    from mitmproxy.http import HTTPFlow

    from proxy_addons.engine.stream import Wanted
    from proxy_addons.faults.base import Wire
    from proxy_addons.rules.plan import Decision

type Wires = Callable[[HTTPFlow, Exchange], Wire]


async def _play(exchange: Exchange, phase: Phase, wire: Wire) -> None:
    """Play what is due, in file order, until a fault ends the exchange."""
    if exchange.plan is None:
        return
    for decision in exchange.plan.due(phase):
        if isinstance(decision.fault, Shaper):
            continue
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
        await _play(exchange, Phase.BEFORE, self._wires(flow, exchange))


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


class ShapeAnswer:
    """Plays the faults that shape an answer as it flows. An exchange that is shaped is over when its shape is."""

    def __init__(self, wires: Wires, proxyserver: Proxyserver) -> None:
        self._wires = wires
        self._proxyserver = proxyserver

    def responseheaders(self, flow: HTTPFlow) -> None:
        """Set the shaping up. Nothing runs before the first piece is wanted."""
        exchange = exchange_of(flow)
        if exchange is None or exchange.plan is None or not exchange.plan.shapers:
            return
        source = Source()
        pieces: AsyncIterator[bytes] = source
        for decision in exchange.plan.shapers:
            injection = Injection(decision.rule, decision.word, Phase.AFTER, detail="the answer ended too early for it")
            exchange.injections.append(injection)
            pieces = _shaped(flow, exchange, decision, injection, pieces, self._wires(flow, exchange))
        flow.metadata[SHAPE_KEY] = Shape(source, pieces)

    async def crosswind_piece(self, wanted: Wanted) -> None:
        """Get the next piece."""
        gate(self._proxyserver, wanted.flow.client_conn, lambda writer: writer.streams.add(wanted.stream))
        try:
            wanted.piece = await wanted.shape.next()
        except Exception:
            await self._let_go(wanted.flow, wanted.shape)
            raise

    async def crosswind_shaped(self, wanted: Wanted) -> None:
        """Let go of the shape."""
        gate(self._proxyserver, wanted.flow.client_conn, lambda writer: writer.streams.discard(wanted.stream))
        await wanted.shape.close()

    async def error(self, flow: HTTPFlow) -> None:
        """Let go of a shape whose answer broke off."""
        shape = flow.metadata.pop(SHAPE_KEY, None)
        if isinstance(shape, Shape):
            await shape.close()

    async def _let_go(self, flow: HTTPFlow, shape: Shape) -> None:
        await shape.close()
        exchange = exchange_of(flow)
        if exchange is not None:
            self._wires(flow, exchange).close()


async def _shaped(
    flow: HTTPFlow,
    exchange: Exchange,
    decision: Decision,
    injection: Injection,
    pieces: AsyncIterator[bytes],
    wire: Wire,
) -> AsyncIterator[bytes]:
    """One fault's part of the pipeline; the pieces as they are when the rule does not want this answer."""

    def report(detail: str) -> None:
        injection.delivered, injection.detail = True, detail

    answer = exchange.pristine or (answer_of(flow.response) if flow.response is not None else None)
    ended = f"{exchange.ended_by} had ended the exchange" if exchange.ended_by else ""
    if why := ended or decision.rejects(answer):
        injection.detail = f"not played: {why}"
        async for piece in pieces:
            yield piece
        return
    assert isinstance(decision.fault, Shaper)  # noqa: S101  # `shapers` has no others
    async for piece in decision.fault.shape(pieces, wire, decision.draws, report):
        yield piece
