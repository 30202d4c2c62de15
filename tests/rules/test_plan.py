import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_addons.exchange import Answer, Call, Exchange, Phase, Request
from proxy_addons.rules import plan as plan_module
from proxy_addons.rules.plan import Decider, Plan
from proxy_addons.rules.profile import Profile
from proxy_addons.tally import MemoryTally

HOST = "sandbox.greenhelix.net"


def decider(*rules: dict[str, object], seed: int = 42) -> Decider:
    """A decider with these rules and a tally of its own."""
    return Decider(Profile.model_validate({"version": 1, "rules": rules}), MemoryTally(), seed)


def call(operation: str = "create_escrow", **changed: object) -> Call:
    """A first call, unless something else is said."""
    made = Call(operation, {"amount": "25.00"}, fingerprint="f", digest="d", ordinal=1, nth=1, attempt=1)
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def exchange(*calls: Call, agent: str = "buyer") -> Exchange:
    """An exchange with these calls, or with one."""
    request = Request("POST", "https", HOST, 443, "/v1/payments/escrows")
    return Exchange(1, agent, "greenhelix", request, list(calls or (call(),)), 0.0)


def fired(plan: Plan) -> list[str]:
    """The rules that fired, in order."""
    return [decision.rule for decision in plan.decisions if decision.fired]


def test_a_rule_that_matches_decides() -> None:
    """With all that a fault and the journal need."""
    (decision,) = decider({"name": "a", "fault": {"noop": {"at": "after"}}}).decide(exchange(), 0.0).decisions

    assert (decision.rule, decision.word, decision.call, decision.fired) == ("a", "noop", 0, True)
    assert decision.fault.at is Phase.AFTER
    assert decision.draw == decision.draws.uniform("fire")
    assert decision.reason.startswith("probability 1, drew 0.")


def test_a_rule_that_does_not_match_leaves_no_trace() -> None:
    """A hundred rules for other operations do not fill the journal."""
    rules: list[dict[str, object]] = [
        {"match": {"operation": "release_escrow"}, "fault": "noop"},
        {"match": {"input": {"amount": {"gt": 99}}}, "fault": "noop"},
    ]

    assert decider(*rules).decide(exchange(), 0.0) == Plan()


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ({"attempts": 2}, "attempt 1 is not in 2"),
        ({"calls": "3..5"}, "call 1 is not in 3..5"),
        ({"window": {"after": "9s"}}, "outside its window"),
    ],
    ids=["attempts", "calls", "window"],
)
def test_what_is_ruled_out_is_not_drawn(when: dict[str, object], reason: str) -> None:
    """The decision is kept with its reason."""
    (decision,) = decider({"when": when, "fault": "noop"}).decide(exchange(), 0.0).decisions

    assert (decision.fired, decision.reason, decision.draw) == (False, reason, None)


def test_probability_zero_never_fires_and_still_says_why() -> None:
    """Inert, but in the journal."""
    found = [
        decider({"when": {"probability": 0}, "fault": "noop"}, seed=seed).decide(exchange(), 0.0).decisions[0]
        for seed in range(500)
    ]

    assert {decision.fired for decision in found} == {False}
    assert found[0].reason.startswith("probability 0, drew 0.")


@given(st.integers(), st.text(max_size=9), st.text(max_size=9), st.integers(1, 10**6))
def test_zero_is_never_and_one_is_always(seed: int, agent: str, fingerprint: str, ordinal: int) -> None:
    """For every seed, agent and call."""
    rules: list[dict[str, object]] = [
        {"name": "never", "when": {"probability": 0}, "fault": "noop"},
        {"name": "always", "when": {"probability": 1}, "fault": "noop"},
    ]
    plan = decider(*rules, seed=seed).decide(exchange(call(fingerprint=fingerprint, ordinal=ordinal), agent=agent), 0.0)

    assert fired(plan) == ["always"]


@given(st.floats(0, 1), st.floats(0, 1), st.integers())
def test_a_higher_probability_only_adds(one: float, other: float, seed: int) -> None:
    """Who raises it keeps every fault that was seen before."""
    low, high = (
        {ordinal for ordinal in range(1, 60) if fired(rule.decide(exchange(call(ordinal=ordinal)), 0.0))}
        for rule in (
            decider({"name": "a", "when": {"probability": p}, "fault": "noop"}, seed=seed) for p in sorted((one, other))
        )
    )

    assert low <= high


@pytest.mark.parametrize("seed", range(5))
def test_a_probability_is_a_frequency(seed: int) -> None:
    """0.2 of 10,000 calls, within the 99.9 % interval of the binomial distribution: 2000 ± 3.29 deviations."""
    rule = decider({"when": {"probability": 0.2}, "fault": "noop"}, seed=seed)
    hits = sum(bool(fired(rule.decide(exchange(call(ordinal=n)), 0.0))) for n in range(10_000))

    assert 1868 <= hits <= 2132


def test_max_counts_per_rule_and_call() -> None:
    """Another call, agent or rule has a count of its own; what does not fire uses none up."""
    rule = decider(
        {"name": "a", "when": {"max": 2, "attempts": [1]}, "fault": "noop"},
        {"name": "b", "when": {"max": 1}, "fault": "noop"},
    )
    retry = rule.decide(exchange(call(attempt=2)), 0.0)
    plans = [rule.decide(exchange(call(ordinal=n)), 0.0) for n in (1, 2, 3)]

    assert fired(retry) == ["b"]
    assert [fired(plan) for plan in plans] == [["a"], ["a"], []]
    assert [decision.reason for decision in plans[-1].decisions] == ["max 2 reached", "max 1 reached"]
    assert fired(rule.decide(exchange(call(fingerprint="g")), 0.0)) == ["a", "b"]
    assert fired(rule.decide(exchange(agent="seller"), 0.0)) == ["a", "b"]


def test_in_a_batch_the_first_call_that_fires_decides() -> None:
    """One decision for each rule, whatever the number of calls."""
    rules: list[dict[str, object]] = [
        {"name": "second", "when": {"calls": 2}, "fault": "noop"},
        {"name": "none", "when": {"calls": 9}, "fault": "noop"},
        {"name": "other", "match": {"operation": "deposit"}, "fault": "noop"},
    ]
    plan = decider(*rules).decide(exchange(call(nth=1), call("deposit", nth=1), call(nth=2), call(nth=2)), 0.0)

    assert [(d.rule, d.call, d.fired) for d in plan.decisions] == [
        ("second", 2, True),
        ("none", 0, False),
        ("other", 1, True),
    ]


def test_a_batch_fires_a_capped_rule_once() -> None:
    """The calls after the one that fired take no permit."""
    rule = decider({"when": {"max": 1}, "fault": "noop"})

    assert fired(rule.decide(exchange(call(ordinal=1), call(ordinal=2)), 0.0)) == ["noop-1"]


def test_an_exchange_without_calls_has_an_empty_plan() -> None:
    """There is nobody to decide about."""
    empty = exchange()
    empty.calls.clear()

    assert decider({"fault": "noop"}).decide(empty, 0.0) == Plan()


def test_while_paused_nothing_fires() -> None:
    """No draw, no permit; and afterwards all is as before."""
    rule = decider({"when": {"max": 1}, "fault": "noop"})
    rule.paused = True
    (decision,) = rule.decide(exchange(), 0.0).decisions
    rule.paused = False

    assert (decision.fired, decision.reason, decision.draw) == (False, "paused", None)
    assert fired(rule.decide(exchange(), 0.0)) == ["noop-1"]


def test_a_window_looks_at_the_time_of_the_run() -> None:
    """Which is passed in."""
    rule = decider({"when": {"window": {"after": "1s", "for": "1s"}}, "fault": "noop"})

    assert [bool(fired(rule.decide(exchange(), elapsed))) for elapsed in (0.5, 1.5, 2.5)] == [False, True, False]


def test_what_is_due_fired_and_plays_on_this_side() -> None:
    """In file order."""
    rules: list[dict[str, object]] = [
        {"name": "a", "fault": {"noop": {"at": "after"}}},
        {"name": "b", "fault": "noop"},
        {"name": "c", "when": {"probability": 0}, "fault": "noop"},
        {"name": "d", "fault": {"noop": {"at": "after"}}},
    ]
    plan = decider(*rules).decide(exchange(), 0.0)

    assert [decision.rule for decision in plan.due(Phase.BEFORE)] == ["b"]
    assert [decision.rule for decision in plan.due(Phase.AFTER)] == ["a", "d"]


@pytest.mark.parametrize(
    ("at", "probability", "expected"), [("after", 1, True), ("after", 0, False), ("before", 1, False)]
)
def test_a_plan_wants_the_answer_when_a_fault_waits_for_it(at: str, probability: int, *, expected: bool) -> None:
    """Otherwise a stream may flow by."""
    rule: dict[str, object] = {"when": {"probability": probability}, "fault": {"noop": {"at": at}}}

    assert decider(rule).decide(exchange(), 0.0).wants_answer is expected


def test_a_decision_can_reject_the_answer() -> None:
    """What the match says about status and body is asked once they are known."""
    rule = {"match": {"status": 201}, "fault": {"noop": {"at": "after"}}}
    (decision,) = decider(rule).decide(exchange(), 0.0).decisions

    assert decision.rejects(Answer(201)) == ""
    assert decision.rejects(Answer(500)) == "status 500 does not match"


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that invents operations cannot fill the memory."""
    monkeypatch.setattr(plan_module, "_KINDS_REMEMBERED", 3)
    rule = decider({"match": {"operation": "o*"}, "fault": "noop"})

    assert [bool(fired(rule.decide(exchange(call(f"{'ox'[n % 2]}{n}")), 0.0))) for n in range(10)] == [True, False] * 5
    assert len(rule._by_kind) <= 3  # noqa: SLF001


# ------------------------------------------------------------------------------- the order of events

RULES: list[dict[str, object]] = [
    {"name": "rare", "when": {"probability": 0.3}, "fault": "noop"},
    {
        "name": "capped",
        "match": {"operation": "pay"},
        "when": {"probability": 0.5, "max": 2},
        "fault": {"noop": {"at": "after"}},
    },
    {"name": "first", "match": {"agent": "a[12]"}, "when": {"attempts": [1], "probability": 0.7}, "fault": "noop"},
    {"name": "dear", "match": {"input": {"amount": {"gte": 3}}}, "when": {"probability": 0.5}, "fault": "noop"},
]
ORDINAL_RULES: list[dict[str, object]] = [
    *RULES,
    {"name": "third", "when": {"calls": [{"every": 3}, "7.."]}, "fault": "noop"},
    {"name": "burst", "when": {"burst": {"length": 2, "every": 5}, "probability": 0.5}, "fault": "noop"},
    {"name": "retries", "when": {"attempts": "2.."}, "fault": "noop"},
]


@dataclass(frozen=True)
class Asked:
    """One request of an agent's script."""

    agent: str
    operation: str
    amount: int
    succeeds: bool = True

    @property
    def fingerprint(self) -> str:
        """What the draws see."""
        return f"{self.operation}:{self.amount}"


def scripts() -> list[list[Asked]]:
    """Four agents with a dozen requests each, some of them identical, some of them failing."""
    chance = random.Random(7)  # noqa: S311  # it must be the same every time
    return [
        [
            Asked(f"a{number}", chance.choice(["pay", "get"]), chance.choice([1, 2, 4]), chance.random() < 0.6)
            for _ in range(12)
        ]
        for number in range(4)
    ]


def decisions(
    order: Iterable[Asked], rules: Sequence[dict[str, object]], seed: int = 42
) -> Counter[tuple[object, ...]]:
    """Every decision about these requests in this order, as `identify` and `decide` would make them."""
    tally = MemoryTally()
    rule = Decider(Profile.model_validate({"version": 1, "rules": rules}), tally, seed)
    found: Counter[tuple[object, ...]] = Counter()
    for asked in order:
        made = Call(asked.operation, {"amount": asked.amount}, fingerprint=asked.fingerprint)
        made.ordinal = tally.next("call", asked.agent, asked.operation, asked.fingerprint)
        made.nth = tally.next("operation", asked.agent, asked.operation)
        made.attempt = tally.begin_attempt(asked.agent, asked.operation, asked.fingerprint, now=0.0)
        plan = rule.decide(exchange(made, agent=asked.agent), 0.0)
        tally.end_attempt(asked.agent, asked.operation, asked.fingerprint, succeeded=asked.succeeds, now=0.0)
        found.update((d.rule, asked.agent, asked.fingerprint, d.fired, d.reason, d.draw) for d in plan.decisions)
    return found


INTERLEAVED = decisions((asked for script in scripts() for asked in script), ORDINAL_RULES)
ANY_ORDER = decisions((Asked(a.agent, a.operation, a.amount) for script in scripts() for a in script), RULES)


@settings(max_examples=1000)
@given(st.randoms(use_true_random=True))
def test_agents_in_any_interleaving_get_the_same_faults(chance: random.Random) -> None:
    """Whoever is faster: each agent does its own things in its own order, and nobody shifts another's luck."""
    left = [list(script) for script in scripts()]
    order = []
    while left := [script for script in left if script]:
        order.append(chance.choice(left).pop(0))

    assert decisions(order, ORDINAL_RULES) == INTERLEAVED


@settings(max_examples=1000)
@given(st.randoms(use_true_random=True))
def test_calls_in_any_order_get_the_same_faults(chance: random.Random) -> None:
    """Even one agent's own parallel calls may overtake each other, unless a rule asks for their order."""
    order = [Asked(a.agent, a.operation, a.amount) for script in scripts() for a in script]
    chance.shuffle(order)

    assert decisions(order, RULES) == ANY_ORDER


def test_the_interleavings_have_something_to_say() -> None:
    """Every rule of the tests above fired and did not fire."""
    outcomes = {(rule, hit) for rule, _, _, hit, _, _ in INTERLEAVED}

    assert outcomes == {(str(rule["name"]), hit) for rule in ORDINAL_RULES for hit in (True, False)}


def test_another_seed_gives_other_faults() -> None:
    """A seed is no decoration."""
    order = [asked for script in scripts() for asked in script]

    assert decisions(order, RULES, seed=43) != decisions(order, RULES, seed=42)


def test_another_rule_does_not_shift_the_luck_of_the_first() -> None:
    """Profiles can be edited without losing what was found."""
    order = [asked for script in scripts() for asked in script]
    alone, among = decisions(order, RULES[:1]), decisions(order, RULES)

    assert alone == Counter({decision: n for decision, n in among.items() if decision[0] == "rare"})
