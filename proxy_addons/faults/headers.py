"""Headers: some are set, missing, there twice, or far too large.

In this order: `remove` takes headers away, `set` gives them a value, `duplicate` sends them once more (with
another value, when written as a mapping), `oversized` adds one header of that many bytes.

What the client sees: the same answer under other headers. On HTTP/1.1 a duplicated header is two lines, and
many clients refuse a header line of more than 64KB (http.client) or a head of more than 100KB (h11). On HTTP/2
an oversized header takes CONTINUATION frames, and clients refuse more than the header list that they accept (httpx:
64KB): with an error, by closing the connection, or by waiting to their own time-out.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, override

from pydantic import BeforeValidator, Field, model_validator

from proxy_addons.exchange import Phase
from proxy_addons.faults.answers import HeaderFields, HeaderName, check_headers
from proxy_addons.faults.answers import Headers as Fields
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Size

_OVERSIZED = "x-oversized"
_LARGEST = 1_000_000


def _some(written: object) -> object:
    return (written,) if isinstance(written, str) else written


class Headers(Fault):
    """Change the answer's headers."""

    at: Literal[Phase.AFTER] = Phase.AFTER
    set: HeaderFields = Field(default_factory=dict, description="headers and their new values")
    remove: Annotated[tuple[HeaderName, ...], BeforeValidator(_some)] = Field(
        default=(), description="headers to take away"
    )
    duplicate: Annotated[tuple[HeaderName, ...] | dict[HeaderName, str], BeforeValidator(_some)] = Field(
        default=(), description="headers to send twice; as a mapping: with these values the second time"
    )
    oversized: Size | None = Field(default=None, gt=0, le=_LARGEST, description=f"bytes of a header {_OVERSIZED}")

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        if not (self.set or self.remove or self.duplicate or self.oversized):
            raise ValueError("changes nothing; write `set`, `remove`, `duplicate` or `oversized`")
        removed = {name.lower() for name in self.remove}
        for word, names in (("set", self.set), ("duplicate", self.duplicate)):
            if both := sorted(removed.intersection(name.lower() for name in names)):
                raise ValueError(f"{', '.join(both)}: in `remove` and in `{word}` too; write it in one of them")
        if isinstance(self.duplicate, dict):
            check_headers(self.duplicate)
        return self

    @override
    def describe(self) -> str:
        parts = [f"without {name}" for name in self.remove]
        parts += [f"with {name}: {value}" for name, value in self.set.items()]
        parts += [f"with {name} twice" for name in self.duplicate]
        if self.oversized:
            parts.append(f"with a header of {self.oversized} bytes")
        return f"the answer comes {', '.join(parts)}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        answer = wire.answer
        if answer is None:
            return Played(delivered=False, detail="there is no answer")
        done: list[str] = []
        missed: list[str] = []
        fields = self._removed(list(answer.headers), done, missed)
        for name, value in self.set.items():
            if [was for one, was in fields if one == name.lower()] == [value]:
                missed.append(f"{name} had this value already")
                continue
            fields = [(one, was) for one, was in fields if one != name.lower()] + [(name.lower(), value)]
            done.append(f"{name} set")
        fields = self._duplicated(fields, done, missed)
        if self.oversized:
            fields.append((_OVERSIZED, "x" * self.oversized))
            done.append(f"{_OVERSIZED}: {self.oversized} bytes")
        if done:
            wire.edit(headers=fields)
        return Played(delivered=bool(done), detail="; ".join(done + missed))

    def _removed(self, fields: Fields, done: list[str], missed: list[str]) -> Fields:
        for name in self.remove:
            left = [(one, value) for one, value in fields if one != name.lower()]
            if len(left) < len(fields):
                done.append(f"{name} removed")
            else:
                missed.append(f"there is no header {name}")
            fields = left
        return fields

    def _duplicated(self, fields: Fields, done: list[str], missed: list[str]) -> Fields:
        others = self.duplicate if isinstance(self.duplicate, dict) else {}
        for name in self.duplicate:
            found = [value for one, value in fields if one == name.lower()]
            if found:
                fields = [*fields, (name.lower(), others.get(name, found[-1]))]
                done.append(f"{name} twice")
            else:
                missed.append(f"there is no header {name}")
        return fields
