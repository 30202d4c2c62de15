import pytest

from proxy_addons.rules.explain import explain, explain_rule
from proxy_addons.rules.profile import Profile


def rule_in_words(**rule: object) -> str:
    """The sentence about a rule that does nothing."""
    (read,) = Profile.model_validate({"version": 1, "rules": [{"fault": "noop", **rule}]}).rules
    return explain_rule(read).removesuffix(": does nothing, but counts.")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, "Every call of any operation"),
        ({"when": {"probability": 0}}, "Never (probability 0)"),
        ({"when": {"probability": 0.3}}, "30% of the calls of any operation"),
        ({"when": {"probability": 0.001}}, "0.1% of the calls of any operation"),
        ({"when": {"attempts": 1}}, "Every first attempt of any operation"),
        ({"when": {"attempts": "2..4"}}, "Attempts 2 to 4 of any operation"),
        (
            {"when": {"attempts": [2, "4.."], "probability": 0.5}},
            "50% of attempt 2 and attempts from the 4th on of any operation",
        ),
        (
            {
                "match": {"operation": ["release_escrow", "cancel_*"], "agent": "buyer*"},
                "when": {"probability": 0.3, "attempts": [1], "max": 5},
            },
            "30% of the first attempts of release_escrow and cancel_* by agent buyer*, at most 5 times per call",
        ),
        ({"match": {"agent": ["a", "b"]}}, "Every call of any operation by agents a and b"),
        (
            {"when": {"calls": [3, {"every": 3}], "max": 1}},
            "Every call of any operation, but only call 3 and every 3rd call of the operation, at most 1 time per call",
        ),
        ({"when": {"calls": "3..5"}}, "Every call of any operation, but only calls 3 to 5 of the operation"),
        (
            {"when": {"burst": {"length": 3, "every": 10}}},
            "Every call of any operation, but only 3 calls in a row out of every 10",
        ),
        ({"when": {"window": {"after": "3s"}}}, "Every call of any operation, from 3s into the run"),
        (
            {"match": {"host": "a.com", "method": ["GET", "PUT"], "path": "/v1/*", "protocol": "mcp"}},
            "Every call of any operation, to a.com, with method GET or PUT, at path /v1/*, over mcp",
        ),
        (
            {"match": {"header": {"x-a": "b"}, "query": {"q": ["1", "2"]}, "input": {"amount": {"gte": 10}}}},
            "Every call of any operation, with header x-a b, with query q 1 or 2, where amount is at least 10",
        ),
        (
            {"match": {"status": ["5xx", 409], "body": {"id": {"exists": True}}}, "fault": {"noop": {"at": "after"}}},
            "Every call of any operation, when the answer has status 500..599 or 409, when the answer's id is there",
        ),
    ],
    ids=range(16),
)
def test_a_rule_in_words(rule: dict[str, object], expected: str) -> None:
    """How many of which calls by whom, and the limits."""
    assert rule_in_words(**rule) == expected


def test_the_fault_speaks_for_itself() -> None:
    """The sentence ends with its own description."""
    (rule,) = Profile.model_validate({"version": 1, "rules": [{"fault": {"latency": "250ms"}}]}).rules

    assert explain_rule(rule) == f"Every call of any operation: {rule.fault.settings.describe()}."


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {},
            ["Touches calls to sandbox.greenhelix.net.", "sandbox.greenhelix.net is answered by the embedded sandbox."],
        ),
        (
            {"origin": "upstream"},
            ["Touches calls to sandbox.greenhelix.net.", "sandbox.greenhelix.net is answered by the real gateway."],
        ),
        (
            {
                "scope": {"hosts": "*.x.net", "deny": ["a.x.net", "b.x.net"]},
                "map": {"y.net": "http://127.0.0.1:99"},
                "origin": "upstream",
                "budget": {"per_call": "1.00", "per_run": "5.00", "currency": "USD"},
            },
            [
                "Touches calls to *.x.net and y.net, never to a.x.net and b.x.net.",
                "y.net is answered by http://127.0.0.1:99.",
                "Refuses what would spend more than 1.00 USD a call and 5.00 USD a run.",
            ],
        ),
        (
            {"map": {"sandbox.greenhelix.net": "http://x"}, "budget": {"per_run": "3"}},
            [
                "Touches calls to sandbox.greenhelix.net.",
                "sandbox.greenhelix.net is answered by http://x.",
                "Refuses what would spend more than 3 a run.",
            ],
        ),
    ],
    ids=["default", "real", "full", "mapped"],
)
def test_a_profile_in_words(settings: dict[str, object], expected: list[str]) -> None:
    """Who is touched, who answers, and what may be spent."""
    assert explain(Profile.model_validate({"version": 1, **settings})) == expected
