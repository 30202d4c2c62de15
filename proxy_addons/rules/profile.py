"""The profile: what a person asks for, read and checked."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from proxy_addons.calls.opening import CONNECT
from proxy_addons.exchange import Phase
from proxy_addons.rules import spend
from proxy_addons.rules.match import Match
from proxy_addons.rules.named_fault import FaultSetting, failed, relocated
from proxy_addons.rules.pattern import compile_patterns, one_or_many
from proxy_addons.rules.problem import listed, shown
from proxy_addons.rules.scope import SANDBOX_HOST, Scope, parse_target
from proxy_addons.rules.when import When
from proxy_addons.units import Money

_CONFIG = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
_HOST = re.compile(r"[a-z0-9._-]+|\[?[0-9a-f:]+\]?")
_LABEL = re.compile(r"\w[\w.-]{0,99}")

_Text = Annotated[str, Strict()]


def _version(value: object) -> object:
    if type(value) is not int or value != 1:  # True == 1.0 == 1
        raise ValueError(f"{shown(value)} is no version that this release reads; write 1")
    return value


def _host_glob(value: object) -> object:
    if isinstance(value, str) and not _HOST.fullmatch(re.sub(r"[*?\[\]!]", "", value.lower()) or "x"):
        raise ValueError(f"{shown(value)} is no host name; write it without scheme, port and path, like *.example.com")
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value.lower()):
        raise ValueError(f"{shown(value)} is no host name; write it without scheme, port, path and globs")
    return value.lower()


def _target(value: str) -> str:
    parse_target(value)
    return value


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise ValueError(f"{shown(value)} is no name; write at most 100 letters, digits, dots, dashes and underscores")
    return value


_Name = Annotated[
    str, Strict(), AfterValidator(_label), WithJsonSchema({"type": "string", "pattern": "^\\w[\\w.-]{0,99}$"})
]
_HostGlob = Annotated[str, Strict(), Field(min_length=1), BeforeValidator(_host_glob)]
_HOST_SCHEMA = {"type": "string", "examples": ["*.example.com"]}
_HostGlobs = Annotated[
    tuple[_HostGlob, ...],
    BeforeValidator(one_or_many),
    WithJsonSchema({"oneOf": [_HOST_SCHEMA, {"type": "array", "items": _HOST_SCHEMA}]}),
]


class ScopeSettings(BaseModel):
    """Which hosts are touched."""

    model_config = _CONFIG

    hosts: _HostGlobs = (SANDBOX_HOST,)
    """Host names or globs. Mapped hosts belong to it as well."""
    deny: _HostGlobs = ()
    """Hosts that are never touched; wins over everything else."""


class BudgetSettings(BaseModel):
    """What the agents may spend through the proxy; more is refused with 402."""

    model_config = _CONFIG

    per_call: Annotated[Money, Field(ge=0)] | None = None
    """The most that one call may name."""
    per_run: Annotated[Money, Field(ge=0)] | None = None
    """The most that all calls of a run may add up to."""
    currency: Annotated[_Text, Field(min_length=1)] | None = None
    """A call that names another currency is refused."""

    @model_validator(mode="after")
    def _caps_something(self) -> Self:
        if self.per_call is None and self.per_run is None:
            raise ValueError("caps nothing; write per_call, per_run or both")
        return self


class Rule(BaseModel):
    """To which calls, when, and what."""

    model_config = _CONFIG

    name: _Name = ""
    """Unique in the file; its draws depend on it. The fault's word and the rule's number when left out."""
    match: Match = Match()
    """Which calls; all in scope when left out."""
    when: When = When()
    """When it fires; always when left out."""
    fault: FaultSetting
    """The fault's word, or the word with its settings."""

    @model_validator(mode="after")
    def _opening_is_no_call(self) -> Self:
        if self.fault.settings.at is not Phase.CONNECT:
            return self
        refused = {
            condition: f"{self.fault.word} strikes when a connection is opened, before any call exists; "
            "it can be matched by agent and host alone"
            for condition in type(self.match).model_fields
            if condition not in {"agent", "host", "operation", "protocol"} and getattr(self.match, condition)
        }
        refused |= {
            condition: f"{self.fault.word} strikes when a connection is opened; the {condition} is then {CONNECT}, "
            "which this does not match"
            for condition in ("operation", "protocol")
            if (patterns := getattr(self.match, condition)) and not compile_patterns(patterns)(CONNECT)
        }
        lines = [
            InitErrorDetails(
                type=PydanticCustomError("no_call", "{said}", {"said": said}), loc=("match", condition), input=None
            )
            for condition, said in refused.items()
        ]
        if lines:
            raise failed(lines)
        return self

    @model_validator(mode="after")
    def _answer_is_known(self) -> Self:
        settings = self.fault.settings
        if settings.sides == (Phase.AFTER,) or settings.at is Phase.CONNECT:
            return self
        both = Phase.AFTER in get_args(type(settings).model_fields["at"].annotation)
        told = PydanticCustomError(
            "too_early",
            "{word} plays before the upstream answers, so there is nothing to look at yet; {remedy}",
            {
                "word": self.fault.word,
                "remedy": "give it `at: after`" if both else "take this condition out, or use a fault that plays after",
            },
        )
        lines = [
            InitErrorDetails(type=told, loc=("match", condition), input=None)
            for condition in ("status", "body")
            if getattr(self.match, condition)
        ]
        if lines:
            raise failed(lines)
        return self

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        known, asked = self.fault.settings.protocols, self.match.protocol
        if known is None or not asked or any(map(compile_patterns(asked), known)):
            return self
        told = PydanticCustomError(
            "means_nothing",
            "{word} means nothing to {asked}; it plays on {known}",
            {"word": self.fault.word, "asked": listed(asked, "or"), "known": listed(sorted(known))},
        )
        raise failed([InitErrorDetails(type=told, loc=("match", "protocol"), input=asked)])


def _rules(value: object, check: ValidatorFunctionWrapHandler) -> tuple[Rule, ...]:
    """Number the nameless, and refuse a name that is taken, along with whatever else is wrong."""
    lines: list[InitErrorDetails] = []
    seen: dict[object, int] = {}
    for index, rule in enumerate(value if isinstance(value, (list, tuple)) else ()):
        name = rule.get("name") if isinstance(rule, dict) else getattr(rule, "name", None)
        if isinstance(name, str) and name and (first := seen.setdefault(name, index)) != index:
            told = PydanticCustomError(
                "name_taken", "rule {first} has this name already; each needs its own", {"first": first + 1}
            )
            lines.append(InitErrorDetails(type=told, loc=(index, "name"), input=name))
    try:
        rules: tuple[Rule, ...] = check(value)
    except ValidationError as error:
        raise failed([*relocated(error), *lines]) from error
    if lines:
        raise failed(lines)
    named: list[Rule] = []
    for number, rule in enumerate(rules, 1):
        name = rule.name or f"{rule.fault.word}-{number}"
        while not rule.name and name in seen:
            name += "-"
        named.append(rule.model_copy(update={"name": name}))
    return tuple(named)


class Profile(BaseModel):
    """A chaos profile: what happens to which calls."""

    model_config = _CONFIG

    version: Annotated[Literal[1], BeforeValidator(_version), WithJsonSchema({"const": 1})]
    """The version of this format: 1."""
    name: _Name = "profile"
    """What the run is called in reports."""
    description: _Text = ""
    """What it is about, in a sentence."""
    seed: Annotated[int, Strict(), Field(ge=-(2**63), le=2**63 - 1)] = 0
    """Any whole number; the same seed gives the same faults. `--seed` and `CHAOS_SEED` override it."""
    origin: Literal["sandbox", "upstream"] = "sandbox"
    """Who answers for sandbox.greenhelix.net: the embedded sandbox, or the real one."""
    scope: ScopeSettings = ScopeSettings()
    """Which hosts are touched: sandbox.greenhelix.net and mapped hosts when left out."""
    map: dict[Annotated[str, AfterValidator(_host)], Annotated[str, Strict(), AfterValidator(_target)]] = {}
    """Host → http(s) URL of the server that gets its calls."""
    budget: BudgetSettings | None = None
    """What the agents may spend."""
    expect: _Text = ""
    """What a careful agent does under this profile, in plain words."""
    rules: Annotated[tuple[Rule, ...], WrapValidator(_rules)] = ()
    """Every rule that matches applies, in this order."""

    @model_validator(mode="after")
    def _maps_are_in_scope(self) -> Self:
        scope = self.reach()
        lines = [
            InitErrorDetails(
                type=PydanticCustomError(
                    "denied", "scope.deny rules this host out; a host is mapped or denied, not both"
                ),
                loc=("map", host),
                input=host,
            )
            for host in self.map
            if not scope.covers(host)
        ]
        if lines:
            raise failed(lines)
        return self

    def reach(self) -> Scope:
        """The hosts that the chain may touch, and where it sends them."""
        return Scope(
            hosts=self.scope.hosts,
            deny=self.scope.deny,
            mapped={host: parse_target(url) for host, url in self.map.items()},
            sandbox=self.origin == "sandbox",
        )

    def caps(self) -> spend.Budget | None:
        """The budget, when there is one."""
        if self.budget is None:
            return None
        return spend.Budget(self.budget.per_call, self.budget.per_run, self.budget.currency)
