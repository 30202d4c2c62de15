import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from proxy_addons.rules.when import Burst, When, Window


@pytest.mark.parametrize(
    ("written", "nth", "attempt", "elapsed", "reason"),
    [
        ({}, 1, 1, 0.0, ""),
        ({"attempts": [1]}, 9, 1, 0.0, ""),
        ({"attempts": [1]}, 9, 2, 0.0, "attempt 2 is not in 1"),
        ({"attempts": "2..3"}, 9, 4, 0.0, "attempt 4 is not in 2..3"),
        ({"calls": [1, {"every": 3}]}, 6, 1, 0.0, ""),
        ({"calls": [1, {"every": 3}]}, 5, 1, 0.0, "call 5 is not in 1 or every 3rd"),
        ({"burst": {"length": 2, "every": 5}}, 7, 1, 0.0, ""),
        ({"burst": {"length": 2, "every": 5}}, 8, 1, 0.0, "call 8 is outside its burst"),
        ({"window": {"after": "10s"}}, 1, 1, 9.9, "outside its window"),
        ({"window": {"after": "10s"}}, 1, 1, 10.0, ""),
        ({"attempts": 1, "calls": 2, "window": {"for": "1s"}}, 2, 1, 0.5, ""),
    ],
    ids=range(11),
)
def test_structure_is_checked_before_chance(
    written: dict[str, object], nth: int, attempt: int, elapsed: float, reason: str
) -> None:
    """All that is given must hold, and the first that does not is the reason."""
    assert When.model_validate(written).excludes(nth, attempt, elapsed) == reason


@pytest.mark.parametrize(
    ("window", "open_at", "closed_at"),
    [
        ({"for": "5s"}, [0.0, 4.99], [5.0, 100.0]),
        ({"after": "2s", "for": "5s"}, [2.0, 6.9], [0.0, 1.99, 7.0]),
        ({"after": "2s", "for": "5s", "every": "10s"}, [2.0, 12.0, 16.9, 1002.0], [0.0, 7.0, 11.9, 1007.0]),
    ],
    ids=["once", "later", "again"],
)
def test_a_window_opens_and_closes(window: dict[str, str], open_at: list[float], closed_at: list[float]) -> None:
    """Its start belongs to it, its end does not."""
    parsed = Window.model_validate(window)

    assert [parsed.opens(elapsed) for elapsed in open_at] == [True] * len(open_at)
    assert [parsed.opens(elapsed) for elapsed in closed_at] == [False] * len(closed_at)


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 10))
def test_a_burst_hits_so_many_of_so_many(length: int, every: int, rounds: int) -> None:
    """In a row, from the first call on."""
    if length > every:
        length, every = every, length
    burst = Burst(length=length, every=every)
    hits = [nth for nth in range(1, every * rounds + 1) if nth in burst]

    assert len(hits) == length * rounds
    assert hits[:length] == list(range(1, length + 1))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"probability": 1.5}, r"1\.5 is above 1; a probability lies between 0 and 1 \(0\.5 is half of the calls\)"),
        ({"probability": -0.1}, r"-0\.1 is below 0; a probability"),
        ({"probability": True}, "true is no number; a probability"),
        ({"probability": "0.5"}, '"0.5" is no number; a probability'),
        ({"max": 0}, "greater than 0"),
        ({"max": True}, "valid integer"),
        ({"max": 1.0}, "valid integer"),
        ({"burst": {"length": 3, "every": 2}}, "does not fit"),
        ({"window": {"every": "5s"}}, "needs a `for`"),
        ({"window": {"for": "5s", "every": "5s"}}, "shorter than it"),
        ({"window": {"for": 0}}, "never opens"),
        ({"window": {"after": 5}}, "like 250ms or 5s"),
        ({"chance": 0.5}, "Extra inputs"),
    ],
    ids=range(13),
)
def test_what_makes_no_sense_is_refused(written: dict[str, object], message: str) -> None:
    """With words that name the remedy."""
    with pytest.raises(ValidationError, match=message):
        When.model_validate(written)


@pytest.mark.parametrize("probability", [0, 1, 0.0, 1.0, 0.5])
def test_both_ends_are_probabilities(probability: float) -> None:
    """0 and 1 as whole numbers too."""
    assert When.model_validate({"probability": probability}).probability == probability


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"after": "3s"}, "from 3s into the run"),
        ({"after": "3s", "for": "2s"}, "from 3s to 5s of the run"),
        ({"for": "5s", "every": "1m"}, "during the first 5s of every 1m"),
        ({"after": "10s", "for": "5s", "every": "1m"}, "during the first 5s of every 1m, starting 10s into the run"),
    ],
    ids=range(4),
)
def test_windows_in_words(window: dict[str, str], expected: str) -> None:
    """A part of a sentence."""
    assert str(Window.model_validate(window)) == expected


def test_bursts_in_words() -> None:
    """A part of a sentence."""
    assert str(Burst(length=3, every=10)) == "3 calls in a row out of every 10"
