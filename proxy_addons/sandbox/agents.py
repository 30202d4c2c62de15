"""Who is who: registered agents, their API keys and public keys.

Rules it keeps:
- Registering is idempotent: the same agent gets the same API key again, and its first public key stays.
- Nothing needs a key ("no API key required"), so 401 `missing-key` is never answered here. A key that
  the sandbox has issued names its agent; else the X-Agent-Id header does, else a hash of the key.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b

from proxy_addons.sandbox.ids import Ids


@dataclass(frozen=True, slots=True)
class Identity:
    """A registered agent. `created_at` is in seconds since the epoch."""

    agent: str
    created_at: float
    public_key: str | None = None


_NAMELESS = "default"
_OF_KEY = "key-"


def is_named(caller: str) -> bool:
    """Whether a caller said who it is, so that it can be told from the parties of a deal."""
    return caller != _NAMELESS and not caller.startswith(_OF_KEY)


class Agents:
    """The agents that have registered."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._identities: dict[str, Identity] = {}
        self._api_keys: dict[str, str] = {}
        self._agents_by_key: dict[str, str] = {}

    def identity(self, agent: str) -> Identity | None:
        """The agent's registration, if there was one."""
        return self._identities.get(agent)

    def register(self, agent: str, now: float) -> str:
        """Register an agent and tell its API key."""
        self._identities.setdefault(agent, Identity(agent, now))
        if agent not in self._api_keys:
            api_key = f"a2a_free_{self._ids.draw('api-key', agent)[:24]}"
            self._api_keys[agent] = api_key
            self._agents_by_key[api_key] = agent
        return self._api_keys[agent]

    def identify(self, agent: str, public_key: str | None, now: float) -> Identity:
        """Give an agent a public key: its own, or one that is made up for it."""
        identity = self._identities.get(agent, Identity(agent, now))
        if identity.public_key is None:
            made_up = self._ids.draw("public-key", agent) * 2
            identity = replace(identity, public_key=public_key or made_up)
            self._identities[agent] = identity
        return identity

    def caller(self, api_key: str, named: str) -> str:
        """The agent behind a request with this key and this X-Agent-Id; either may be empty."""
        known = self._agents_by_key.get(api_key)
        if known is not None:
            return known
        if named:
            return named
        if api_key:
            return f"{_OF_KEY}{blake2b(api_key.encode('utf-8', 'surrogatepass'), digest_size=6).hexdigest()}"
        return _NAMELESS
