from __future__ import annotations

import pytest

from proxy_addons.sandbox.agents import Agents
from proxy_addons.sandbox.ids import Ids


@pytest.fixture
def agents() -> Agents:
    """Nobody has registered."""
    return Agents(Ids())


def test_registering_gives_a_key_of_the_free_tier(agents: Agents) -> None:
    """In the gateway's form."""
    api_key = agents.register("a", 1.0)
    assert api_key.startswith("a2a_free_")
    assert int(api_key.removeprefix("a2a_free_"), 16) >= 0


def test_registering_again_gives_the_same_key(agents: Agents) -> None:
    """A retry after a lost answer locks nobody out."""
    assert agents.register("a", 1.0) == agents.register("a", 2.0)


def test_a_known_key_names_its_agent(agents: Agents) -> None:
    """Before any header does."""
    assert agents.caller(agents.register("a", 1.0), "b") == "a"


def test_without_a_known_key_the_header_names_the_agent(agents: Agents) -> None:
    """No key is required."""
    assert (agents.caller("foreign", "b"), agents.caller("", "b")) == ("b", "b")


def test_an_unknown_key_is_told_by_its_hash(agents: Agents) -> None:
    """The same for the same key, and not the key itself."""
    named = agents.caller("sk-secret", "")
    assert named == agents.caller("sk-secret", "")
    assert named != agents.caller("sk-other", "")
    assert "secret" not in named


def test_nobody_at_all_is_the_default_agent(agents: Agents) -> None:
    """As for the proxy itself."""
    assert agents.caller("", "") == "default"


def test_a_public_key_is_made_up_where_none_is_given(agents: Agents) -> None:
    """64 hex digits, as Ed25519 has them."""
    public_key = agents.identify("a", None, 1.0).public_key
    assert public_key is not None
    assert (len(public_key), int(public_key, 16) >= 0) == (64, True)


def test_the_first_public_key_stays(agents: Agents) -> None:
    """An identity is not taken over by registering it again."""
    agents.identify("a", "mine", 1.0)
    assert agents.identify("a", "theirs", 2.0).public_key == "mine"


def test_an_agent_that_registered_may_add_its_public_key(agents: Agents) -> None:
    """Its age does not change."""
    agents.register("a", 1.0)
    identity = agents.identify("a", "mine", 2.0)
    assert (identity.public_key, identity.created_at) == ("mine", 1.0)
    assert identity == agents.identity("a")


def test_who_never_registered_has_no_identity(agents: Agents) -> None:
    """Asking makes none."""
    assert agents.identity("a") is None
