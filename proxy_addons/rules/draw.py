"""Draws that do not depend on interleaving: a keyed hash instead of a random stream.

`u = BLAKE2b(key=seed, version, rule, agent, operation, fingerprint, ordinal, purpose)[first 53 bits] / 2^53`.
Each purpose (fire, latency, variant …) has a draw of its own, so that editing one never shifts
another, and raising a probability only adds faults.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

DRAW_VERSION = "1"
"""Part of every draw: a change of the recipe must change it, or seeds would silently mean something else."""


def seed_key(seed: int) -> bytes:
    """Turn a seed, any whole number, into the hash key (at most 64 bytes)."""
    return blake2b(str(seed).encode(), digest_size=32).digest()


@dataclass(frozen=True, slots=True)
class Draw:
    """All draws of one rule for one call."""

    key: bytes
    rule: str
    agent: str
    operation: str
    fingerprint: str
    ordinal: int

    def uniform(self, purpose: str) -> float:
        """A number in [0, 1): the same for the same inputs, whatever else happened in between."""
        text = (  # every part with its length in front: no two sets of parts give one text
            f"{len(self.rule)}:{self.rule}{len(self.agent)}:{self.agent}{len(self.operation)}:{self.operation}"
            f"{len(self.fingerprint)}:{self.fingerprint}{self.ordinal}:{len(purpose)}:{purpose}{DRAW_VERSION}"
        )
        digest = blake2b(text.encode("utf-8", "surrogatepass"), key=self.key, digest_size=8).digest()
        # 53 bits fill a float: all 64 of them would round up to 1.0 now and then.
        return (int.from_bytes(digest) >> 11) / 2**53

    def choice[T](self, purpose: str, options: Sequence[T]) -> T:
        """One of `options`, each as likely as the others."""
        return options[int(self.uniform(purpose) * len(options))]
