"""Ids that do not depend on how concurrent agents interleave.

An id is a keyed hash of the seed, what it is for and how many times the very same was asked before.
Two agents that never name each other get the same ids in whatever order their calls arrive.
"""

from __future__ import annotations

from hashlib import blake2b

_RECIPE = b"sandbox-ids-1"
"""Part of every id: a change of the recipe must change it, or seeds would silently mean something else."""


class Ids:
    """The ids of one sandbox. `seed` is any whole number."""

    def __init__(self, seed: int = 0) -> None:
        key = blake2b(str(seed).encode(), digest_size=32).digest()
        self._keyed = blake2b(digest_size=16, key=key, person=_RECIPE)
        self._drawn: dict[bytes, int] = {}

    def draw(self, *parts: str, data: bytes = b"") -> str:
        """32 hex digits, never twice the same: equal parts and data are counted."""
        framed = "".join([f"{len(part)}:{part}" for part in parts])
        subject = self._keyed.copy()
        subject.update(framed.encode("utf-8", "surrogatepass"))
        subject.update(b"|" + data)
        digest = subject.digest()
        ordinal = self._drawn.get(digest, 0) + 1
        self._drawn[digest] = ordinal
        if ordinal > 1:
            again = self._keyed.copy()
            again.update(digest + ordinal.to_bytes(8, "big"))
            digest = again.digest()
        return digest.hex()

    def number(self, *parts: str) -> int:
        """A whole number that a JSON double holds exactly (52 bits), drawn like an id."""
        return int(self.draw(*parts)[:13], 16)
