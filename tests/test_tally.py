from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.tally import CHAIN_GAP, MemoryTally


def test_next_counts_each_key_from_one() -> None:
    """Keys do not disturb each other."""
    tally = MemoryTally()

    assert [tally.next("a"), tally.next("a"), tally.next("a", "b"), tally.next("a")] == [1, 2, 1, 3]


def test_keys_are_not_joined() -> None:
    """("ab", "c") and ("a", "bc") are two keys."""
    tally = MemoryTally()
    tally.next("ab", "c")

    assert tally.next("a", "bc") == 1


@given(st.integers(0, 20), st.integers(0, 40))
def test_take_never_grants_more_than_the_limit(limit: int, tries: int) -> None:
    """And never less, as long as someone asks."""
    tally = MemoryTally()

    assert sum(tally.take(limit, "k") for _ in range(tries)) == min(limit, tries)


def test_forgotten_permits_can_be_taken_again() -> None:
    """Forgetting what was never taken does no harm."""
    tally = MemoryTally()
    tally.take(1, "k")
    tally.forget("k")
    tally.forget("never taken")

    assert tally.take(1, "k")


def test_a_try_after_a_failure_is_the_next_attempt() -> None:
    """Each failed try makes the next one a retry."""
    tally = MemoryTally()
    attempts = []
    for _ in range(3):
        attempts.append(tally.begin_attempt("k", now=1.0))
        tally.end_attempt("k", succeeded=False, now=2.0)

    assert attempts == [1, 2, 3]


def test_a_success_ends_the_chain() -> None:
    """The same call after a success is a new intent."""
    tally = MemoryTally()
    tally.begin_attempt("k", now=1.0)
    tally.end_attempt("k", succeeded=True, now=2.0)

    assert tally.begin_attempt("k", now=3.0) == 1


def test_a_long_silence_ends_the_chain() -> None:
    """Exactly the gap still counts as a retry, more does not."""
    tally = MemoryTally()
    for key in "kl":
        tally.begin_attempt(key, now=0.0)
        tally.end_attempt(key, succeeded=False, now=10.0)

    assert tally.begin_attempt("k", now=10.0 + CHAIN_GAP) == 2
    assert tally.begin_attempt("l", now=10.1 + CHAIN_GAP) == 1


def test_calls_at_the_same_time_are_intents_of_their_own() -> None:
    """Two identical purchases in parallel are no retry, as long as nothing has failed."""
    tally = MemoryTally()

    assert [tally.begin_attempt("k", now=1.0), tally.begin_attempt("k", now=1.0)] == [1, 1]


def test_a_try_beside_a_doomed_one_is_its_retry() -> None:
    """An agent may give up on a black hole and try again before the first try is over."""
    tally = MemoryTally()
    tally.begin_attempt("k", now=1.0)
    tally.doom_attempt("k", now=1.0)

    assert tally.begin_attempt("k", now=5.0) == 2


def test_the_end_of_what_never_began_is_ignored() -> None:
    """An answer without a request starts no chain."""
    tally = MemoryTally()
    tally.end_attempt("k", succeeded=False, now=1.0)

    assert tally.begin_attempt("k", now=2.0) == 1


@given(st.lists(st.decimals(min_value="0.01", max_value=100, places=2), max_size=30), st.decimals(0, 500, places=2))
def test_spend_never_passes_the_cap(amounts: list[Decimal], cap: Decimal) -> None:
    """What was granted stays within it; what was refused last would not have fitted."""
    tally = MemoryTally()
    granted = [amount for amount in amounts if tally.spend(amount, cap, "k")]

    assert sum(granted, Decimal(0)) <= cap
    assert all(sum(granted, Decimal(0)) + amount > cap for amount in amounts[-1:] if amount not in granted)


def test_what_was_refunded_can_be_spent_again() -> None:
    """A call that committed nothing costs nothing."""
    tally = MemoryTally()
    assert tally.spend(Decimal("1.00"), Decimal("1.00"), "k")
    assert not tally.spend(Decimal("0.01"), Decimal("1.00"), "k")
    tally.refund(Decimal("1.00"), "k")

    assert tally.spend(Decimal("1.00"), Decimal("1.00"), "k")


@given(
    st.integers(1, 20),
    st.floats(0.1, 100),
    st.lists(st.floats(0, 10), max_size=60),
    st.sampled_from(["free", "costly"]),
)
def test_a_bucket_never_grants_more_than_it_held_and_got(
    limit: int, per: float, gaps: list[float], refusals: str
) -> None:
    """In any stretch of time: `limit`, and `limit` more for each `per` that went by."""
    tally, now, granted = MemoryTally(), 0.0, list[float]()
    for gap in gaps:
        now += gap
        tokens = tally.take_token(limit, per, "k", now=now, refusals_cost=refusals == "costly")
        assert 0 <= tokens.left <= limit
        assert tokens.wait <= per * 1.001
        if tokens.granted:
            granted.append(now)
    for first, start in enumerate(granted):
        for last in range(first, len(granted)):
            assert last - first + 1 <= limit + limit * (granted[last] - start) / per + 1e-3


@given(st.integers(1, 50), st.floats(0.1, 1000), st.integers(0, 30), st.sampled_from(["free", "costly"]))
def test_who_waits_as_long_as_was_said_gets_a_token(limit: int, per: float, early: int, refusals: str) -> None:
    """A refusal is a promise, also when early calls made it longer."""
    tally, now = MemoryTally(), 5.0
    while (tokens := tally.take_token(limit, per, "k", now=now)).granted:
        pass
    for _ in range(early):
        tokens = tally.take_token(limit, per, "k", now=now, refusals_cost=refusals == "costly")

    assert tally.take_token(limit, per, "k", now=now + tokens.wait).granted


def test_a_bucket_says_how_full_it_is() -> None:
    """And fills again with time."""
    tally = MemoryTally()
    first = tally.take_token(2, 10.0, "k", now=0.0)
    assert (first.granted, first.left, first.full_in) == (True, 1, 5.0)
    assert tally.take_token(2, 10.0, "k", now=0.0).left == 0
    refused = tally.take_token(2, 10.0, "k", now=1.0)
    assert (refused.granted, refused.left, refused.wait) == (False, 0, 4.0)
    assert tally.take_token(2, 10.0, "k", now=20.0).left == 1
    assert tally.take_token(2, 10.0, "other", now=20.0).left == 1


def test_who_comes_too_early_waits_longer_when_refusals_cost() -> None:
    """But never longer than the bucket takes to fill."""
    tally = MemoryTally()
    tally.take_token(1, 10.0, "k", now=0.0)
    assert tally.take_token(1, 10.0, "k", now=4.0, refusals_cost=True).wait == 10.0
    assert tally.take_token(1, 10.0, "k", now=9.0, refusals_cost=True).wait == 10.0
    assert not tally.take_token(1, 10.0, "k", now=18.0).granted
    assert tally.take_token(1, 10.0, "k", now=19.0).granted


def test_reset_forgets_all_but_what_is_kept_and_spent() -> None:
    """Money is no count."""
    tally = MemoryTally()
    for _ in range(2):
        tally.next("call", "a")
        tally.next("exchange")
    assert tally.take(1, "rule", "r")
    assert tally.take(1, "spent", "x")
    assert tally.spend(Decimal(5), Decimal(9), "budget")
    tally.begin_attempt("a", now=0.0)
    tally.end_attempt("a", succeeded=False, now=1.0)
    tally.take_token(1, 60.0, "bucket", now=0.0)

    tally.reset("exchange", "spent")

    assert (tally.next("call", "a"), tally.next("exchange")) == (1, 3)
    assert (tally.take(1, "rule", "r"), tally.take(1, "spent", "x")) == (True, False)
    assert not tally.spend(Decimal(5), Decimal(9), "budget")
    assert tally.begin_attempt("a", now=2.0) == 1
    assert tally.take_token(1, 60.0, "bucket", now=0.0).granted
