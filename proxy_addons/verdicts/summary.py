"""What happened in a run, counted: what came by, what was broken, what was let through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from proxy_addons.events.event import (
    DecisionRecord,
    Event,
    ExchangeClosed,
    InjectionRecord,
    Noise,
    PassedThrough,
    ProxyError,
    RunEnded,
    RunStarted,
)
from proxy_addons.verdicts.attempt import IDLE

type Counted = Mapping[str, int]
"""Names and how often each occurred, the most frequent first."""


@dataclass(frozen=True, slots=True)
class RuleCount:
    """What one rule did with its fault.

    `matched` counts the exchanges that it matched, `selected` those on which it fired, `delivered` those
    on which the fault took place. `held_back` says why it did not fire, `undelivered` why what fired did
    not take place.
    """

    rule: str
    fault: str
    matched: int
    selected: int
    delivered: int
    held_back: Counted = field(default_factory=dict)
    undelivered: Counted = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """Whether its fault does nothing anyway."""
        return self.fault in IDLE


@dataclass(frozen=True, slots=True)
class Summary:
    """The facts of a run. `seconds` is None and `complete` false when the run has no end."""

    profile: str = ""
    seed: int = 0
    origin: str = ""
    command: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    insecure: bool = False
    seconds: float | None = None
    complete: bool = False
    child_status: int | None = None
    calls: int = 0
    exchanges: int = 0
    agents: Counted = field(default_factory=dict)
    operations: Counted = field(default_factory=dict)
    rules: tuple[RuleCount, ...] = ()
    unmatched_rules: tuple[str, ...] = ()
    passed_through: Counted = field(default_factory=dict)
    noise: Counted = field(default_factory=dict)
    refusals: Counted = field(default_factory=dict)
    errors: Counted = field(default_factory=dict)
    trouble: str = ""
    unknown_events: int = 0

    @property
    def selected(self) -> int:
        """How many faults were to be played, idle ones aside."""
        return sum(count.selected for count in self.rules if not count.idle)

    @property
    def delivered(self) -> int:
        """How many faults took place, idle ones aside."""
        return sum(count.delivered for count in self.rules if not count.idle)


def summarise(
    events: Iterable[Event], *, trouble: str = "", unknown_events: int = 0, rule_names: Collection[str] = ()
) -> Summary:
    """Count the events of a run.

    `trouble` is what the journal's writer or reader had to complain of. `rule_names` are those of the
    profile, where the run's first event does not say: the ones that matched nothing are told apart.
    """
    events = list(events)
    started = next((event for event in events if isinstance(event, RunStarted)), None)
    ended = next((event for event in events if isinstance(event, RunEnded)), None)
    exchanges = [event for event in events if isinstance(event, ExchangeClosed)]
    rules = _rules(exchanges)
    declared = started.rules if started else []
    asked = [exchange for exchange in exchanges if exchange.duplicate_of is None]  # by somebody, not by the network
    return Summary(
        profile=started.profile if started else "",
        seed=started.seed if started else 0,
        origin=started.origin if started else "",
        command=tuple(started.command) if started else (),
        scope=tuple(started.scope) if started else (),
        insecure=started.insecure if started else False,
        seconds=ended.at - started.at if started and ended else None,
        complete=ended is not None,
        child_status=ended.child_status if ended else None,
        calls=sum(len(exchange.calls) for exchange in asked),
        exchanges=len(asked),
        agents=_counted(exchange.agent for exchange in asked),
        operations=_counted(call.operation for exchange in asked for call in exchange.calls),
        rules=rules,
        unmatched_rules=tuple(name for name in (rule_names or declared) if name not in {count.rule for count in rules}),
        passed_through=_counted(event.host for event in events if isinstance(event, PassedThrough)),
        noise=_counted(_noise(event) for event in events if isinstance(event, Noise)),
        refusals=_counted(exchange.refusal for exchange in exchanges if exchange.refusal),
        errors=_counted(event.message for event in events if isinstance(event, ProxyError)),
        trouble=trouble,
        unknown_events=unknown_events,
    )


def _counted(names: Iterable[str]) -> Counted:
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))


def _noise(event: Noise) -> str:
    return f"{event.host}: {event.reason}" if event.host else event.reason


def _rules(exchanges: Sequence[ExchangeClosed]) -> tuple[RuleCount, ...]:
    """Every rule that matched, in the order in which they first did."""
    decisions: dict[tuple[str, str], list[DecisionRecord]] = {}
    injections: dict[tuple[str, str], list[InjectionRecord]] = {}
    for exchange in exchanges:
        for decision in exchange.decisions:
            decisions.setdefault((decision.rule, decision.fault), []).append(decision)
        for injection in exchange.injections:
            injections.setdefault((injection.rule, injection.fault), []).append(injection)
    return tuple(
        _rule(rule, fault, decisions.get((rule, fault), []), injections.get((rule, fault), []))
        for rule, fault in dict.fromkeys([*decisions, *injections])
    )


def _rule(
    rule: str, fault: str, decisions: Sequence[DecisionRecord], injections: Sequence[InjectionRecord]
) -> RuleCount:
    fired = sum(decision.fired for decision in decisions)
    selected = max(fired, len(injections))
    missed = [injection.detail for injection in injections if not injection.delivered]
    missed += ["the exchange was over before it was its turn"] * (selected - len(injections))
    return RuleCount(
        rule,
        fault,
        matched=max(len(decisions), selected),
        selected=selected,
        delivered=sum(injection.delivered for injection in injections),
        held_back=_counted(decision.reason.partition(",")[0] for decision in decisions if not decision.fired),
        undelivered=_counted(missed),
    )
