"""Everything that counts across exchanges: ordinals, caps, attempts, money spent, tokens.

One small interface, so that no addon keeps counters of its own and a shared backend can take its
place. The in-memory one is not thread-safe: every call comes from the proxy's event loop.

Rules it keeps:
- `next` counts from 1 and never skips.
- `take` never grants more than `limit` under one key.
- An attempt follows the one before when that one did not succeed and ended, or has not ended and is
  doomed, at most `CHAIN_GAP` seconds ago; otherwise it is the first of a new chain.
- `spend` never lets the sum under one key pass the cap; what was refunded can be spent again.
- `take_token` grants at most `limit` at once under one key, and at most `limit` more over each `per` seconds; who
  waits as long as a refusal says is granted the next one, and no refusal says more than `per`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

CHAIN_GAP = 120.0
"""Seconds after which a repeated call is a new intent and no retry (docs: verdicts, "chain")."""

_ROUNDING = 1e-9
"""A token that is there but for so small a part of the bucket is there."""

type Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Whether there was one; how many are `left`; seconds to `wait` for the next, and until the bucket is full."""

    granted: bool
    left: int
    wait: float
    full_in: float


class Tally(Protocol):
    """What the chain may count."""

    def next(self, *key: str) -> int:
        """Count one more under `key` and return how many that makes."""

    def take(self, limit: int, *key: str) -> bool:
        """Take one of `limit` permits under `key`; false when none is left."""

    def forget(self, *key: str) -> None:
        """Give back every permit that was taken under `key`."""

    def begin_attempt(self, *key: str, now: float) -> int:
        """Number a try of one call: 1, or one more than the failed try that it follows."""

    def doom_attempt(self, *key: str, now: float) -> None:
        """Note that the latest try cannot succeed: a fault will end it."""

    def end_attempt(self, *key: str, succeeded: bool, now: float) -> None:
        """Note how the latest try ended."""

    def spend(self, amount: Decimal, cap: Decimal, *key: str) -> bool:
        """Add `amount` to what was spent under `key`, unless that would pass `cap`."""

    def refund(self, amount: Decimal, *key: str) -> None:
        """Take back what `spend` added, for a call that committed nothing."""

    def reset(self, *kept: str) -> None:
        """Forget all that was counted, except under keys that begin with one of `kept`; money stays spent."""

    def take_token(self, limit: int, per: float, *key: str, now: float, refusals_cost: bool = False) -> Tokens:
        """Take a token from the bucket under `key`, which holds `limit` and fills within `per` seconds.

        With `refusals_cost` a call that finds none costs one as well, so that whoever hurries waits longer.
        """


@dataclass(slots=True)
class _Chain:
    attempt: int
    failed: bool
    at: float


class MemoryTally:
    """The tally of one process."""

    def __init__(self) -> None:
        self._counts: dict[Key, int] = {}
        self._taken: dict[Key, int] = {}
        self._chains: dict[Key, _Chain] = {}
        self._spent: dict[Key, Decimal] = {}
        self._full_at: dict[Key, float] = {}

    def next(self, *key: str) -> int:
        """See `Tally.next`."""
        count = self._counts.get(key, 0) + 1
        self._counts[key] = count
        return count

    def take(self, limit: int, *key: str) -> bool:
        """See `Tally.take`."""
        taken = self._taken.get(key, 0)
        if taken >= limit:
            return False
        self._taken[key] = taken + 1
        return True

    def forget(self, *key: str) -> None:
        """See `Tally.forget`."""
        self._taken.pop(key, None)

    def begin_attempt(self, *key: str, now: float) -> int:
        """See `Tally.begin_attempt`."""
        before = self._chains.get(key)
        follows = before is not None and before.failed and now - before.at <= CHAIN_GAP
        attempt = before.attempt + 1 if before is not None and follows else 1
        self._chains[key] = _Chain(attempt, failed=False, at=now)
        return attempt

    def doom_attempt(self, *key: str, now: float) -> None:
        """See `Tally.doom_attempt`."""
        self.end_attempt(*key, succeeded=False, now=now)

    def end_attempt(self, *key: str, succeeded: bool, now: float) -> None:
        """See `Tally.end_attempt`."""
        chain = self._chains.get(key)
        if chain is None:
            return
        if succeeded:
            del self._chains[key]
        else:
            chain.failed, chain.at = True, now

    def spend(self, amount: Decimal, cap: Decimal, *key: str) -> bool:
        """See `Tally.spend`."""
        total = self._spent.get(key, Decimal(0)) + amount
        if total > cap:
            return False
        self._spent[key] = total
        return True

    def refund(self, amount: Decimal, *key: str) -> None:
        """See `Tally.refund`."""
        self._spent[key] = self._spent.get(key, Decimal(0)) - amount

    def reset(self, *kept: str) -> None:
        """See `Tally.reset`."""
        for counted in (self._counts, self._taken):
            for key in [key for key in counted if key[0] not in kept]:
                del counted[key]
        self._chains.clear()
        self._full_at.clear()

    def take_token(self, limit: int, per: float, *key: str, now: float, refusals_cost: bool = False) -> Tokens:
        """See `Tally.take_token`."""
        one = per / limit  # seconds that a token takes to come back
        full_at = max(self._full_at.get(key, now), now)
        wait = full_at + one - (now + per)
        granted = wait <= _ROUNDING * per
        if granted:
            full_at += one
        elif refusals_cost:
            full_at = min(full_at + one, now + 2 * per - one)
        self._full_at[key] = full_at
        left = int(max(0.0, now + per - full_at) / one + _ROUNDING * limit)
        return Tokens(granted, left, max(0.0, full_at + one - (now + per)), full_at - now)
