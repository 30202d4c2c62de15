import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.rules.draw import Draw, seed_key

PARTS = st.text(max_size=20)


def draw(seed: int = 42, **changed: str | int) -> Draw:
    """A draw with one part changed."""
    parts: dict[str, str | int] = {
        "rule": "r",
        "agent": "a",
        "operation": "o",
        "fingerprint": "f",
        "ordinal": 1,
    }
    return Draw(seed_key(seed), **(parts | changed))  # type: ignore[arg-type]  # a test's shorthand


@given(PARTS, PARTS, PARTS, PARTS, st.integers(), PARTS)
def test_a_draw_is_in_range_and_repeatable(
    rule: str, agent: str, operation: str, fingerprint: str, ordinal: int, purpose: str
) -> None:
    """The same inputs give the same number in [0, 1)."""
    first = Draw(seed_key(7), rule, agent, operation, fingerprint, ordinal).uniform(purpose)
    again = Draw(seed_key(7), rule, agent, operation, fingerprint, ordinal).uniform(purpose)

    assert first == again
    assert 0 <= first < 1


def test_draws_stay_what_they_are() -> None:
    """A profile and its seed mean the same faults in every release: a new recipe needs a new DRAW_VERSION."""
    assert draw().uniform("fire") == 0.4967284468553139


@pytest.mark.parametrize(
    "changed",
    [{"rule": "R"}, {"agent": "A"}, {"operation": "O"}, {"fingerprint": "F"}, {"ordinal": 2}, {"seed": 43}],
    ids=lambda changed: next(iter(changed)),
)
def test_every_part_changes_the_draw(changed: dict[str, str | int]) -> None:
    """Two rules, agents, calls or seeds share no luck."""
    assert draw(**changed).uniform("fire") != draw().uniform("fire")  # type: ignore[arg-type]  # a test's shorthand


def test_purposes_have_draws_of_their_own() -> None:
    """Whether it fires says nothing about how long it lasts."""
    assert draw().uniform("fire") != draw().uniform("latency")


@given(st.tuples(PARTS, PARTS, PARTS, PARTS), st.tuples(PARTS, PARTS, PARTS, PARTS))
def test_parts_never_run_into_each_other(one: tuple[str, str, str, str], other: tuple[str, str, str, str]) -> None:
    """("ab", "c") and ("a", "bc") are different calls."""
    same = Draw(seed_key(1), *one, 1).uniform("fire") == Draw(seed_key(1), *other, 1).uniform("fire")

    assert same == (one == other)


def test_adjacent_parts_are_told_apart() -> None:
    """Joining rule and agent, or fingerprint and ordinal, would mix them up."""
    assert draw(rule="ab", agent="c").uniform("fire") != draw(rule="a", agent="bc").uniform("fire")
    assert draw(fingerprint="f1", ordinal=1).uniform("x") != draw(fingerprint="f", ordinal=11).uniform("x")


def test_draws_are_evenly_spread() -> None:
    """Mean and deciles of 10,000 draws are those of a uniform distribution."""
    drawn = [draw(ordinal=n).uniform("fire") for n in range(10_000)]
    tenths = [sum(tenth / 10 <= u < (tenth + 1) / 10 for u in drawn) for tenth in range(10)]

    assert statistics.mean(drawn) == pytest.approx(0.5, abs=0.0095)  # 3.29 standard errors
    assert all(900 < count < 1100 for count in tenths)


def test_seeds_may_be_any_whole_number() -> None:
    """Negative and huge ones too, each with a key of its own."""
    assert len({seed_key(seed) for seed in (0, -1, 1, 2**63 - 1, 10**100)}) == 5


def test_a_choice_takes_every_option() -> None:
    """No option is out of reach."""
    assert {draw(ordinal=n).choice("variant", "abc") for n in range(100)} == set("abc")


def test_lone_surrogates_do_not_break_a_draw() -> None:
    """An agent may call itself anything."""
    assert 0 <= draw(agent="\ud800").uniform("fire") < 1
