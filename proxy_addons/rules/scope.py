"""What the chain may touch, and which addresses nobody may reach through it.

Rules it keeps:
- `deny` wins over everything: such a host is never touched.
- A link-local, metadata, unspecified or multicast address is refused, whoever names it.
- A private or loopback address is refused, unless a scope pattern or a map names the host; a bare `*`
  names nobody. The sandbox may call agents on loopback back, and else only hosts in scope.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from urllib.parse import urlsplit

SANDBOX_HOST = "sandbox.greenhelix.net"

_HOSTS_REMEMBERED = 4096

METADATA_HOSTS = frozenset({"metadata.google.internal", "metadata", "instance-data", "metadata.azure.internal"})
"""Names under which clouds serve instance credentials."""

_METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(address)
    for address in (
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
    )
)
"""AWS, Azure and GCP; ECS; Alibaba; Oracle; AWS and GCP over IPv6."""


@dataclass(frozen=True)
class Target:
    """Where a mapped host's calls go."""

    scheme: str
    host: str
    port: int


def parse_target(url: str) -> Target:
    """Read `http://127.0.0.1:9000`.

    Raises:
        ValueError: it is no http(s) URL, or carries a path, query or user.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is no http:// or https:// URL")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
        raise ValueError(f"{url!r} may hold scheme, host and port only: paths are kept as the agent asks for them")
    return Target(parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))


@dataclass(frozen=True)
class Scope:
    """Which hosts the chain touches, and where it sends them. Host names are compared in lower case."""

    hosts: tuple[str, ...] = (SANDBOX_HOST,)
    deny: tuple[str, ...] = ()
    mapped: Mapping[str, Target] | None = None
    sandbox: bool = True
    hermetic: bool = False
    _known: dict[str, tuple[bool, str]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was said of a host before: it is asked several times a call."""

    def covers(self, host: str) -> bool:
        """Whether calls to this host are seen, broken and judged."""
        return self._lookup(host)[0]

    def _lookup(self, host: str) -> tuple[bool, str]:
        """Whether it is covered, and why it is refused whatever it resolves to."""
        known = self._known.get(host)
        if known is None:
            if len(self._known) >= _HOSTS_REMEMBERED:
                self._known.clear()
            known = self._known[host] = (self._covers(host), self._refusal(host, ()))
        return known

    def _covers(self, host: str) -> bool:
        return not _any_match(self.deny, host) and (
            self.target(host) is not None or self.answers(host) or _any_match(self.hosts, host)
        )

    def answers(self, host: str) -> bool:
        """Whether the embedded sandbox stands in for this host."""
        return self.sandbox and host == SANDBOX_HOST and self.target(host) is None

    def target(self, host: str) -> Target | None:
        """Where a mapped host's calls go."""
        return self.mapped.get(host) if self.mapped else None

    def names(self, host: str) -> bool:
        """Whether somebody wrote this host down on purpose, so that it may be a private one."""
        if _any_match(self.deny, host):
            return False
        mapped = self.mapped or {}
        return (
            host in mapped
            or any(host == target.host for target in mapped.values())
            or any(pattern.strip("*?.") and _any_match((pattern,), host) for pattern in self.hosts)
        )

    def refusal(self, host: str, addresses: Sequence[str] = ()) -> str:
        """Why this host may not be reached, given the addresses it resolves to; empty when it may."""
        return self._refusal(host, addresses) if addresses else self._lookup(host)[1]

    def callback_refusal(self, host: str, addresses: Sequence[str] = ()) -> str:
        """Why the sandbox may send no webhook there. Loopback is open to it, for there the agents under test live."""
        if self.answers(host):
            return f"{host} is the sandbox itself: it sends itself no webhooks"
        if _is_loopback(host) and not _any_match(self.deny, host):
            elsewhere = (address for address in addresses if not _is_loopback(address))
            return next((f"{host} resolves to {address}, which is not loopback" for address in elsewhere), "")
        if not self.covers(host) and not self.names(host):
            return f"{host} is neither loopback nor in scope: webhooks are sent to no other host"
        return self.refusal(host, addresses)

    def _refusal(self, host: str, addresses: Sequence[str]) -> str:
        if host in METADATA_HOSTS:
            return f"{host} serves cloud credentials and is never reached through the proxy"
        for address in (host, *addresses):
            if why := _address_refusal(address, named=self.names(host)):
                return why
        return ""


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return text == "localhost" or text.endswith(".localhost")


def _any_match(patterns: Iterable[str], host: str) -> bool:
    return any(_matches(pattern, host) for pattern in patterns)


@lru_cache(maxsize=4096)
def _matches(pattern: str, host: str) -> bool:
    return fnmatchcase(host, pattern.lower())


@lru_cache(maxsize=4096)
def _address_refusal(text: str, *, named: bool) -> str:
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(
            text.strip("[]").partition("%")[0]
        )
    except ValueError:
        if text == "localhost" or text.endswith(".localhost"):
            return "" if named else _private(text)
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address in _METADATA_ADDRESSES or address.is_link_local:
        return f"{text} is a link-local or metadata address and is never reached through the proxy"
    if address.is_multicast or address.is_unspecified:
        return f"{text} is no address of a server"
    if (address.is_private or address.is_loopback) and not named:
        return _private(text)
    return ""


def _private(text: str) -> str:
    return f"{text} is a private or loopback address that neither scope.hosts nor a map names"
