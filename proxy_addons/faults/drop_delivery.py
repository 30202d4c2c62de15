"""Drop delivery: a webhook of the sandbox's never arrives.

`provider_sees: ok` (default): the sandbox believes that it was delivered, and nothing will come.
`provider_sees: error`: it is told 503 and tries again, and each attempt is dropped that the rule hits;
`when: {attempts: [1]}` lets the second one through, late.

What the agent's server sees: nothing.
"""

from __future__ import annotations

from typing import ClassVar, Literal, override

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw


class DropDelivery(Fault):
    """Lose a webhook."""

    shorthand: ClassVar[str | None] = "provider_sees"
    protocols: ClassVar[frozenset[str] | None] = frozenset({"webhook"})

    at: Literal[Phase.BEFORE] = Phase.BEFORE
    provider_sees: Literal["ok", "error"] = "ok"

    @override
    @property
    def fatal(self) -> bool:
        return self.provider_sees == "error"

    @override
    def describe(self) -> str:
        if self.provider_sees == "ok":
            return "the webhook never arrives, and the provider believes that it did"
        return "the webhook does not arrive, and the provider knows it"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        if self.provider_sees == "ok":
            wire.respond(200, [], b"")
            return Played(delivered=True, detail="never sent on, the provider was told 200", ends=True)
        wire.respond(503, [], b"")
        return Played(delivered=True, detail="not sent on, the provider was told 503", ends=True)
