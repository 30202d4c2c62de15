"""What is known about one call on its way through the chain.

An `Exchange` is born in `identify`, travels in `flow.metadata` and is turned into one journal event
by `observe`. Everything here is plain data: no mitmproxy, no clock, no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from proxy_addons.rules.plan import Plan

type JSON = bool | int | float | str | list[JSON] | dict[str, JSON] | None

METADATA_KEY = "crosswind"
"""Where an addon finds the `Exchange` in `flow.metadata`."""


class Origin(StrEnum):
    """Who wrote the answer that the agent was meant to get."""

    UPSTREAM = "upstream"
    CASSETTE = "cassette"
    SANDBOX = "sandbox"
    FAULT = "fault"
    GUARD = "guard"


class Commit(StrEnum):
    """What the upstream did with a mutating call. Safe calls commit nothing."""

    NONE = "none"
    COMMITTED = "committed"
    AMBIGUOUS = "ambiguous"


class Phase(StrEnum):
    """When a fault plays: while the connection is opened, before any call exists, or on a side of the upstream."""

    CONNECT = "connect"
    BEFORE = "before"
    AFTER = "after"


class Request(msgspec.Struct, frozen=True, dict=True):
    """One HTTP request as the agent sent it.

    `host` is lower-case without the port, `path` has no query, `query` and `headers` keep their order,
    header names are lower-case. `body` is decoded from any content encoding.
    """

    method: str
    scheme: str
    host: str
    port: int
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header, by its lower-case name."""
        return self._first_values.get(name)

    @cached_property
    def _first_values(self) -> dict[str, str]:
        return dict(reversed(self.headers))

    @cached_property
    def json(self) -> JSON:
        """The body as JSON, or None when it is empty or is not JSON."""
        try:
            decoded: JSON = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return decoded


class Answer(msgspec.Struct, frozen=True, dict=True):
    """One HTTP response, before any fault touched it. Header names are lower-case."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header, by its lower-case name."""
        return self._first_values.get(name)

    @cached_property
    def _first_values(self) -> dict[str, str]:
        return dict(reversed(self.headers))

    @cached_property
    def json(self) -> JSON:
        """The body as JSON, or None when it is empty or is not JSON."""
        try:
            decoded: JSON = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return decoded


@dataclass(slots=True)
class Effect:
    """What a committed call did to the provider's books, or showed them to be, read from its pristine answer.

    `opens` locks money under `resource`, `closes` sets it free again (or a read shows that it is free),
    `moves` is done at once. `resource` is empty when the answer names none.
    Two answers that name the same `resource` for the same operation are one effect.
    `amount` is a decimal string, exactly as the provider wrote it.
    """

    kind: str
    resource: str
    amount: str | None = None
    currency: str | None = None
    payer: str | None = None
    payee: str | None = None


@dataclass(slots=True)
class Call:
    """One logical request for an operation. A batch exchange carries several.

    `fingerprint` is blind to generated values (ids, timestamps, keys) and feeds the draws;
    `digest` is blind to volatile *fields* only and tells one intent from another.
    `ordinal` counts per (agent, operation, fingerprint), `nth` per (agent, operation), both from 1.
    """

    operation: str
    input: JSON = None
    safe: bool = False
    key: str | None = None
    fingerprint: str = ""
    digest: str = ""
    ordinal: int = 0
    nth: int = 0
    attempt: int = 0
    status: int | None = None
    effects: list[Effect] = field(default_factory=list)


@dataclass(slots=True)
class Injection:
    """A fault as played. It is in the list because it was selected; `delivered` says it took place."""

    rule: str
    fault: str
    at: Phase
    delivered: bool = False
    detail: str = ""


@dataclass
class Exchange:
    """One request and its answer on the wire, with everything that was decided and done about it.

    Times are seconds since the epoch. `delivered` says whether the agent got the origin's answer, whole or edited;
    `replaced` that a fault gave it another one, `broken` that one broke its framing. `ended_by` is the rule whose
    fault ended it, after which no other is played. `earlier` is the answer to the same operation before this one,
    `stamps` are headers for whatever answer the agent gets. `in_scope` false means: pass it on, touch nothing.
    `callback`: the sandbox calls an agent. `duplicate_of` is the number of the exchange whose request this repeats,
    which no agent asked for.
    """

    number: int
    agent: str
    protocol: str
    request: Request
    calls: list[Call]
    started_at: float
    http_version: str = "HTTP/1.1"
    in_scope: bool = True
    callback: bool = False
    duplicate_of: int | None = None
    refusal: str = ""
    plan: Plan | None = None
    injections: list[Injection] = field(default_factory=list)
    origin: Origin | None = None
    reached_upstream: bool = False
    pristine: Answer | None = None
    answered_at: float | None = None
    commit: Commit = Commit.NONE
    delivered: bool = False
    replaced: bool = False
    broken: bool = False
    earlier: Answer | None = None
    stamps: list[tuple[str, str]] = field(default_factory=list)
    ended_by: str = ""
    closed: bool = False

    @property
    def mutating(self) -> bool:
        """Whether any of its calls may change something at the provider."""
        return any(not call.safe for call in self.calls)
