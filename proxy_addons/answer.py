"""answer: the embedded sandbox answers for its host, a map sends others elsewhere; else the upstream does.

Whoever answers, the pristine answer and what it committed are noted here, before any fault may touch it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mitmproxy import http

from proxy_addons.calls.effects import commit_of, note_effects
from proxy_addons.engine.wire import answer_of
from proxy_addons.exchange import Answer, Exchange, Origin
from proxy_addons.identify import exchange_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mitmproxy.http import HTTPFlow

    from proxy_addons.earlier import EarlierAnswers
    from proxy_addons.engine.stream import Wanted
    from proxy_addons.rules.scope import Scope
    from proxy_addons.sandbox.http import Sandbox
    from proxy_addons.sandbox.webhooks import Delivery

_STREAMS = frozenset({"text/event-stream", "application/x-ndjson", "application/jsonl", "application/json-seq"})


class AnswerCall:
    """Gives the answer, or notes the upstream's. `deliver` gets the webhooks that are due by it.

    Answers are remembered while `minds_earlier` says that a rule may ask for them.
    """

    name = "answer"

    def __init__(
        self,
        sandbox: Sandbox,
        scope: Scope,
        earlier: EarlierAnswers,
        minds_earlier: Callable[[], bool],
        deliver: Callable[[Sequence[Delivery]], None],
    ) -> None:
        self._sandbox = sandbox
        self._deliver = deliver
        self._scope = scope
        self._earlier = earlier
        self._minds_earlier = minds_earlier

    def request(self, flow: HTTPFlow) -> None:
        """Answer from the sandbox, or send the call on its way."""
        exchange = exchange_of(flow)
        if exchange is None or not exchange.in_scope or flow.response is not None or flow.error is not None:
            return
        asked = exchange.request
        if self._scope.answers(asked.host):
            answer = self._sandbox.answer(asked, time.time())
            exchange.origin, exchange.reached_upstream = Origin.SANDBOX, True
            self._note(exchange, answer)
            flow.response = _response(answer, exchange.http_version)
            if due := self._sandbox.take_deliveries():
                self._deliver(due)
            return
        exchange.origin = Origin.UPSTREAM
        if (target := self._scope.target(asked.host)) is not None:
            written = flow.request.host_header
            flow.request.scheme, flow.request.host, flow.request.port = target.scheme, target.host, target.port
            flow.request.host_header = written
        if exchange.plan and exchange.plan.reads_events and "accept-encoding" in flow.request.headers:
            flow.request.headers["accept-encoding"] = "identity"

    def responseheaders(self, flow: HTTPFlow) -> None:
        """Let a stream flow as it comes, unless a fault is to be played on its answer."""
        exchange = exchange_of(flow)
        if exchange is None or flow.response is None:
            return
        if not exchange.in_scope:
            flow.response.stream = True
        elif exchange.origin is Origin.UPSTREAM and _is_stream(flow.response):
            flow.response.stream = not exchange.plan or not exchange.plan.wants_answer

    def response(self, flow: HTTPFlow) -> None:
        """Note what the upstream said."""
        exchange = exchange_of(flow)
        if exchange is None or flow.response is None or exchange.origin is not Origin.UPSTREAM:
            return
        exchange.reached_upstream = True
        self._note(exchange, answer_of(flow.response))

    def crosswind_shaped(self, wanted: Wanted) -> None:
        """Note it, when a fault broke the answer off on its way."""
        exchange = exchange_of(wanted.flow)
        if exchange is not None and exchange.pristine is None:
            self.response(wanted.flow)

    def _note(self, exchange: Exchange, answer: Answer) -> None:
        if self._minds_earlier():
            exchange.earlier = self._earlier.answer(exchange)
            self._earlier.note(exchange, answer)
        exchange.pristine = answer
        exchange.answered_at = time.time()
        exchange.commit = note_effects(exchange.calls, answer)

    def error(self, flow: HTTPFlow) -> None:
        """Note that the upstream may have seen the call though it never answered."""
        exchange = exchange_of(flow)
        if exchange is None or exchange.origin is not Origin.UPSTREAM or exchange.pristine is not None:
            return
        exchange.reached_upstream = flow.server_conn.timestamp_tcp_setup is not None
        exchange.commit = commit_of(exchange.calls, None, reached=exchange.reached_upstream)


def _response(answer: Answer, http_version: str) -> http.Response:
    fields = [(name.encode(), value.encode()) for name, value in answer.headers]
    made = http.Response.make(answer.status, answer.body, http.Headers(fields))
    made.http_version = http_version
    return made


def _is_stream(response: http.Response) -> bool:
    """Whether it is made to be read as it comes. One JSON value is not: what it did is read from the whole."""
    content_type: str = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in _STREAMS:
        return True
    return "content-length" not in response.headers and not content_type.endswith("json")
