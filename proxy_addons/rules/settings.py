"""What a run was asked to do: the profile, with what the command line and the environment override."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from proxy_addons.rules.profile import Profile
from proxy_addons.rules.scope import Scope, Target, parse_target

SEED_VARIABLE = "CHAOS_SEED"


@dataclass(frozen=True)
class Settings:
    """One run's, complete: nothing later looks at the command line or the environment again."""

    profile: Profile
    seed: int
    origin: str
    scope: Scope

    @property
    def digest(self) -> str:
        """What tells one profile from another, in 16 hex digits."""
        return sha256(self.profile.model_dump_json().encode()).hexdigest()[:16]


def settle(
    profile: Profile,
    *,
    environ: Mapping[str, str],
    seed: int | None = None,
    origin: str | None = None,
    maps: Iterable[str] = (),
    hermetic: bool = False,
) -> Settings:
    """Merge: an option wins over the environment, the environment over the profile.

    `maps` are written `HOST=URL`.

    Raises:
        ValueError: an option or variable has a value that it cannot have.
    """
    if origin not in {None, "sandbox", "upstream"}:
        raise ValueError(f"--origin {origin}: it is sandbox or upstream")
    chosen = origin or profile.origin
    mapped = {host.lower(): parse_target(url) for host, url in profile.map.items()}
    mapped |= dict(_parse_map(text) for text in maps)
    scope = Scope(
        hosts=profile.scope.hosts,
        deny=profile.scope.deny,
        mapped=mapped,
        sandbox=chosen == "sandbox",
        hermetic=hermetic,
    )
    if ruled_out := [host for host in mapped if not scope.covers(host)]:
        raise ValueError(f"--map {ruled_out[0]}: scope.deny rules this host out; a host is mapped or denied, not both")
    return Settings(profile, _seed(seed, environ, profile), chosen, scope)


def _seed(option: int | None, environ: Mapping[str, str], profile: Profile) -> int:
    if option is not None:
        return option
    written = environ.get(SEED_VARIABLE)
    if not written:
        return profile.seed
    try:
        return int(written)
    except ValueError as error:
        raise ValueError(f"{SEED_VARIABLE}={written}: a seed is a whole number") from error


def _parse_map(text: str) -> tuple[str, Target]:
    host, equals, url = text.partition("=")
    if not equals or not host.strip():
        raise ValueError(f"--map {text}: write HOST=URL, like api.example.com=http://127.0.0.1:9000")
    try:
        return host.strip().lower(), parse_target(url.strip())
    except ValueError as error:
        raise ValueError(f"--map {text}: {error}") from error
