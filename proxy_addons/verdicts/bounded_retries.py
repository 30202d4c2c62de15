"""bounded_retries: an agent gives a failing call up.

Counted are the attempts of each chain of retries (`chains.py`) under a failure that lasts.

Defaults: warn above 4 attempts (the official GreenHelix client makes 4, Google's SRE book advises 3, the
OpenAI client makes 3: one call, 2 retries); fail above 10, or when the agent still goes on 60 s after
it began (WASABI counts a missing cap as a bug). The 60 s leave out what was spent waiting for answers
and what the provider asked to wait (Retry-After), and count from the 4th attempt on.

False positives that are avoided:
- Polling: a read that succeeds is no retry, nor is one that asks again for what is not there yet (404,
  425, unless a fault said so).
- A black hole with a client's time-out of 30 s takes minutes without a single needless retry.
- A slow agent within SRE's 3 attempts is bounded, however slow.
- A failure that is over by the first retry shows no bound: when no chain was given up, and none was
  long, the check was not exercised.
"""

from __future__ import annotations

from itertools import pairwise

from proxy_addons.verdicts.attempt import Attempt
from proxy_addons.verdicts.case import Case
from proxy_addons.verdicts.chains import Chain
from proxy_addons.verdicts.evidence import describe
from proxy_addons.verdicts.verdict import Evidence, Finding, Result
from proxy_addons.verdicts.wording import plural, was

CHECK = "bounded_retries"

WARN_ABOVE = 4
FAIL_ABOVE = 10
GIVE_UP_AFTER = 60.0
"""Seconds of the agent's own time."""

_FREE_ATTEMPTS = 3
_NOT_THERE_YET = frozenset({404, 425})


def bounded_retries(case: Case) -> Finding:
    """Judge a run."""
    failing = [retries for chain in case.chains if (retries := _retries(chain))]
    if not failing:
        return Finding(CHECK, Result.NOT_EXERCISED, "No call failed, so nothing had to be given up.")
    if endless := [attempts for attempts in failing if _is_endless(attempts)]:
        return _too_many(Result.FAIL, endless)
    if many := [attempts for attempts in failing if len(attempts) > WARN_ABOVE]:
        return _too_many(Result.PASS, many)
    given_up = [attempts for attempts in failing if not attempts[-1].succeeded]
    if not given_up:
        return Finding(
            CHECK, Result.NOT_EXERCISED, "Every failed call succeeded when it was tried again: no failure lasted."
        )
    worst = max(given_up, key=len)
    calls = f"{plural(len(given_up), 'failing call')} {was(len(given_up))}"
    how = f"given up after {len(worst)} attempts at most" if len(worst) > 1 else "not tried again"
    return Finding(
        CHECK,
        Result.PASS,
        f"{calls} {how}.",
        _evidence(worst),
        "That it gave up only because the run ended." if worst[-1] is case.attempts[-1] else "",
        {"attempts": str(len(worst))},
    )


def _retries(chain: Chain) -> list[Attempt]:
    """The attempts of a chain in which something failed, without polls; none when nothing did."""
    attempts = [a for a in chain.attempts if not _is_poll(a)]
    return attempts if any(not attempt.succeeded for attempt in attempts) else []


def _is_poll(attempt: Attempt) -> bool:
    return attempt.call.safe and not attempt.faults and attempt.exchange.status in _NOT_THERE_YET


def _is_endless(attempts: list[Attempt]) -> bool:
    return len(attempts) > FAIL_ABOVE or (len(attempts) > _FREE_ATTEMPTS and _own_time(attempts) > GIVE_UP_AFTER)


def _own_time(attempts: list[Attempt]) -> float:
    """Seconds between the attempts that neither an answer nor a Retry-After accounts for."""
    return sum(
        max(0.0, after.started_at - before.ended_at - (before.exchange.retry_after or 0.0))
        for before, after in pairwise(attempts)
    )


def _too_many(result: Result, chains: list[list[Attempt]]) -> Finding:
    worst = max(chains, key=len)
    span = worst[-1].started_at - worst[0].started_at
    tried = f"{worst[0].call.operation} was tried {len(worst)} times in {span:.1f} s while it kept failing"
    limit = f"the limit is {FAIL_ABOVE}" if len(worst) > FAIL_ABOVE else f"the limit is {GIVE_UP_AFTER:g} s"
    if result is Result.PASS:
        limit = f"more than {WARN_ABOVE} are seldom of use"
    others = f" {plural(len(chains) - 1, 'other call')} went on like that too." if len(chains) > 1 else ""
    return Finding(
        CHECK,
        result,
        f"{tried}; {limit}.{others}",
        _evidence(worst),
        "That a library beneath the agent retried by itself, and the agent asked less often.",
        {"attempts": str(len(worst)), "seconds": f"{span:.1f}"},
        warning=result is Result.PASS,
    )


def _evidence(attempts: list[Attempt]) -> tuple[Evidence, ...]:
    """A line for each attempt, with the time since the first."""
    began = attempts[0].started_at
    return tuple(Evidence(a.number, f"+{a.started_at - began:.1f} s {describe(a)}") for a in attempts)
