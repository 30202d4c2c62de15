"""decide: which faults this exchange gets. Every draw is made here, once, and frozen in the plan."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from proxy_addons.identify import exchange_of

if TYPE_CHECKING:
    from mitmproxy.http import HTTPFlow

    from proxy_addons.rules.plan import Decider
    from proxy_addons.tally import Tally


class Decide:
    """Asks the profile's rules."""

    def __init__(self, decider: Decider, tally: Tally) -> None:
        self._decider = decider
        self._tally = tally
        self._started = time.monotonic()

    def request(self, flow: HTTPFlow) -> None:
        """Freeze the plan."""
        exchange = exchange_of(flow)
        if exchange is None or not exchange.in_scope or exchange.refusal or exchange.duplicate_of is not None:
            return
        exchange.plan = self._decider.decide(exchange, elapsed=time.monotonic() - self._started)
        if exchange.plan and any(decision.fired and decision.fault.fatal for decision in exchange.plan.decisions):
            # The agent may try again before this try is over: that will be a retry, not a new intent.
            for call in exchange.calls:
                self._tally.doom_attempt(exchange.agent, call.operation, call.digest, now=exchange.started_at)
