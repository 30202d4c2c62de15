"""Which calls a rule speaks of. All conditions must hold; a list within one is "any of".

What a rule asks of a call comes in three tiers: its *kind* (agent, operation, host, method, protocol),
of which there are few and whose answer the decider remembers; the request itself; and the answer,
which is known only later.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from proxy_addons.exchange import Answer, Call, Request
from proxy_addons.rules.pattern import PathPatterns, Patterns, Test, compile_patterns, not_empty
from proxy_addons.rules.predicate import Predicates, compile_predicates
from proxy_addons.rules.span import Statuses, any_of

_Named = Annotated[dict[Annotated[str, Field(min_length=1)], Patterns], AfterValidator(not_empty)]


class Match(BaseModel):
    """Conditions on a call. Without any, every call in scope matches."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    operation: Patterns = ()
    """Tool or route name."""
    agent: Patterns = ()
    """Who calls."""
    host: Patterns = ()
    """Host name, in any case, without the port."""
    method: Patterns = ()
    """HTTP method, in any case."""
    path: PathPatterns = ()
    """URL path without the query."""
    protocol: Patterns = ()
    """What the call speaks: greenhelix, mcp, a2a, jsonrpc, openai, anthropic or rest."""
    header: _Named = Field(default_factory=dict)
    """Request header → what one of its values matches."""
    query: _Named = Field(default_factory=dict)
    """Query parameter → what one of its values matches."""
    input: Predicates = Field(default_factory=dict)
    """Field of the call's input → what it must be."""
    status: Statuses = ()
    """Status of the upstream's answer; only for faults that play after it."""
    body: Predicates = Field(default_factory=dict)
    """Field of the upstream's JSON answer → what it must be; only for faults that play after it."""


class Kind(NamedTuple):
    """What calls have in common that a rule treats alike."""

    agent: str
    operation: str
    host: str
    method: str
    protocol: str


class Matcher:
    """A `Match`, compiled."""

    __slots__ = ("_body", "_headers", "_input", "_kinds", "_path", "_query", "_statuses", "needs_answer", "reads_body")

    def __init__(self, match: Match) -> None:
        self._kinds: list[tuple[int, Test]] = []
        for index, name in enumerate(Kind._fields):
            if patterns := getattr(match, name):
                self._kinds.append((index, compile_patterns(patterns, fold=name in {"host", "method"})))
        self._path = compile_patterns(match.path, path=True) if match.path else None
        self._headers = tuple((name.lower(), compile_patterns(found)) for name, found in match.header.items())
        self._query = tuple((name, compile_patterns(found)) for name, found in match.query.items())
        self._input = compile_predicates(match.input)
        self._statuses = match.status
        self._body = compile_predicates(match.body)
        self.needs_answer = bool(match.status or match.body)
        self.reads_body = bool(match.body)

    def of_kind(self, kind: Kind) -> bool:
        """Whether it can match any call of this kind."""
        return all(test(kind[index]) for index, test in self._kinds)

    def of_call(self, request: Request, call: Call) -> bool:
        """Whether it matches this call, given that it matches its kind."""
        if self._path is not None and not self._path(request.path):
            return False
        if self._query and not _any_value(self._query, request.query):
            return False
        if self._headers and not _any_value(self._headers, request.headers):
            return False
        for check in self._input:  # noqa: SIM110  # a generator costs half a microsecond
            if not check(call.input):
                return False
        return True

    def rejects(self, answer: Answer | None) -> str:
        """Why this answer is not the one that is waited for; empty when it is."""
        if not self.needs_answer:
            return ""
        if answer is None:
            return "there is no answer"
        if self._statuses and not any_of(self._statuses, answer.status):
            return f"status {answer.status} does not match"
        if not all(check(answer.json) for check in self._body):
            return "the body does not match"
        return ""


def _any_value(tests: tuple[tuple[str, Test], ...], pairs: tuple[tuple[str, str], ...]) -> bool:
    return all(any(name == wanted and test(value) for name, value in pairs) for wanted, test in tests)
