from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.events.event import EffectRecord, Event
from proxy_addons.exchange import Commit
from proxy_addons.verdicts.case import case_of
from proxy_addons.verdicts.no_duplicate_effect import no_duplicate_effect
from proxy_addons.verdicts.verdict import Finding, Result
from tests.support.journal import PURCHASE, Log

PASS, FAIL, UNCLEAR, SKIPPED = Result.PASS, Result.FAIL, Result.INCONCLUSIVE, Result.NOT_EXERCISED
OTHER = PURCHASE | {"description": "another"}
DEARER = PURCHASE | {"amount": "26.00"}
IN_THREADS = (
    Log()
    .lose("e-1", key="a", takes=5)
    .lose("e-2", key="b", takes=5, gap=-4.9)
    .lose("e-3", key="c", takes=5, gap=-4.9)
    .create("e-1", key="a")
    .create("e-2", key="b")
    .create("e-3", key="c")
)


def check(log: Log, baseline: list[Event] | None = None) -> Finding:
    """The finding on a run."""
    return no_duplicate_effect(case_of(log.events(), baseline=baseline))


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(Log().lose("e-1").create("e-2"), id="without a key"),
        pytest.param(Log().lose("e-1", key="a").create("e-2", key="b"), id="keys that rotate"),
        pytest.param(
            Log().lose("e-1", key="a").read("list_escrows", fault="stale").create("e-2", key="b"), id="a stale look"
        ),
        pytest.param(Log().lose("e-1", key="a").read().create("e-2", key="b"), id="looked at something else"),
        pytest.param(Log().lose("e-1", key="a").create("e-2", key="a"), id="a key that the provider ignores"),
        pytest.param(Log().create("e-1", status=502, fault="status").create("e-2"), id="told otherwise"),
        pytest.param(Log().create("e-1", delivered=False).create("e-2"), id="lost by the upstream itself"),
        pytest.param(Log().create("e-1", fault="malformed_json").create("e-2"), id="spoilt answer"),
        pytest.param(Log().lose("e-1").fail().fail().create("e-2"), id="failures in between"),
        pytest.param(Log().lose("e-1", digest="a").create("e-2", digest="b"), id="volatile details"),
        pytest.param(Log().call("pay", fault="reset", delivered=False).call("pay"), id="nameless, with money"),
        pytest.param(Log().create("e-1", key="a").create("e-2", key="a"), id="one key, both delivered"),
        pytest.param(
            Log().create("e-1", client_aborted=True, delivered=False, fault="latency").create("e-2"),
            id="gave up waiting",
        ),
    ],
)
def test_extra_effect_fails(log: Log) -> None:
    """What was meant once happened twice."""
    assert check(log).result is FAIL


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(Log().lose("e-1", key="a").create("e-1", key="a"), id="replay under the key"),
        pytest.param(Log().lose("e-1", key="a").call("create_escrow", key="a"), id="marked replay"),
        pytest.param(Log().lose("e-1").create("e-1"), id="the provider recognised it by itself"),
        pytest.param(Log().fail().create("e-1"), id="the first never arrived"),
        pytest.param(Log().lose("e-1"), id="never tried again"),
        pytest.param(Log().lose("e-1").read("list_escrows"), id="looked it up"),
        pytest.param(Log().fail().create("e-1").create("e-2"), id="bought again on purpose"),
        pytest.param(Log().lose("e-1").create("e-2", input=DEARER), id="another purchase"),
        pytest.param(
            Log().lose("e-1", key="a").read("list_escrows").release("e-1").create("e-2", key="b"),
            id="found, used, and bought again",
        ),
        pytest.param(
            Log().lose("e-1", key="a").release("e-1").create("e-2", key="b", input=OTHER), id="used, and bought alike"
        ),
        pytest.param(
            Log().lose("e-1", key="a").create("e-2", key="b", input=OTHER).create("e-1", key="a"),
            id="alike, and each keeps its key",
        ),
        pytest.param(IN_THREADS, id="threads, a key each"),
        pytest.param(
            Log().create("e-1", key="a", fault="schema_drift").create("e-2", key="b"), id="an edited answer, two keys"
        ),
        pytest.param(
            Log().create("e-1", fault="schema_drift").release("e-1").create("e-2"), id="an edited answer that was read"
        ),
        pytest.param(Log().release(fault="lost_response", delivered=False).release(), id="released again"),
        pytest.param(
            Log().call("set_cap", fault="reset", delivered=False, input={}).call("set_cap", input={}), id="a state"
        ),
        pytest.param(Log().vanish(key="a").create("e-1", key="a"), id="settled by the key"),
        pytest.param(
            Log().lose("e-1", key="a").create("e-2", key="b").create("e-1", key="a"), id="two workers, a key each"
        ),
    ],
)
def test_single_effect_passes(log: Log) -> None:
    """However often it was asked for."""
    assert (check(log).result, check(log).warning) == (PASS, False)


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(Log().vanish().create("e-1"), id="ambiguous beside a commit"),
        pytest.param(Log().vanish().vanish(), id="two of unknown end"),
        pytest.param(Log().vanish(key="a").create("e-1", key="b"), id="under another key"),
        pytest.param(
            Log().call("note", input={}, fault="reset", delivered=False).call("note", input={}), id="nameless, no money"
        ),
        pytest.param(Log().lose("e-1").create("e-2", gap=300), id="again after minutes"),
        pytest.param(Log().lose("e-1", key="a").create("e-2", key="b", input=OTHER), id="reworded"),
        pytest.param(Log().vanish(key="a").create("e-2", key="b", input=OTHER), id="reworded after an unknown end"),
        pytest.param(
            Log().lose("e-1", key="a").read("list_escrows").create("e-2", key="b"), id="looked and bought again"
        ),
        pytest.param(
            Log().lose("e-1", key="a", takes=5).create("e-2", key="b", gap=-4), id="overlapping under another key"
        ),
        pytest.param(Log().create("e-1", fault="schema_drift").create("e-2"), id="an edited answer, no key"),
        pytest.param(Log().create("e-1", fault="latency", takes=5).create("e-2", gap=-4), id="hedged"),
    ],
)
def test_what_cannot_be_told_is_inconclusive(log: Log) -> None:
    """Neither green nor red without knowing."""
    assert check(log).result is UNCLEAR


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        pytest.param(Log(), "No mutating call came by.", id="nothing"),
        pytest.param(Log().read(fault="latency"), "No mutating call came by.", id="reads"),
        pytest.param(Log().create("e-1").create("e-2"), "No mutating call was disturbed", id="undisturbed"),
        pytest.param(
            Log().create("e-1", fault="noop"), "No mutating call was disturbed", id="a fault that does nothing"
        ),
        pytest.param(
            Log().create("e-1", takes=5).create("e-2", gap=-4), "No mutating call was disturbed", id="parallel"
        ),
        pytest.param(
            Log().call("pay", status=422, pristine=422, commit=Commit.NONE),
            "No mutating call was disturbed",
            id="refused",
        ),
    ],
)
def test_nothing_happened(log: Log, sentence: str) -> None:
    """Without a disturbed mutating call nothing was shown."""
    finding = check(log)
    assert finding.result is SKIPPED
    assert finding.sentence.startswith(sentence)


def test_failure_says_what_happened() -> None:
    """Event numbers, one sentence, and what it does not rule out."""
    finding = check(Log().read().lose("e-1", key="a").create("e-2", key="b"))
    assert finding.sentence == (
        "create_escrow took effect 2 times for one intent: "
        "it was sent again under another idempotency key after #2 (lost_response)."
    )
    assert [line.number for line in finding.evidence] == [2, 3]
    assert finding.figures == {"extra effects": "1", "extra amount": "25.00 CREDITS"}
    assert "baseline" in finding.not_ruled_out


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ((None, None), "without an idempotency key"),
        (("a", "a"), "under the same idempotency key, which the provider did not honour"),
        (("a", "b"), "under another idempotency key"),
    ],
)
def test_failure_says_what_the_key_was(keys: tuple[str | None, str | None], expected: str) -> None:
    """The cure depends on it."""
    assert expected in check(Log().lose("e-1", key=keys[0]).create("e-2", key=keys[1])).sentence


def test_upstream_is_blamed_for_its_own_losses() -> None:
    """An injected fault and one of the provider's are never mixed."""
    assert "after #1 (upstream)" in check(Log().create("e-1", delivered=False).create("e-2")).sentence


def test_several_failures_are_counted() -> None:
    """The first is told in full."""
    log = Log().lose("e-1").create("e-2").lose("e-3", input=OTHER).create("e-4", input=OTHER)
    finding = check(log)
    assert finding.sentence.startswith("2 intents took effect more than once; the first: create_escrow")
    assert finding.figures["extra amount"] == "50.00 CREDITS"


def test_pass_without_a_lost_commit_says_so() -> None:
    """A run in which only calls failed that never arrived shows little."""
    assert "none of a call that took effect was lost" in check(Log().fail().create()).not_ruled_out
    assert check(Log().lose(key="a").create(key="a")).not_ruled_out == ""


def test_identical_purchases_on_purpose_are_mentioned() -> None:
    """They pass, and a baseline would tell more."""
    log = Log().lose("e-1", key="a").create("e-1", key="a").create("e-2", key="b")
    assert "identical calls of create_escrow were one purchase too many" in check(log).not_ruled_out


def test_extra_that_was_taken_back_is_a_warning() -> None:
    """The agent noticed and cancelled it."""
    finding = check(Log().lose("e-1").create("e-2").release("e-1", "cancel_escrow"))
    assert (finding.result, finding.warning) == (PASS, True)
    assert finding.sentence == "create_escrow took effect more than once, and the agent took the extra back."


def test_extra_that_was_released_is_paid() -> None:
    """To bring an effect to its end is not to take it back."""
    assert check(Log().lose("e-1").create("e-2").release("e-1").release("e-2")).result is FAIL


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(Log().lose("e-1").create("e-2").create("e-3"), FAIL, id="one more than usual"),
        pytest.param(Log().lose("e-1").create("e-2"), PASS, id="as often as usual"),
        pytest.param(Log().create("e-1").fail().create("e-2"), PASS, id="as usual, disturbed"),
        pytest.param(Log().create("e-1").create("e-2").fail().create("e-3"), FAIL, id="one more, each answered"),
        pytest.param(Log().lose("e-1", input=OTHER).create("e-2", input=OTHER), FAIL, id="unknown to the baseline"),
    ],
)
def test_baseline_tells_how_often_is_meant(log: Log, expected: Result) -> None:
    """An agent that buys twice may buy twice."""
    baseline = Log().create("b-1").create("b-2").events()
    assert expected is check(log, baseline).result


STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "lose", "fail", "vanish"]), st.sampled_from([None, "a", "b"])), max_size=8
)


@given(STEPS, st.data())
def test_replay_never_turns_a_pass_into_a_failure(steps: list[tuple[str, str | None]], data: st.DataObject) -> None:
    """An answer that names the same resource again changes nothing."""
    log = Log()
    for number, (step, key) in enumerate(steps):
        getattr(log, step)(**({"resource": f"e-{number}"} if step in {"create", "lose"} else {}), key=key)
    before = check(log).result
    made = [exchange for exchange in log.exchanges if exchange.calls[0].effects]
    if made:
        replayed = data.draw(st.sampled_from(made)).calls[0]
        log.create(replayed.effects[0].resource, key=replayed.key)
        assert check(log).result is not FAIL or before is FAIL


@given(STEPS, st.randoms(use_true_random=False))
def test_order_of_the_journal_does_not_matter(steps: list[tuple[str, str | None]], random: Random) -> None:
    """Events are written when exchanges end, which may be in any order."""
    log = Log()
    for number, (step, key) in enumerate(steps):
        getattr(log, step)(**({"resource": f"e-{number}"} if step in {"create", "lose"} else {}), key=key)
    before = check(log)
    random.shuffle(log.exchanges)
    assert before == check(log)


def test_two_effects_of_one_call_are_one() -> None:
    """A split payment moves money twice, and is meant to."""
    split = [EffectRecord("moves", "i-1", "10"), EffectRecord("moves", "i-2", "15")]
    assert check(Log().fail("create_split_intent").call("create_split_intent", split)).result is PASS


@pytest.mark.parametrize(
    ("log", "result", "sentence"),
    [
        (
            Log().create(fault="duplicate_request").repeat(),
            Result.FAIL,
            (
                "create_escrow took effect 2 times for one intent: the network repeated #1 (duplicate_request), "
                "which carried no idempotency key."
            ),
        ),
        (
            Log().create(fault="duplicate_request", key="k").repeat(key="k"),
            Result.FAIL,
            (
                "create_escrow took effect 2 times for one intent: the network repeated #1 (duplicate_request), "
                "which carried an idempotency key that the provider did not honour."
            ),
        ),
        (
            Log().create(fault="duplicate_request", key="k").repeat("e-1", key="k"),
            Result.PASS,
            "1 mutating call was disturbed, and nothing took effect twice.",
        ),
        (
            Log().fail().create(fault="duplicate_request").repeat(),
            Result.FAIL,
            (
                "create_escrow took effect 2 times for one intent: the network repeated #2 (duplicate_request), "
                "which carried no idempotency key."
            ),
        ),
    ],
)
def test_what_the_network_repeated(log: Log, result: Result, sentence: str) -> None:
    """It is the intent's, and not the agent's doing."""
    found = no_duplicate_effect(case_of(log.events()))
    assert (found.result, found.sentence) == (result, sentence)


def test_reworded_retry_says_why_nobody_can_tell() -> None:
    """Neither the reference nor the key proves another purchase."""
    finding = check(Log().lose("e-1", key="a").create("e-2", key="b", input=OTHER))
    assert "differ only in reference or description, and in their key" in finding.sentence
    assert [line.number for line in finding.evidence] == [1, 2]
    usual = Log().create("b-1", key="c").create("b-2", key="d", input=OTHER).events()
    assert check(Log().lose("e-1", key="a").create("e-2", key="b", input=OTHER), usual).result is PASS


def test_lost_refusal_exercises_nothing() -> None:
    """What the provider refused cannot take effect twice."""
    log = Log().call("pay", fault="lost_response", delivered=False, pristine=422, commit=Commit.NONE)
    finding = check(log.call("pay", status=422, pristine=422, commit=Commit.NONE))
    assert finding.result is SKIPPED
    assert finding.sentence.startswith("The provider had refused")


def test_baseline_tells_of_purchases_on_purpose() -> None:
    """As often as the undisturbed agent, and no more."""
    log = Log().lose("e-1", key="a").create("e-2", key="b")
    assert check(log, Log().create("b-1", key="c").create("b-2", key="d").events()).result is PASS
    assert check(log, Log().create("b-1", key="c").events()).result is FAIL


@pytest.mark.parametrize(
    ("second", "expected"),
    [pytest.param("b", Result.INCONCLUSIVE, id="each its own key"), pytest.param(None, Result.FAIL, id="keyless")],
)
def test_two_buyers_side_by_side_are_not_one_that_pays_twice(second: str | None, expected: Result) -> None:
    """The first escrow was found and used in the end: whether both were meant is not known."""
    log = Log().lose("e-1", key="a").create("e-2", key=second).release("e-2").release("e-1")
    assert check(log).result is expected
