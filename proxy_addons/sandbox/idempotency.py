"""Idempotency keys: a key, per agent and operation, makes one thing once.

Rules it keeps:
- A key is bound when its call has succeeded; a refused call leaves it free.
- The same key answers with what it made, and nothing is made again.
- The same key with another body is 409 `idempotency_key_reused`, as on payment intents (observed on
  gateway 1.4.8). Creating an escrow does not compare bodies: there the key alone names the escrow.
"""

from __future__ import annotations

from typing import NamedTuple

from proxy_addons.sandbox.errors import SandboxError


class Made[T](NamedTuple):
    """What a call made, or what an earlier call with its key had made."""

    value: T
    replayed: bool


class IdempotencyKeys[T]:
    """The keys of one operation."""

    def __init__(self, *, compare_bodies: bool = True) -> None:
        self._compare_bodies = compare_bodies
        self._bound: dict[tuple[str, str], tuple[object, T]] = {}

    def recall(self, agent: str, key: str | None, body: object) -> T | None:
        """What this agent's key has made before; None without a key or for a new one.

        Raises:
            SandboxError: 409, the key came with another body.
        """
        if key is None or (bound := self._bound.get((agent, key))) is None:
            return None
        known_body, made = bound
        if self._compare_bodies and known_body != body:
            raise SandboxError("idempotency_key_reused", "This Idempotency-Key was used with a different body")
        return made

    def bind(self, agent: str, key: str | None, body: object, made: T) -> None:
        """Remember what a call with this key has made."""
        if key is not None:
            self._bound[agent, key] = (body, made)
