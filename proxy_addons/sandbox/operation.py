"""One tool of the gateway: what it reads, what it does, what it answers.

A dialect finds the operation by the tool's name, hands it the input as plain JSON and writes the reply
in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import msgspec

from proxy_addons.exchange import JSON
from proxy_addons.sandbox.agents import Agents
from proxy_addons.sandbox.errors import invalid
from proxy_addons.sandbox.ledger import Ledger
from proxy_addons.sandbox.webhooks import Webhooks

DEEPEST = 32
"""Levels of nesting that free-form metadata may have."""

Agent = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
"""An agent's id."""

Text = Annotated[str, msgspec.Meta(max_length=4096)]
"""Free text."""

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
"""An idempotency key."""

Amount = str | float
"""Credits as agents send them; `money.read_amount` reads it."""


class Input(msgspec.Struct, forbid_unknown_fields=True):
    """What a tool reads: path parameters, query and body in one."""


class Output(msgspec.Struct):
    """The body of an answer, its fields in the order of the wire."""


@dataclass(frozen=True, slots=True)
class Books:
    """All state of one sandbox."""

    ledger: Ledger
    agents: Agents
    webhooks: Webhooks


class Situation(msgspec.Struct, frozen=True):
    """What a call brings along beside its input.

    `now` is in seconds since the epoch, `caller` is the agent behind the credentials, `header_key` the
    Idempotency-Key header.
    """

    now: float
    caller: str
    header_key: str | None = None

    def key(self, given: str | None) -> str | None:
        """The idempotency key of a call: the header's before the input's."""
        return self.header_key or given


class Reply(NamedTuple):
    """What a tool answers. `location` is set for what was created, `replayed` for what a key recalled."""

    body: object
    status: int = 200
    location: str | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Operation[I: Input]:
    """A tool in one dialect: what it reads, what it does, the body of its answer when all is well."""

    input: type[I]
    run: Callable[[Books, I, Situation], Reply]
    output: type[Output]
    service: str = ""
    summary: str = ""

    def __call__(
        self, books: Books, given: Mapping[str, JSON], situation: Situation, *, lax: bool = False, text: bool = False
    ) -> Reply:
        """Read the input and do it.

        `lax` passes over fields that the tool does not know, `text` reads numbers out of strings, as a
        query needs it.

        Raises:
            SandboxError: the input is not valid, or the books refuse the call.
        """
        if lax:
            given = {name: given[name] for name in self.input.__struct_fields__ if name in given}
        try:
            read = msgspec.convert(given, self.input, strict=not text)
        except msgspec.ValidationError as error:
            raise invalid(str(error)) from error
        return self.run(books, read, situation)


type Tools = dict[str, Operation[Any]]
"""Operations by the name of the tool."""


def read_metadata(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """Free-form metadata, as it is.

    Raises:
        SandboxError: 422, it is nested more than `DEEPEST` levels deep.
    """
    level: list[Any] = [given]
    for _ in range(DEEPEST):
        level = [child for node in level if isinstance(node, dict | list) for child in _children(node)]
        if not level:
            return given
    raise invalid(f"metadata must be nested at most {DEEPEST} levels deep")


def _children(node: dict[str, Any] | list[Any]) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else node
