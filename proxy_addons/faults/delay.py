"""Delays: how long, drawn from a distribution. Not a fault itself; the pace faults use it.

A draw in [0, 1) goes in, seconds come out (inverse transform), so that one draw gives one delay and
the same seed gives the same delays.
"""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import NormalDist
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from proxy_addons.units import Duration, show_duration

_STANDARD = NormalDist()
_Z99 = _STANDARD.inv_cdf(0.99)
_TINY = 2.0**-53
"""The smallest step of a draw: keeps the inverse transforms away from minus infinity."""

_NEEDS: dict[str, tuple[str, ...]] = {
    "fixed": ("delay",),
    "uniform": ("min", "max"),
    "normal": ("mean", "stddev"),
    "lognormal": ("median", "p99"),
    "pareto": ("min", "alpha"),
    "empirical": ("percentiles",),
}
_MAY: dict[str, tuple[str, ...]] = {"pareto": ("cap",)}
_PARETO_CAP = 60.0
_LARGEST_EXPONENT = 700.0
"""Of e, in a float."""


class Delay(BaseModel):
    """How long. Each distribution has settings of its own, and those of another are an error.

    `fixed` delay · `uniform` min, max · `normal` mean, stddev (below zero is zero) · `lognormal` median,
    p99, the usual shape of real latency by the two figures that a dashboard shows · `pareto` min, alpha,
    cap (60s), a heavy tail · `empirical` percentiles `{0: 20ms, 50: 80ms, 99: 2s, 100: 5s}`, straight
    lines between them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    distribution: Literal["fixed", "uniform", "normal", "lognormal", "pareto", "empirical"] = "fixed"
    delay: Duration | None = None
    min: Duration | None = None
    max: Duration | None = None
    mean: Duration | None = None
    stddev: Duration | None = None
    median: Duration | None = None
    p99: Duration | None = None
    alpha: float | None = Field(default=None, gt=0, le=100)
    cap: Duration | None = None
    percentiles: dict[float, Duration] | None = Field(default=None, min_length=2)

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        needs, may = _NEEDS[self.distribution], _MAY.get(self.distribution, ())
        kind = f"{'an' if self.distribution == 'empirical' else 'a'} {self.distribution} delay"
        names = dict.fromkeys(name for group in (*_NEEDS.values(), *_MAY.values()) for name in group)
        given = {name for name in names if getattr(self, name) is not None}
        if missing := [name for name in needs if name not in given]:
            raise ValueError(f"{kind} needs {' and '.join(missing)}")
        if foreign := [name for name in names if name in given and name not in needs + may]:
            raise ValueError(f"{kind} does not know {', '.join(foreign)}; it takes {', '.join(needs + may)}")
        self._check_order()
        return self

    def _check_order(self) -> None:
        if self.distribution == "uniform" and self._of("min") > self._of("max"):
            raise ValueError("min is above max")
        if self.distribution == "pareto" and not 0 < self._of("min") <= self._longest:
            raise ValueError(f"min must be above zero and at most cap, which is {show_duration(self._longest)}")
        if self.distribution == "lognormal" and not 0 < self._of("median") <= self._of("p99"):
            raise ValueError("median must be above zero and at most p99")
        if self.percentiles is not None:
            ranks = sorted(self.percentiles)
            if ranks[0] < 0 or ranks[-1] > 100:
                raise ValueError("percentiles lie between 0 and 100")
            values = [self.percentiles[rank] for rank in ranks]
            if values != sorted(values):
                raise ValueError("a higher percentile cannot have a shorter delay")

    @property
    def _longest(self) -> float:
        return _PARETO_CAP if self.cap is None else self.cap

    def _of(self, name: str) -> float:
        return float(getattr(self, name))

    def seconds(self, u: float) -> float:
        """The delay at the share `u` of the distribution, 0 <= u < 1."""
        match self.distribution:
            case "fixed":
                return self._of("delay")
            case "uniform":
                return self._of("min") + u * (self._of("max") - self._of("min"))
            case "normal":
                return max(0.0, self._of("mean") + self._of("stddev") * _STANDARD.inv_cdf(max(u, _TINY)))
            case "lognormal":
                sigma = math.log(self._of("p99") / self._of("median")) / _Z99
                return self._of("median") * math.exp(sigma * _STANDARD.inv_cdf(max(u, _TINY)))
            case "pareto":
                exponent = -math.log1p(-u) / self._of("alpha")  # a small alpha would overflow a power
                return min(self._longest, self._of("min") * math.exp(min(exponent, _LARGEST_EXPONENT)))
            case "empirical":
                return _interpolate(self.percentiles or {}, u * 100)

    def describe_delay(self) -> str:
        """In words: 'by 250ms'."""
        match self.distribution:
            case "fixed":
                return f"by {show_duration(self._of('delay'))}"
            case "uniform":
                return f"by {show_duration(self._of('min'))} to {show_duration(self._of('max'))}"
            case "normal":
                return f"by about {show_duration(self._of('mean'))} (± {show_duration(self._of('stddev'))})"
            case "lognormal":
                return (
                    f"by {show_duration(self._of('median'))} in the median and {show_duration(self._of('p99'))} at p99"
                )
            case "pareto":
                return f"by {show_duration(self._of('min'))} or, in a heavy tail, much more"
            case "empirical":
                points = sorted((self.percentiles or {}).items())
                return "as measured (" + ", ".join(f"p{rank:g} {show_duration(value)}" for rank, value in points) + ")"


def _interpolate(percentiles: dict[float, float], rank: float) -> float:
    points = sorted(percentiles.items())
    if rank <= points[0][0]:
        return points[0][1]
    for (low, at_low), (high, at_high) in pairwise(points):
        if rank <= high:
            return at_low + (rank - low) / (high - low) * (at_high - at_low)
    return points[-1][1]
