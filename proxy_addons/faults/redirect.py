"""Redirect: the answer is somewhere else, or nowhere.

`at: before` (default): the upstream is never asked. `at: after`: it did its work, and the agent is sent away.
`to` is where to, `host` the same path at another host (most clients drop their credentials on the way, some
do not), and `loop` the very same address, so that a client which follows never arrives.

What the client sees: a complete, well-formed 3xx with a Location, on HTTP/1.1 and HTTP/2 alike; the
connection stays open. After a 301 or 302 most clients turn a POST into a GET; after a 307 or 308 none may.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self, override
from urllib.parse import quote, urlencode

from pydantic import AfterValidator, Field, model_validator

from proxy_addons.exchange import Phase, Request
from proxy_addons.faults.answers import title
from proxy_addons.faults.base import Fault, Played, Side, Wire
from proxy_addons.rules.draw import Draw

_DEFAULT_PORTS = {"http": 80, "https": 443}


def _location(written: str) -> str:
    if not written.isascii() or any(c <= " " or c == "\x7f" for c in written):
        raise ValueError("a URL has no blanks and no letters beyond ASCII; write them percent-encoded")
    return written


class Redirect(Fault):
    """Send the agent elsewhere."""

    shorthand: ClassVar[str | None] = "to"

    at: Side = Phase.BEFORE
    code: Literal[301, 302, 303, 307, 308] = Field(default=307, description="HTTP status code")
    to: Annotated[str, Field(min_length=1), AfterValidator(_location)] | None = Field(
        default=None, description="a URL, or a path at the same host", examples=["https://other.example.com/v2"]
    )
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+(:[0-9]{1,5})?$")] | None = Field(
        default=None, description="another host, asked for the same path", examples=["other.example.com"]
    )
    loop: bool = Field(default=False, description="to the very same address, for ever")

    @model_validator(mode="after")
    def _one_goal(self) -> Self:
        if (self.to is not None) + (self.host is not None) + self.loop != 1:
            raise ValueError("leads to one place; write `to`, `host` or `loop: true`, and only one of them")
        return self

    @override
    @property
    def fatal(self) -> bool:
        return self.loop

    @override
    def describe(self) -> str:
        where = "back to the same address" if self.loop else f"to {self.to or self.host}"
        when = "instead of asking the provider" if self.at is Phase.BEFORE else "although the provider did its work"
        return f"the agent is redirected {where} ({self.code} {title(self.code)}), {when}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        location = self.to or _address(wire.request, self.host)
        headers = [
            ("location", location),
            ("content-type", "text/plain; charset=utf-8"),
            ("cache-control", "no-store"),  # a 301 and a 308 would outlive the run
        ]
        wire.respond(self.code, headers, f"{self.code} {title(self.code)}: {location}\n".encode())
        return Played(delivered=True, detail=f"answered {self.code} to {location}", ends=True)


def _address(request: Request, host: str | None) -> str:
    """The address that was asked for, at this host or at another."""
    port = "" if request.port == _DEFAULT_PORTS.get(request.scheme) else f":{request.port}"
    query = f"?{urlencode(request.query)}" if request.query else ""
    path = quote(request.path, safe="/%:@!$&'()*+,;=~")
    return f"{request.scheme}://{host or request.host + port}{path}{query}"
