"""Ids that do not depend on how concurrent agents interleave.

An id is a keyed hash of the seed, what it is for and how many times the very same was asked before.
Two agents that never name each other get the same ids in whatever order their calls arrive.
"""

from __future__ import annotations

from hashlib import blake2b

_VERSION = b"1"
"""Part of every id: a change of the recipe must change it, or seeds would silently mean something else."""


class Ids:
    """The ids of one sandbox. `seed` is any whole number."""

    def __init__(self, seed: int = 0) -> None:
        self._key = blake2b(str(seed).encode(), digest_size=32, person=b"sandbox-ids").digest()
        self._drawn: dict[bytes, int] = {}

    def draw(self, *parts: str | bytes) -> str:
        """32 hex digits, never twice the same: equal parts are counted."""
        subject = blake2b(_VERSION, key=self._key, digest_size=16)
        for part in parts:
            data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
            subject.update(len(data).to_bytes(4, "big"))
            subject.update(data)
        digest = subject.digest()
        ordinal = self._drawn.get(digest, 0) + 1
        self._drawn[digest] = ordinal
        return blake2b(digest + ordinal.to_bytes(8, "big"), key=self._key, digest_size=16).hexdigest()

    def number(self, *parts: str | bytes) -> int:
        """A whole number that a JSON double holds exactly (52 bits), drawn like an id."""
        return int(self.draw(*parts)[:13], 16)
