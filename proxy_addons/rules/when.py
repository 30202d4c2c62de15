"""When a rule that matches fires: by chance, by ordinal, by attempt, by time, and how often at most."""

from __future__ import annotations

from typing import Annotated, Self, override

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt, Strict, WithJsonSchema, model_validator

from proxy_addons.rules.problem import listed, shown
from proxy_addons.rules.span import Attempts, Calls, any_of
from proxy_addons.units import Duration, show_duration

_CONFIG = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True, use_attribute_docstrings=True)


def _probability(value: object) -> float:
    allowed = "a probability lies between 0 and 1 (0.5 is half of the calls)"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{shown(value)} is no number; {allowed}")
    if not 0 <= value <= 1:
        raise ValueError(f"{value} is {'above 1' if value > 1 else 'below 0'}; {allowed}")
    return float(value)


Probability = Annotated[
    float, BeforeValidator(_probability), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})
]
"""A share between 0 and 1."""

_Count = Annotated[PositiveInt, Strict()]


class Window(BaseModel):
    """A stretch of the run's time, once or again and again. Ordinals are steadier: prefer `calls` where they do."""

    model_config = _CONFIG

    after: Duration = 0.0
    """Since the start of the run."""
    for_: Duration | None = Field(default=None, alias="for")
    """How long; to the end of the run when left out."""
    every: Duration | None = None
    """Opens again at this interval."""

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.for_ == 0:
            raise ValueError("`for: 0` never opens; write how long it stays open, like 30s")
        if self.every is not None and (self.for_ is None or self.every <= self.for_):
            raise ValueError("`every` needs a `for` that is shorter than it, like {for: 10s, every: 1m}")
        return self

    def opens(self, elapsed: float) -> bool:
        """Whether it is open `elapsed` seconds into the run."""
        since = elapsed - self.after
        if since < 0:
            return False
        if self.every is not None:
            since %= self.every
        return self.for_ is None or since < self.for_

    @override
    def __str__(self) -> str:
        after, length = show_duration(self.after), show_duration(self.for_ or 0)
        if self.every is not None:
            start = f", starting {after} into the run" if self.after else ""
            return f"during the first {length} of every {show_duration(self.every)}{start}"
        if self.for_ is not None:
            return f"from {after} to {show_duration(self.after + self.for_)} of the run"
        return f"from {after} into the run"


class Burst(BaseModel):
    """Calls in a row: the first `length` of every `every` calls of the operation."""

    model_config = _CONFIG

    length: _Count
    """How many calls in a row."""
    every: _Count
    """Out of how many."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.length > self.every:
            raise ValueError(
                f"a burst of {self.length} does not fit into {self.every} calls; `every` is at least `length`"
            )
        return self

    def __contains__(self, nth: int) -> bool:
        return (nth - 1) % self.every < self.length

    @override
    def __str__(self) -> str:
        return f"{self.length} calls in a row out of every {self.every}"


class When(BaseModel):
    """All that is given must hold; the draw comes last."""

    model_config = _CONFIG

    probability: Probability = 1.0
    """How likely it fires, between 0 and 1."""
    calls: Calls = ()
    """Which calls of the operation by this agent, counted from 1."""
    attempts: Attempts = ()
    """Which tries of one call; 1 is the first."""
    max: _Count | None = None
    """At most so often for one and the same call."""
    window: Window | None = None
    """In which stretch of the run."""
    burst: Burst | None = None
    """Calls in a row."""

    def excludes(self, nth: int, attempt: int, elapsed: float) -> str:
        """Why a call cannot be hit, whatever the draw; empty when it can."""
        if self.attempts and not any_of(self.attempts, attempt):
            return f"attempt {attempt} is not in {listed(map(str, self.attempts), 'or')}"
        if self.calls and not any_of(self.calls, nth):
            return f"call {nth} is not in {listed(map(str, self.calls), 'or')}"
        if self.burst is not None and nth not in self.burst:
            return f"call {nth} is outside its burst"
        if self.window is not None and not self.window.opens(elapsed):
            return "outside its window"
        return ""
