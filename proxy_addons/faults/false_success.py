"""False success: the agent is told that it worked, and the provider was never asked.

The answer is, in this order: `body`, a template; the shape of the last true answer to the same operation, with what
the agent asks for in its place and a new id; the shape that GreenHelix gives this operation; or the input itself with
an id. In a template `{id}` is a new id, `{operation}` the operation's name and `{input.amount}` a field of the input,
which keeps its type when it stands alone.

What the client sees: a complete, well-formed answer of the right shape, on HTTP/1.1 and HTTP/2 alike; the connection
stays open. Nothing was committed: only a later look at the provider's books tells.
"""

from __future__ import annotations

import json
from typing import Any, Literal, override

from pydantic import Field

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.faults.plausible import asked_for, plausible
from proxy_addons.rules.draw import Draw


class FalseSuccess(Fault):
    """Say that it worked, without asking the provider."""

    at: Literal[Phase.BEFORE] = Phase.BEFORE
    status: Literal[200, 201, 202] | None = Field(default=None, description="none: the one that the operation has")
    body: dict[str, Any] | list[Any] | None = Field(
        default=None,
        description="a template; none: the operation's known shape",
        examples=[{"id": "{id}", "amount": "{input.amount}", "status": "held"}],
    )

    @override
    def describe(self) -> str:
        return f"the agent is told that it worked{f' ({self.status})' if self.status else ''}, and nothing was done"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        new_id = f"{int(draw.uniform('id') * 2**48):012x}"
        made = plausible(asked_for(wire.request, draw.operation), self.body, wire.earlier_answer(), new_id)
        status = self.status or made.status
        headers = [("content-type", "application/json"), ("cache-control", "no-store")]
        wire.respond(status, headers, json.dumps(made.body).encode())
        return Played(delivered=True, detail=f"answered {status} with {made.source}", ends=True)
