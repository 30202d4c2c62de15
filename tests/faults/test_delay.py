"""Delays follow their distributions, and settings that do not fit are said so."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from proxy_addons.faults.delay import Delay
from proxy_addons.rules.draw import Draw, seed_key

SAMPLES = 2000
CRITICAL = 1.628 / math.sqrt(SAMPLES)
"""The Kolmogorov-Smirnov statistic that only one sample in a hundred passes (Smirnov 1948)."""
Z99 = 2.3263478740408408
JUST_BELOW_ONE = 1 - 2**-53
PERCENTILES = {0: "20ms", 50: "80ms", 99: "2s", 100: "5s"}

type Cdf = Callable[[float], float]


def phi(z: float) -> float:
    """The standard normal distribution."""
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def empirical(x: float) -> float:
    """Straight lines through the points of `PERCENTILES`."""
    points = [(0.02, 0.0), (0.08, 0.5), (2.0, 0.99), (5.0, 1.0)]
    for (low, share), (high, next_share) in pairwise(points):
        if x <= high:
            return share + (x - low) / (high - low) * (next_share - share)
    return 1.0


THEORY: dict[str, tuple[Delay, Cdf]] = {
    "uniform": (Delay(distribution="uniform", min="100ms", max="300ms"), lambda x: (x - 0.1) / 0.2),
    "normal": (Delay(distribution="normal", mean="1s", stddev="100ms"), lambda x: phi((x - 1) / 0.1)),
    "lognormal": (
        Delay(distribution="lognormal", median="800ms", p99="5s"),
        lambda x: phi(math.log(x / 0.8) / (math.log(5 / 0.8) / Z99)),
    ),
    "pareto": (
        Delay(distribution="pareto", min="50ms", alpha=1.5, cap="1000h"),
        lambda x: 1 - (0.05 / x) ** 1.5,
    ),
    "empirical": (Delay(distribution="empirical", percentiles=PERCENTILES), empirical),
}


def draws(count: int) -> list[float]:
    """The draws of that many calls: the same on every run."""
    key = seed_key(42)
    return [Draw(key, "rule", "buyer", "deposit", "f", n).uniform("latency") for n in range(1, count + 1)]


def distance(samples: list[float], cdf: Cdf) -> float:
    """The Kolmogorov-Smirnov statistic: the widest gap between the samples' steps and the theory."""
    ordered, n = sorted(samples), len(samples)
    return max(max((i + 1) / n - cdf(x), cdf(x) - i / n) for i, x in enumerate(ordered))


@pytest.mark.parametrize("name", THEORY)
def test_the_delays_of_many_calls_follow_the_distribution(name: str) -> None:
    """By the Kolmogorov-Smirnov test against the theory, written out by hand."""
    delay, cdf = THEORY[name]
    assert distance([delay.seconds(u) for u in draws(SAMPLES)], cdf) < CRITICAL


def test_the_test_tells_one_distribution_from_another() -> None:
    """A normal delay of the same mean and spread is no uniform one."""
    _, uniform = THEORY["uniform"]
    normal = Delay(distribution="normal", mean="200ms", stddev="57.735ms")
    assert distance([normal.seconds(u) for u in draws(SAMPLES)], lambda x: min(1.0, max(0.0, uniform(x)))) > CRITICAL


def test_a_fixed_delay_is_the_same_for_every_draw() -> None:
    """And `fixed` is what a bare `delay` means."""
    assert [Delay(delay="250ms").seconds(u) for u in (0.0, 0.5, JUST_BELOW_ONE)] == [0.25] * 3


@pytest.mark.parametrize(
    ("delay", "share", "seconds"),
    [
        (THEORY["lognormal"][0], 0.5, 0.8),
        (THEORY["lognormal"][0], 0.99, 5.0),
        (THEORY["uniform"][0], 0.25, 0.15),
        (THEORY["normal"][0], 0.5, 1.0),
        (THEORY["pareto"][0], 0.0, 0.05),
        (THEORY["empirical"][0], 0.5, 0.08),
        (THEORY["empirical"][0], 0.745, 1.04),
        (Delay(distribution="empirical", percentiles={10: "1s", 90: "2s"}), 0.05, 1.0),
        (Delay(distribution="empirical", percentiles={10: "1s", 90: "2s"}), 0.95, 2.0),
        (Delay(distribution="normal", mean="1s", stddev="0s"), 0.9, 1.0),
    ],
)
def test_the_figures_that_a_person_writes_are_met(delay: Delay, share: float, seconds: float) -> None:
    """Median, p99 and percentiles are exactly where they were asked for."""
    assert delay.seconds(share) == pytest.approx(seconds)


def test_a_normal_delay_below_zero_is_zero() -> None:
    """Nobody answers before the question."""
    assert Delay(distribution="normal", mean="10ms", stddev="1s").seconds(0.1) == 0.0


@pytest.mark.parametrize(("cap", "seconds"), [(None, 60.0), ("2s", 2.0)])
def test_the_heavy_tail_ends_at_the_cap(cap: str | None, seconds: float) -> None:
    """A minute, unless another cap is given, however small alpha is."""
    for alpha in (1e-300, 0.001, 0.5):
        assert Delay(distribution="pareto", min="50ms", alpha=alpha, cap=cap).seconds(JUST_BELOW_ONE) == seconds


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "a fixed delay needs delay"),
        ({"distribution": "uniform"}, "a uniform delay needs min and max"),
        ({"distribution": "uniform", "min": "1s"}, "a uniform delay needs max"),
        ({"distribution": "normal", "mean": "1s"}, "a normal delay needs stddev"),
        ({"distribution": "lognormal", "median": "1s"}, "a lognormal delay needs p99"),
        ({"distribution": "pareto", "min": "1s"}, "a pareto delay needs alpha"),
        ({"distribution": "empirical"}, "an empirical delay needs percentiles"),
        ({"delay": "1s", "max": "2s"}, "a fixed delay does not know max; it takes delay"),
        (
            {"distribution": "pareto", "min": "1s", "alpha": 1, "delay": "1s", "p99": "9s"},
            "a pareto delay does not know delay, p99; it takes min, alpha, cap",
        ),
        ({"delay": "1s", "cap": "2s"}, "a fixed delay does not know cap"),
        ({"distribution": "uniform", "min": "2s", "max": "1s"}, "min is above max"),
        ({"distribution": "lognormal", "median": "0s", "p99": "1s"}, "median must be above zero and at most p99"),
        ({"distribution": "lognormal", "median": "2s", "p99": "1s"}, "median must be above zero and at most p99"),
        ({"distribution": "pareto", "min": "0s", "alpha": 1}, "min must be above zero and at most cap, which is 1m"),
        ({"distribution": "pareto", "min": "2m", "alpha": 1}, "min must be above zero and at most cap, which is 1m"),
        ({"distribution": "empirical", "percentiles": {50: "1s"}}, "at least 2 items"),
        ({"distribution": "empirical", "percentiles": {-1: "1s", 50: "2s"}}, "percentiles lie between 0 and 100"),
        ({"distribution": "empirical", "percentiles": {50: "1s", 101: "2s"}}, "percentiles lie between 0 and 100"),
        (
            {"distribution": "empirical", "percentiles": {50: "2s", 99: "1s"}},
            "a higher percentile cannot have a shorter delay",
        ),
        ({"distribution": "gamma"}, "'fixed', 'uniform', 'normal', 'lognormal', 'pareto' or 'empirical'"),
        ({"distribution": "pareto", "min": "1s", "alpha": 0}, "greater than 0"),
        ({"delay": 250}, "not a quantity; write a number and one of us, ms, s, m, h"),
        ({"delay": "-1s"}, "not a quantity"),
        ({"delay": "1s", "jitter": "1s"}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_do_not_fit_are_errors_in_words(settings: dict[str, object], message: str) -> None:
    """What is missing, what is foreign, what contradicts itself."""
    with pytest.raises(ValidationError) as caught:
        Delay.model_validate(settings)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("delay", "words"),
    [
        (Delay(delay="250ms"), "by 250ms"),
        (THEORY["uniform"][0], "by 100ms to 300ms"),
        (THEORY["normal"][0], "by about 1s (± 100ms)"),
        (THEORY["lognormal"][0], "by 800ms in the median and 5s at p99"),
        (THEORY["pareto"][0], "by 50ms or, in a heavy tail, much more"),
        (THEORY["empirical"][0], "as measured (p0 20ms, p50 80ms, p99 2s, p100 5s)"),
    ],
)
def test_a_delay_is_said_in_words(delay: Delay, words: str) -> None:
    """As the end of a sentence."""
    assert delay.describe_delay() == words


SECONDS = st.integers(1, 10**7).map(lambda us: f"{us}us")
SHARES = st.floats(0, JUST_BELOW_ONE)


def ordered(count: int) -> st.SearchStrategy[list[str]]:
    """Durations, the shortest first."""
    return st.lists(SECONDS, min_size=count, max_size=count).map(lambda found: sorted(found, key=lambda s: int(s[:-2])))


DELAYS = st.one_of(
    st.builds(lambda d: Delay(delay=d), SECONDS),
    ordered(2).map(lambda d: Delay(distribution="uniform", min=d[0], max=d[1])),
    st.builds(lambda m, s: Delay(distribution="normal", mean=m, stddev=s), SECONDS, SECONDS),
    ordered(2).map(lambda d: Delay(distribution="lognormal", median=d[0], p99=d[1])),
    st.builds(
        lambda low, alpha: Delay(distribution="pareto", min=low, alpha=alpha),
        SECONDS,
        st.floats(0, 100, exclude_min=True),
    ),
    st.builds(
        lambda ranks, delays: Delay(
            distribution="empirical", percentiles=dict(zip(sorted(ranks), delays, strict=True))
        ),
        st.lists(st.floats(0, 100), min_size=3, max_size=3, unique=True),
        ordered(3),
    ),
)


@given(DELAYS, SHARES, SHARES)
def test_a_larger_draw_never_gives_a_shorter_delay(delay: Delay, one: float, other: float) -> None:
    """Quantiles are monotone, finite, and never below zero, whatever the settings."""
    low, high = delay.seconds(min(one, other)), delay.seconds(max(one, other))
    assert 0 <= low <= high * (1 + 1e-12)
    assert math.isfinite(high)
