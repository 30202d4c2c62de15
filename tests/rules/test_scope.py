"""Which hosts are touched, and which addresses nobody reaches."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.rules.scope import SANDBOX_HOST, Scope, Target, parse_target

NEVER = "is never reached through the proxy"
PRIVATE = "is a private or loopback address that neither scope.hosts nor a map names"
LOOPBACK = Target("http", "127.0.0.1", 9000)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://127.0.0.1:9000", Target("http", "127.0.0.1", 9000)),
        ("https://api.example.com", Target("https", "api.example.com", 443)),
        ("http://api.example.com/", Target("http", "api.example.com", 80)),
        ("http://[::1]:81", Target("http", "::1", 81)),
    ],
)
def test_a_target_is_scheme_host_and_port(url: str, target: Target) -> None:
    """The port may be left out."""
    assert parse_target(url) == target


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("127.0.0.1:9000", "is no http:// or https:// URL"),
        ("ftp://files.example.com", "is no http:// or https:// URL"),
        ("http://", "is no http:// or https:// URL"),
        ("http://api.example.com/v1", "paths are kept as the agent asks for them"),
        ("http://api.example.com?a=1", "may hold scheme, host and port only"),
        ("http://user@api.example.com", "may hold scheme, host and port only"),
        ("http://api.example.com:99999", "Port out of range"),
    ],
)
def test_what_is_no_target_is_refused(url: str, message: str) -> None:
    """With what a target may hold."""
    with pytest.raises(ValueError, match=message):
        parse_target(url)


def test_the_sandbox_alone_is_touched_by_default() -> None:
    """And the embedded sandbox answers for it."""
    scope = Scope()
    assert (scope.covers(SANDBOX_HOST), scope.answers(SANDBOX_HOST)) == (True, True)
    assert (scope.covers("api.greenhelix.net"), scope.answers("api.greenhelix.net")) == (False, False)


def test_the_real_sandbox_may_answer_instead() -> None:
    """It is touched all the same, when the scope names it."""
    scope = Scope(sandbox=False)
    assert (scope.covers(SANDBOX_HOST), scope.answers(SANDBOX_HOST)) == (True, False)
    assert not Scope(hosts=("api.example.com",), sandbox=False).covers(SANDBOX_HOST)


def test_hosts_are_globs_in_any_case() -> None:
    """A glob's star spans dots."""
    scope = Scope(hosts=("*.Example.com",))
    assert scope.covers("a.b.example.com")
    assert not scope.covers("example.com")


def test_deny_wins_over_hosts_maps_and_the_sandbox() -> None:
    """Such a host is never touched."""
    scope = Scope(hosts=("*",), deny=("*.example.com", SANDBOX_HOST), mapped={"api.example.com": LOOPBACK})
    assert not scope.covers("api.example.com")
    assert not scope.covers(SANDBOX_HOST)
    assert scope.covers("example.com")


def test_a_map_takes_a_host_away_from_the_sandbox() -> None:
    """Its calls go to the target."""
    scope = Scope(mapped={SANDBOX_HOST: LOOPBACK})
    assert scope.target(SANDBOX_HOST) == LOOPBACK
    assert scope.covers(SANDBOX_HOST)
    assert not scope.answers(SANDBOX_HOST)


@pytest.mark.parametrize(
    ("scope", "host", "named"),
    [
        (Scope(hosts=("10.0.0.5",)), "10.0.0.5", True),
        (Scope(hosts=("10.*",)), "10.0.0.5", True),
        (Scope(hosts=("*",)), "10.0.0.5", False),
        (Scope(hosts=("*.*",)), "10.0.0.5", False),
        (Scope(hosts=("?*",)), "10.0.0.5", False),
        (Scope(mapped={"api.example.com": LOOPBACK}), "api.example.com", True),
        (Scope(mapped={"api.example.com": LOOPBACK}), "127.0.0.1", True),
        (Scope(hosts=("10.*",), deny=("10.0.0.5",)), "10.0.0.5", False),
    ],
)
def test_a_host_is_named_by_what_somebody_wrote_down(scope: Scope, host: str, *, named: bool) -> None:
    """Wildcards alone name nobody, and a denied host is not named."""
    assert scope.names(host) is named


@pytest.mark.parametrize(
    "host",
    [
        "metadata.google.internal",
        "metadata",
        "instance-data",
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "192.0.0.192",
        "fd00:ec2::254",
        "[fd00:ec2::254]",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
    ],
)
def test_metadata_and_link_local_are_refused_whoever_names_them(host: str) -> None:
    """By name and by address, in every spelling of one."""
    scope = Scope(hosts=(host,), mapped={host: Target("http", host, 80)})
    assert NEVER in scope.refusal(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "224.0.0.1", "ff02::1"])
def test_what_is_no_server_is_refused(host: str) -> None:
    """Unspecified and multicast addresses, whoever names them."""
    assert Scope(hosts=(host,)).refusal(host) == f"{host} is no address of a server"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "10.1.2.3", "192.168.0.1", "172.16.0.9", "::1", "fd00::1", "::ffff:10.0.0.1"]
)
def test_private_and_loopback_are_refused_unless_named(host: str) -> None:
    """A scope that names one lets it through."""
    assert Scope(hosts=("*",)).refusal(host) == f"{host} {PRIVATE}"
    assert Scope(hosts=(host,)).refusal(host) == ""


@pytest.mark.parametrize("host", ["localhost", "api.localhost"])
def test_names_of_loopback_count_as_loopback(host: str) -> None:
    """RFC 6761: they never leave this machine."""
    assert PRIVATE in Scope().refusal(host)
    assert Scope(hosts=(host,)).refusal(host) == ""


@pytest.mark.parametrize(
    ("resolved", "why"),
    [
        (["93.184.216.34"], ""),
        (["93.184.216.34", "10.0.0.1"], f"10.0.0.1 {PRIVATE}"),
        (["169.254.169.254"], f"169.254.169.254 is a link-local or metadata address and {NEVER}"),
        ([], ""),
    ],
)
def test_one_bad_address_refuses_a_name(resolved: list[str], why: str) -> None:
    """Whichever of its addresses would be taken."""
    assert Scope().refusal("rebind.example.com", resolved) == why


def test_a_named_host_may_resolve_to_a_private_address_but_not_to_metadata() -> None:
    """The name vouches for the network, not for the cloud's credentials."""
    scope = Scope(hosts=("inside.example.com",))
    assert scope.refusal("inside.example.com", ["10.0.0.1"]) == ""
    assert NEVER in scope.refusal("inside.example.com", ["169.254.169.254"])


@given(st.ip_addresses())
def test_no_address_that_is_not_global_gets_through_unnamed(address: ipaddress.IPv4Address) -> None:
    """Whatever the address: what is let through is reachable from everywhere."""
    if Scope(hosts=("*",)).refusal(str(address)) == "":
        mapped = getattr(address, "ipv4_mapped", None)
        assert not (mapped or address).is_private


@pytest.mark.parametrize(
    ("host", "addresses", "why"),
    [
        ("127.0.0.1", ["127.0.0.1"], ""),
        ("localhost", ["127.0.0.1", "::1"], ""),
        ("[::1]", [], ""),
        ("localhost", ["10.0.0.1"], "localhost resolves to 10.0.0.1, which is not loopback"),
        (SANDBOX_HOST, [], f"{SANDBOX_HOST} is the sandbox itself: it sends itself no webhooks"),
        ("10.0.0.1", [], "10.0.0.1 is neither loopback nor in scope: webhooks are sent to no other host"),
        ("agent.test", [], "agent.test is neither loopback nor in scope: webhooks are sent to no other host"),
        ("hooks.example.com", ["93.184.216.34"], ""),
        ("hooks.example.com", ["169.254.169.254"], f"169.254.169.254 is a link-local or metadata address and {NEVER}"),
        ("10.0.0.9", ["10.0.0.9"], ""),
        ("127.0.0.9", [], "127.0.0.9 is neither loopback nor in scope: webhooks are sent to no other host"),
    ],
)
def test_where_webhooks_may_go(host: str, addresses: list[str], why: str) -> None:
    """To loopback, unless it is denied, and to what is in scope or where a map leads."""
    scope = Scope(
        hosts=("hooks.example.com",), deny=("127.0.0.9",), mapped={"agent.example.com": Target("http", "10.0.0.9", 80)}
    )
    assert scope.callback_refusal(host, addresses) == why
