"""Wrong signature: a webhook of the sandbox's arrives, and is not signed as it should be.

`how: corrupt` (default) changes the digits of the HMAC · `how: missing` takes the header away · `how: stale`
keeps the signature, which does not cover the time-stamp, and dates the delivery back by `age`, as a
recorded one that somebody plays again. A careful receiver refuses all three and acts on none.

What the agent's server sees: the POST, with `X-GreenHelix-Signature` wrong or absent, or an old
`X-GreenHelix-Timestamp`.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Self, override

from pydantic import Field, model_validator

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.rules.draw import Draw
from proxy_addons.units import Duration, show_duration

_SIGNATURE = "x-greenhelix-signature"
_TIMESTAMP = "x-greenhelix-timestamp"
_AGE = 600.0
_OTHER_DIGITS = str.maketrans("0123456789abcdef", "fedcba9876543210")


class WrongSignature(Fault):
    """Spoil a webhook's signature."""

    shorthand: ClassVar[str | None] = "how"
    protocols: ClassVar[frozenset[str] | None] = frozenset({"webhook"})

    at: Literal[Phase.BEFORE] = Phase.BEFORE
    how: Literal["corrupt", "missing", "stale"] = "corrupt"
    age: Duration | None = Field(default=None, gt=0, description="how old, for `how: stale`; 10m when left out")

    @model_validator(mode="after")
    def _age_is_of_use(self) -> Self:
        if self.age is not None and self.how != "stale":
            raise ValueError(f"`age` is for `how: stale`; here it is {self.how}")
        return self

    @override
    def describe(self) -> str:
        match self.how:
            case "corrupt":
                return "the webhook arrives with a signature that is wrong"
            case "missing":
                return "the webhook arrives without a signature"
            case "stale":
                return f"the webhook arrives as if it had been sent {show_duration(self._age)} ago"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        headers = wire.request.headers
        if self.how == "stale":
            sent_at = wire.request.header(_TIMESTAMP)
            if sent_at is None or not sent_at.isdecimal():
                return Played(delivered=False, detail="there is no time-stamp to change")
            old = str(int(sent_at) - int(self._age))
            wire.edit_request([(name, old if name == _TIMESTAMP else value) for name, value in headers])
            return Played(delivered=True, detail=f"dated back by {show_duration(self._age)}")
        if wire.request.header(_SIGNATURE) is None:
            return Played(delivered=False, detail="the webhook was registered without a secret, so nothing is signed")
        if self.how == "missing":
            wire.edit_request([(name, value) for name, value in headers if name != _SIGNATURE])
            return Played(delivered=True, detail="the signature was taken away")
        wire.edit_request([(name, _wrong(value) if name == _SIGNATURE else value) for name, value in headers])
        return Played(delivered=True, detail="the signature was changed")

    @property
    def _age(self) -> float:
        return _AGE if self.age is None else self.age


def _wrong(signature: str) -> str:
    scheme, equals, digits = signature.partition("=")
    return f"{scheme}{equals}{digits.translate(_OTHER_DIGITS)}"
