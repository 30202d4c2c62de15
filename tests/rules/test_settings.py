"""What a run was asked to do: the options over the environment over the profile."""

from __future__ import annotations

import pytest

from proxy_addons.rules.load import parse
from proxy_addons.rules.profile import Profile
from proxy_addons.rules.scope import SANDBOX_HOST, Target
from proxy_addons.rules.settings import SEED_VARIABLE, settle


def profile(text: str = "") -> Profile:
    """A profile with these keys."""
    return parse(f"version: 1\n{text}\n", "test.yaml")


@pytest.mark.parametrize(
    ("option", "environ", "seed"),
    [
        (None, {}, 42),
        (None, {SEED_VARIABLE: "7"}, 7),
        (None, {SEED_VARIABLE: " -7 "}, -7),
        (None, {SEED_VARIABLE: ""}, 42),
        (0, {SEED_VARIABLE: "7"}, 0),
        (5, {SEED_VARIABLE: "not read"}, 5),
    ],
)
def test_the_seed_is_the_options_then_the_environments_then_the_profiles(
    option: int | None, environ: dict[str, str], seed: int
) -> None:
    """Zero is a seed like any other, and an empty variable is none."""
    assert settle(profile("seed: 42"), environ=environ, seed=option).seed == seed


def test_a_seed_that_is_no_number_is_named() -> None:
    """Variable and value."""
    with pytest.raises(ValueError, match=r"CHAOS_SEED=many: a seed is a whole number"):
        settle(profile(), environ={SEED_VARIABLE: "many"})


@pytest.mark.parametrize(
    ("written", "option", "origin"),
    [
        ("", None, "sandbox"),
        ("origin: upstream", None, "upstream"),
        ("origin: upstream", "sandbox", "sandbox"),
        ("", "upstream", "upstream"),
    ],
)
def test_the_origin_is_the_options_then_the_profiles(written: str, option: str | None, origin: str) -> None:
    """And the scope knows it."""
    found = settle(profile(written), environ={}, origin=option)
    assert found.origin == origin
    assert found.scope.answers(SANDBOX_HOST) is (origin == "sandbox")


def test_another_origin_is_refused() -> None:
    """With the two that there are."""
    with pytest.raises(ValueError, match="--origin cassette: it is sandbox or upstream"):
        settle(profile(), environ={}, origin="cassette")


def test_maps_of_the_options_come_on_top_of_the_profiles() -> None:
    """Host names in any case, spaces forgiven; the later one wins."""
    text = "map: {API.example.com: 'http://127.0.0.1:1', b.example.com: 'http://127.0.0.1:2'}"
    scope = settle(profile(text), environ={}, maps=[" Api.Example.com = http://127.0.0.1:3"]).scope
    assert scope.target("api.example.com") == Target("http", "127.0.0.1", 3)
    assert scope.target("b.example.com") == Target("http", "127.0.0.1", 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("api.example.com", "--map api.example.com: write HOST=URL, like api.example.com=http://127.0.0.1:9000"),
        ("=http://127.0.0.1:1", "--map =http://127.0.0.1:1: write HOST=URL"),
        ("a=127.0.0.1:1", "--map a=127.0.0.1:1: '127.0.0.1:1' is no http:// or https:// URL"),
    ],
)
def test_a_map_that_is_none_is_named(text: str, message: str) -> None:
    """With how to write one."""
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        settle(profile(), environ={}, maps=[text])


def test_a_map_of_a_denied_host_is_refused() -> None:
    """It would be ignored in silence: deny wins."""
    with pytest.raises(ValueError, match=r"--map api\.example\.com: scope\.deny rules this host out"):
        settle(profile("scope: {deny: '*.example.com'}"), environ={}, maps=["api.example.com=http://127.0.0.1:1"])


def test_the_scope_is_the_profiles() -> None:
    """Hosts and deny, and whether the run is hermetic."""
    text = "scope: {hosts: ['*.example.com'], deny: [prod.example.com]}"
    found = settle(profile(text), environ={}, hermetic=True)
    assert found.scope.hosts == ("*.example.com",)
    assert found.scope.deny == ("prod.example.com",)
    assert found.scope.hermetic
    assert not settle(profile(text), environ={}).scope.hermetic
