"""inject: plays the plan's faults on the wire, on either side of the upstream.

Three addons, since the chain runs in one order for requests and responses alike: `InjectBefore` stands
before `answer`, `InjectAfter` behind it, and `ShapeAnswer` hands out what is left piece by piece. A fault
that raises is a crash of ours: the engine logs it, the run ends with exit code 4, the exchange goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mitmproxy.flow import Error

from proxy_addons.engine.gate import gate
from proxy_addons.engine.stream import HIGH_WATER, SHAPE_KEY, Shape, Source
from proxy_addons.engine.wire import answer_of
from proxy_addons.exchange import Exchange, Injection, Phase
from proxy_addons.identify import exchange_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from mitmproxy.addons.proxyserver import Proxyserver
    from mitmproxy.http import HTTPFlow
    from mitmproxy.proxy.server_hooks import ServerConnectionHookData

    from proxy_addons.engine.stream import Wanted
    from proxy_addons.faults.base import Wire
    from proxy_addons.rules.plan import Decision

type Wires = Callable[[HTTPFlow, Exchange], Wire]

_LOOK_AGAIN = 0.02
"""Seconds after which a client's HTTP/2 window is looked at again: nobody tells when it opens."""


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
    """Plays the faults that strike when a connection is opened, and before the upstream hears of a call."""

    def __init__(self, wires: Wires) -> None:
        self._wires = wires

    def http_connect(self, flow: HTTPFlow) -> Awaitable[None] | None:
        """Play those of the opening, if any."""
        exchange = exchange_of(flow)
        if exchange is None or not exchange.plan:
            return None
        return _play(exchange, Phase.CONNECT, self._wires(flow, exchange))

    def request(self, flow: HTTPFlow) -> Awaitable[None] | None:
        """Play them, if any."""
        exchange = exchange_of(flow)
        if exchange is None or not exchange.plan or flow.response is not None or flow.error is not None:
            return None
        return self._play(flow, exchange)

    async def _play(self, flow: HTTPFlow, exchange: Exchange) -> None:
        wire = self._wires(flow, exchange)
        await _play(exchange, Phase.CONNECT, wire)
        await _play(exchange, Phase.BEFORE, wire)
        if exchange.ended_by and flow.response is None:
            wire.close()  # the client left while it was held: nobody behind may act on the call


class InjectAfter:
    """Plays the faults that strike once the upstream has answered."""

    def __init__(self, wires: Wires) -> None:
        self._wires = wires

    def responseheaders(self, flow: HTTPFlow) -> None:
        """Stamp the head of an answer that will not be held until it is whole."""
        exchange = exchange_of(flow)
        if not exchange or not exchange.stamps or not exchange.plan or not flow.response:
            return
        if flow.response.stream or exchange.plan.shapers:
            flow.response.headers.update(exchange.stamps)

    def response(self, flow: HTTPFlow) -> Awaitable[None] | None:
        """Play them, if any."""
        exchange = exchange_of(flow)
        if exchange is None or not exchange.plan:
            return None
        if exchange.stamps and flow.response:
            flow.response.headers.update(exchange.stamps)
        return _play(exchange, Phase.AFTER, self._wires(flow, exchange))


class ShapeAnswer:
    """Plays the faults that shape an answer as it flows. An exchange that is shaped is over when its shape is."""

    def __init__(self, wires: Wires, proxyserver: Proxyserver) -> None:
        self._wires = wires
        self._proxyserver = proxyserver

    def server_connected(self, data: ServerConnectionHookData) -> None:
        """Put the gate in place before anything is read."""
        gate(self._proxyserver, data.client, data.server)

    def responseheaders(self, flow: HTTPFlow) -> None:
        """Set the shaping up. Nothing runs before the first piece is wanted."""
        exchange = exchange_of(flow)
        if exchange is None or not exchange.plan or not exchange.plan.shapers:
            return
        if exchange.ended_by:
            why = f"not played: {exchange.ended_by} had ended the exchange"
            exchange.injections += [Injection(d.rule, d.word, Phase.AFTER, detail=why) for d in exchange.plan.shapers]
            return
        if exchange.plan.resizes and flow.response is not None:
            _promise_no_length(flow)
        source = Source()
        pieces: AsyncIterator[bytes] = source
        for decision in exchange.plan.shapers:
            injection = Injection(decision.rule, decision.word, Phase.AFTER, detail="the answer ended too early for it")
            exchange.injections.append(injection)
            pieces = _shaped(flow, exchange, decision, injection, pieces, self._wires(flow, exchange))
        flow.metadata[SHAPE_KEY] = Shape(source, pieces, whole=exchange.plan.wants_answer)

    async def crosswind_piece(self, wanted: Wanted) -> None:
        """Get the next piece."""
        reader = gate(self._proxyserver, wanted.flow.client_conn, wanted.flow.server_conn)
        if reader is not None:
            reader.watch(wanted.stream)
        exchange = exchange_of(wanted.flow)
        assert exchange is not None  # noqa: S101  # it was there when the shaping was set up
        wire = self._wires(wanted.flow, exchange)
        while wanted.stream.unsent > HIGH_WATER and await wire.wait(_LOOK_AGAIN):
            pass
        try:
            wanted.piece = await wanted.shape.next()
        except Exception:
            await self._let_go(wanted.flow, wanted.shape)
            raise

    async def crosswind_shaped(self, wanted: Wanted) -> None:
        """Let go of the shape."""
        reader = gate(self._proxyserver, wanted.flow.client_conn, wanted.flow.server_conn)
        if reader is not None:
            reader.forget(wanted.stream)
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


def _promise_no_length(flow: HTTPFlow) -> None:
    """Frame an answer so that it may grow and shrink: chunks on HTTP/1.1, nothing on HTTP/2."""
    assert flow.response is not None  # noqa: S101  # it has just begun
    if flow.response.headers.pop("content-length", None) is not None and not flow.request.is_http2:
        flow.response.headers["transfer-encoding"] = "chunked"


async def _shaped(  # noqa: PLR0917  # all of them are this one part's
    flow: HTTPFlow,
    exchange: Exchange,
    decision: Decision,
    injection: Injection,
    pieces: AsyncIterator[bytes],
    wire: Wire,
) -> AsyncIterator[bytes]:
    """One fault's part of the pipeline; the pieces as they are when the rule does not want this answer."""

    def report(detail: str, /, *, delivered: bool = True) -> None:
        injection.delivered, injection.detail = delivered, detail

    answer = exchange.pristine or (answer_of(flow.response) if flow.response is not None else None)
    ended = f"{exchange.ended_by} had ended the exchange" if exchange.ended_by else ""
    if why := ended or decision.rejects(answer):
        injection.detail = f"not played: {why}"
        async for piece in pieces:
            yield piece
        return
    shaping = decision.fault.shaping
    assert shaping is not None  # noqa: S101  # `shapers` has no others
    async for piece in shaping.shape(pieces, wire, decision.draws, report):
        yield piece
    if flow.error is not None and flow.error.msg == Error.KILLED_MESSAGE and not exchange.ended_by:
        exchange.ended_by = decision.rule
