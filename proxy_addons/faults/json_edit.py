"""What faults that edit JSON have in common. Not a fault itself."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Literal, final, override

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.json_text import Document, JsonText
from proxy_addons.rules.draw import Draw

_TOLD = 8
"""So many changes are named; of more, their number."""


@dataclass(slots=True)
class Changes:
    """What was done to the answer, and what could not be: each in a few words."""

    done: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    @override
    def __str__(self) -> str:
        more = [f"and {len(self.done) - _TOLD} more"] if len(self.done) > _TOLD else []
        return "; ".join([*self.done[:_TOLD], *more, *self.missed])


class JsonEdit(Fault):
    """A fault that edits an answer's JSON. Not delivered when there is none, or when nothing of it changed."""

    at: Literal[Phase.AFTER] = Phase.AFTER

    @abstractmethod
    def change(self, root: JsonText, draw: Draw) -> Changes:
        """Edit `root`, and say what was done."""

    @final
    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        answer = wire.answer
        if answer is None or not answer.body:
            return Played(delivered=False, detail="the answer has no body")
        try:
            document = Document(answer.body)
        except ValueError:
            kind = answer.header("content-type") or "of no type"
            return Played(delivered=False, detail=f"the answer is no JSON: {kind}, {len(answer.body)} bytes")
        changes = self.change(document.root, draw)
        if changes.done:
            wire.edit(body=document.encode())
        return Played(delivered=bool(changes.done), detail=str(changes))


def nothing_at(path: str) -> str:
    """How a path that matched nothing is told."""
    return f"nothing at {path}"
