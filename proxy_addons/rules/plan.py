"""The decisions for one exchange, made once.

Rules it keeps:
- One decision for each rule that matches; in a batch the first call that fires decides.
- One draw for each call that chance may hit, none where ordinal, attempt, burst or window rule it out.
- Decisions depend on the seed, the call and its ordinals, never on what else happened in between; a cap
  counts per rule and call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proxy_addons.calls.opening import CONNECT
from proxy_addons.exchange import Answer, Call, Exchange, Phase
from proxy_addons.faults.base import Fault, Opening
from proxy_addons.rules.draw import Draw, seed_key
from proxy_addons.rules.match import Kind, Matcher
from proxy_addons.rules.profile import Profile, Rule
from proxy_addons.tally import Tally

_KINDS_REMEMBERED = 4096
"""Bounds the memory that agents with ever new names could take."""


@dataclass(slots=True)
class Decision:
    """What one rule decided about one exchange.

    `call` is the index of the call in the exchange, `draw` the number drawn (None: it did not come to
    a draw), `draws` the source of the fault's own draws.
    """

    rule: str
    word: str
    fault: Fault
    call: int
    fired: bool
    reason: str
    draw: float | None
    draws: Draw
    matcher: Matcher

    def rejects(self, answer: Answer | None) -> str:
        """Why the fault is not played on this answer; empty when it is."""
        return self.matcher.rejects(answer)


@dataclass(frozen=True, slots=True)
class Plan:
    """The frozen decisions of one exchange, in file order, taken or not."""

    decisions: tuple[Decision, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.decisions)

    def due(self, phase: Phase) -> tuple[Decision, ...]:
        """Those that fired and are played at once on this side of the upstream, in file order."""
        return tuple(
            decision
            for decision in self.decisions
            if decision.fired
            and phase in decision.fault.sides
            and (phase is not Phase.AFTER or decision.fault.shaping is None)
            and decision.fault.flaw is None
        )

    @property
    def flawed(self) -> tuple[Decision, ...]:
        """Those that fired and spoil the TLS handshake that follows, in file order."""
        return tuple(decision for decision in self.decisions if decision.fired and decision.fault.flaw is not None)

    @property
    def wants_answer(self) -> bool:
        """Whether a fault, or its rule's match, waits for the whole answer, so that it must not stream by."""
        return bool(self.due(Phase.AFTER)) or any(decision.matcher.reads_body for decision in self.shapers)

    @property
    def shapers(self) -> tuple[Decision, ...]:
        """Those that fired and shape the answer as it flows, in file order."""
        return tuple(decision for decision in self.decisions if decision.fired and decision.fault.shaping is not None)

    @property
    def reads_events(self) -> bool:
        """Whether one of them looks at the events of a stream."""
        return any(decision.fault.reads_events for decision in self.shapers)

    @property
    def resizes(self) -> bool:
        """Whether one of them may change the length of the answer."""
        return any(decision.fault.resizes for decision in self.shapers)


_NOTHING = Plan()


class _Compiled:
    """A rule, ready for the hot path."""

    __slots__ = ("covers_open", "fault", "match", "max", "name", "number", "opens", "probability", "when", "word")

    def __init__(self, number: int, rule: Rule) -> None:
        self.number = number
        self.name = rule.name
        self.match = Matcher(rule.match)
        self.when = rule.when
        self.probability = rule.when.probability
        self.max = rule.when.max
        self.word = rule.fault.word
        self.fault = rule.fault.settings
        self.opens = isinstance(self.fault, Opening)
        self.covers_open = isinstance(self.fault, Opening) and self.fault.covers_open

    def of_kind(self, kind: Kind) -> bool:
        """Whether it can match any call of this kind. A fault on webhooks alone leaves the agents' calls alone."""
        protocols = self.fault.protocols
        return (protocols is None or kind.protocol in protocols) and self.match.of_kind(kind)


class Decider:
    """Decides what happens to each exchange. While `paused` nothing fires."""

    def __init__(self, profile: Profile, tally: Tally, seed: int) -> None:
        self.paused = False
        self._tally = tally
        self.take_over(profile, seed)

    def take_over(self, profile: Profile, seed: int) -> None:
        """Decide by these rules from now on. Ordinals and caps go on; a cap belongs to the rule's name."""
        self._key = seed_key(seed)
        self._rules = tuple(_Compiled(number, rule) for number, rule in enumerate(profile.rules))
        self._by_kind: dict[Kind, Sequence[_Compiled]] = {}
        self.minds_openings = any(rule.opens for rule in self._rules)
        self.covers_open = any(rule.covers_open for rule in self._rules)
        self.minds_earlier = any(rule.word == "stale" for rule in self._rules)

    def decide(self, exchange: Exchange, elapsed: float, *, is_open: bool = False) -> Plan:
        """Make every decision about an exchange, `elapsed` seconds into the run.

        `is_open`: it stands for the opening of a connection that is open already.
        """
        request, agent = exchange.request, exchange.agent
        found: dict[int, Decision] = {}
        for index, call in enumerate(exchange.calls):
            for rule in self._rules_for(Kind(agent, call.operation, request.host, request.method, exchange.protocol)):
                if is_open and not rule.covers_open:
                    continue
                before = found.get(rule.number)
                if (before is None or not before.fired) and rule.match.of_call(request, call):
                    decision = self._decide(rule, agent, call, index, elapsed)
                    if before is None or decision.fired:
                        found[rule.number] = decision
        return Plan(tuple(found[number] for number in sorted(found))) if found else _NOTHING

    def _rules_for(self, kind: Kind) -> Sequence[_Compiled]:
        """The rules that may match calls of this kind, in file order."""
        rules = self._by_kind.get(kind)
        if rules is None:
            if len(self._by_kind) >= _KINDS_REMEMBERED:
                self._by_kind.clear()
            rules = self._by_kind[kind] = tuple(
                rule for rule in self._rules if rule.opens is (kind.protocol == CONNECT) and rule.of_kind(kind)
            )
        return rules

    def _decide(self, rule: _Compiled, agent: str, call: Call, index: int, elapsed: float) -> Decision:
        draws = Draw(self._key, rule.name, agent, call.operation, call.fingerprint, call.ordinal)
        drawn, fired = None, False
        if self.paused:
            reason = "paused"
        elif not (reason := rule.when.excludes(call.nth, call.attempt, elapsed)):
            drawn = draws.uniform("fire")
            fired = drawn < rule.probability
            reason = f"probability {rule.probability:g}, drew {drawn:.4f}"
            if fired and rule.max is not None:
                fired = self._tally.take(rule.max, "rule", rule.name, agent, call.operation, call.fingerprint)
                if not fired:
                    reason = f"max {rule.max} reached"
        return Decision(rule.name, rule.word, rule.fault, index, fired, reason, drawn, draws, rule.match)
