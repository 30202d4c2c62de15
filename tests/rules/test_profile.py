from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from proxy_addons.rules.profile import Profile, Rule
from proxy_addons.rules.scope import Target
from proxy_addons.rules.spend import Budget


def profile(**settings: object) -> Profile:
    """A profile with these settings."""
    return Profile.model_validate({"version": 1, **settings})


def errors(**settings: object) -> list[tuple[tuple[int | str, ...], str]]:
    """Place and message of everything that is wrong with these settings."""
    with pytest.raises(ValidationError) as caught:
        profile(**settings)
    return [(error["loc"], error["msg"].removeprefix("Value error, ")) for error in caught.value.errors()]


def test_a_profile_needs_a_version_and_no_more() -> None:
    """Then it touches the sandbox host, and breaks nothing."""
    empty = profile()

    assert (empty.seed, empty.origin, empty.rules, empty.caps()) == (0, "sandbox", (), None)
    assert empty.reach().covers("sandbox.greenhelix.net")
    assert not empty.reach().covers("api.greenhelix.net")


@pytest.mark.parametrize("version", [2, 0, "1", 1.0, True, None])
def test_another_version_is_refused(version: object) -> None:
    """A file of the future must not be read by guesswork."""
    ((loc, message),) = errors(version=version)

    assert loc == ("version",)
    assert message.endswith("is no version that this release reads; write 1")


def test_a_rule_is_nothing_but_a_fault() -> None:
    """Without match and when it strikes every call in scope."""
    (rule,) = profile(rules=[{"fault": "noop"}]).rules

    assert rule.when.probability == 1
    assert rule.match.operation == ()


def test_nameless_rules_are_named_by_fault_and_number() -> None:
    """The name feeds the draws: it is never empty and never taken."""
    rules = [{"fault": "noop"}, {"fault": "noop", "name": "noop-3"}, {"fault": "noop"}, {"fault": "reset"}]

    assert [rule.name for rule in profile(rules=rules).rules] == ["noop-1", "noop-3", "noop-3-", "reset-4"]


def test_a_name_is_given_once() -> None:
    """Two rules of one name would share their draws. Other mistakes are found along with it."""
    found = errors(
        rules=[{"name": "a", "fault": "noop"}, {"name": "a", "fault": "nop"}, {"name": "a", "fault": "noop"}]
    )

    assert (("rules", 1, "name"), "rule 1 has this name already; each needs its own") in found
    assert (("rules", 2, "name"), "rule 1 has this name already; each needs its own") in found
    assert [loc for loc, _ in found if loc[2] == "fault"] == [("rules", 1, "fault", "nop")]


def test_names_of_rules_in_code_are_checked_too() -> None:
    """A tool that builds profiles passes rules, not mappings."""
    rule = Rule.model_validate({"name": "a", "fault": "noop"})

    assert profile(rules=[rule]).rules == (rule,)
    assert errors(rules=[rule, rule]) == [(("rules", 1, "name"), "rule 1 has this name already; each needs its own")]


@pytest.mark.parametrize("name", ["", "a b", "..", "../x", "-x", "x" * 101, "a/b", 5, None])
def test_names_are_fit_for_folders_and_metrics(name: object) -> None:
    """A run's folder is called after its profile."""
    assert [loc for loc, _ in errors(name=name)] == [("name",)]


@pytest.mark.parametrize("condition", [{"status": 500}, {"body": {"id": "x"}}])
def test_a_fault_before_cannot_look_at_the_answer(condition: dict[str, object]) -> None:
    """A rule that could never fire is a mistake."""
    ((loc, message),) = errors(rules=[{"match": condition, "fault": "reset"}])

    assert loc == ("rules", 0, "match", next(iter(condition)))
    assert message.endswith("there is nothing to look at yet; give it `at: after`")


@pytest.mark.parametrize(
    ("protocol", "fault", "message"),
    [
        ("openai", "tool_error", "tool_error means nothing to openai; it plays on a2a, jsonrpc and mcp"),
        (["rest", "g*"], "tool_error", "tool_error means nothing to rest or g*; it plays on a2a, jsonrpc and mcp"),
        ("mcp", "overloaded", "overloaded means nothing to mcp; it plays on anthropic and openai"),
    ],
)
def test_a_fault_on_a_protocol_where_it_means_nothing(protocol: object, fault: str, message: str) -> None:
    """A rule that could never do anything is a mistake."""
    assert errors(rules=[{"match": {"protocol": protocol}, "fault": fault}]) == [
        (("rules", 0, "match", "protocol"), message)
    ]


@pytest.mark.parametrize(
    ("match", "fault"),
    [
        ({"protocol": ["rest", "m*"]}, "tool_error"),
        ({"protocol": "/^a/"}, "overloaded"),
        ({"protocol": "rest"}, "stream_cut"),
        ({}, "tool_error"),
    ],
)
def test_a_fault_that_may_mean_something(match: dict[str, object], fault: object) -> None:
    """One protocol that fits is enough, and a rule that names none may meet it."""
    assert len(profile(rules=[{"match": match, "fault": fault}]).rules) == 1


def test_a_fault_after_can_look_at_the_answer() -> None:
    """By its nature, or because the rule says so."""
    rules = [
        {"match": {"status": 201}, "fault": "lost_response"},
        {"match": {"status": 201}, "fault": {"reset": {"at": "after"}}},
    ]

    assert [rule.match.status[0].first for rule in profile(rules=rules).rules] == [201, 201]


def test_the_scope_is_what_is_written() -> None:
    """Globs, one or many; deny wins; names in any case."""
    scope = profile(scope={"hosts": "*.Example.com", "deny": ["api.example.com"]}).reach()

    assert [scope.covers(host) for host in ("a.example.com", "api.example.com", "b.net")] == [True, False, False]


@pytest.mark.parametrize("host", ["https://a.com", "a.com:80", "a.com/v1", "", "a b", 5])
def test_a_host_is_a_name_alone(host: object) -> None:
    """A pattern with a scheme would match nothing, silently."""
    assert [loc for loc, _ in errors(scope={"hosts": [host]})] == [("scope", "hosts", 0)]


def test_mapped_hosts_are_in_scope() -> None:
    """Who writes down where a host's calls go wants to see them."""
    scope = profile(map={"API.example.com": "http://127.0.0.1:9000"}).reach()

    assert scope.covers("api.example.com")
    assert scope.target("api.example.com") == Target("http", "127.0.0.1", 9000)


@pytest.mark.parametrize(
    "url", ["ftp://x", "127.0.0.1:9000", "http://", "http://x/v1", "http://u@x", "http://x:99999", "http://[::1", 5]
)
def test_a_map_leads_to_a_server(url: object) -> None:
    """Scheme, host and port, no more."""
    assert [loc for loc, _ in errors(map={"a.com": url})] == [("map", "a.com")]


def test_a_host_is_mapped_or_denied() -> None:
    """Deny would win, and the map would be dead."""
    ((loc, message),) = errors(map={"a.com": "http://x"}, scope={"deny": "a.*"})

    assert loc == ("map", "a.com")
    assert "rules this host out" in message


def test_a_budget_caps_spend() -> None:
    """Amounts are exact."""
    assert profile(budget={"per_call": "1.10", "currency": "USD"}).caps() == Budget(Decimal("1.10"), None, "USD")


@pytest.mark.parametrize(
    "budget", [{}, {"currency": "USD"}, {"per_call": 1.1}, {"per_run": "-1"}, {"per_day": "1"}], ids=range(5)
)
def test_what_is_no_budget_is_refused(budget: dict[str, object]) -> None:
    """One that caps nothing would lull its author."""
    assert errors(budget=budget)


@pytest.mark.parametrize("seed", [2**63, -(2**63) - 1, 1.5, "42", True, None])
def test_a_seed_is_a_whole_number(seed: object) -> None:
    """Of 64 bits, as the journal holds it."""
    assert [loc for loc, _ in errors(seed=seed)] == [("seed",)]


RULES = st.fixed_dictionaries(
    {"fault": st.sampled_from(["noop", "reset", {"latency": {"delay": "1.1s"}}, {"noop": {"at": "after"}}])},
    optional={
        "match": st.fixed_dictionaries(
            {},
            optional={
                "operation": st.lists(st.sampled_from(["a*", "/b/", "c"]), min_size=1),
                "header": st.just({"x": ["y"]}),
                "input": st.just({"amount": {"gte": 10}, "c": {"in": ["a", None]}, "d": {"eq": None}}),
            },
        ),
        "when": st.fixed_dictionaries(
            {},
            optional={
                "probability": st.floats(0, 1),
                "attempts": st.just([1, "3..4"]),
                "calls": st.just([{"every": 2}, "9.."]),
                "max": st.integers(1, 9),
                "window": st.just({"after": "1.5s", "for": "2m", "every": "1h"}),
                "burst": st.just({"length": 2, "every": 5}),
            },
        ),
    },
)


@given(st.lists(RULES, max_size=3))
def test_a_profile_survives_its_own_dump(rules: list[dict[str, object]]) -> None:
    """What a tool finds it can write down as a file, and the file means the same."""
    read = profile(
        rules=rules,
        scope={"hosts": ["a.com"], "deny": ["b.com"]},
        map={"c.com": "https://x:1"},
        budget={"per_call": "1.10"},
    )

    assert Profile.model_validate(read.model_dump(mode="json", exclude_defaults=True)) == read
