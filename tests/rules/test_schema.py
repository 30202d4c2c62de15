import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from proxy_addons import faults
from proxy_addons.rules import schema as schema_module
from proxy_addons.rules.find import known
from proxy_addons.rules.profile import Profile
from proxy_addons.rules.schema import profile_schema, profile_schema_text

COMMITTED = Path(schema_module.__file__).with_name("profile.schema.json")
SCHEMA = Draft202012Validator(profile_schema())


def test_the_committed_schema_is_the_generated_one() -> None:
    """Editors read the file; a new or changed fault must reach them."""
    regenerate = "crosswind profile schema > proxy_addons/rules/profile.schema.json"

    assert COMMITTED.read_text() == profile_schema_text(), f"out of date; regenerate it: {regenerate}"


def test_the_schema_is_a_schema() -> None:
    """Of the dialect that it names."""
    Draft202012Validator.check_schema(profile_schema())

    assert profile_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_fault_is_in_it() -> None:
    """One branch each, and one for the bare word where it needs no settings."""
    forms = profile_schema()["$defs"]["Rule"]["properties"]["fault"]["oneOf"]

    assert {next(iter(form["properties"])) for form in forms if "properties" in form} == set(faults.words())
    assert all(form["description"] for form in forms)


@pytest.mark.parametrize("path", known().values(), ids=list(known()))
def test_shipped_profiles_meet_it(path: Path) -> None:
    """And they name it, so that an editor finds it."""
    text = path.read_text()

    assert list(SCHEMA.iter_errors(yaml.safe_load(text))) == []
    assert text.startswith("# yaml-language-server: $schema=../proxy_addons/rules/profile.schema.json\n")


GOOD: list[dict[str, object]] = [
    {},
    {"seed": 5, "origin": "upstream", "expect": "x", "map": {"a.com": "http://x"}},
    {"scope": {"hosts": "*.a.com", "deny": ["b"]}, "budget": {"per_call": "1.00", "per_run": 5}},
    {"rules": [{"fault": "noop"}, {"fault": {"noop": {"at": "after"}}}]},
    {"rules": [{"fault": {"latency": "250ms"}}, {"fault": {"latency": {"delay": "1.5s", "at": "after"}}}]},
    {"rules": [{"fault": {"status": 503}}, {"fault": {"status": {"code": 503, "retry_after": "2s"}}}]},
    {"rules": [{"fault": "noop", "match": {"operation": ["a", "b*"], "path": "/v1", "header": {"x": "y"}}}]},
    {
        "rules": [
            {"fault": "noop", "match": {"input": {"a": 1, "b": ["x", 2], "c": {"gte": "1.0", "in": [1]}, "d": None}}}
        ]
    },
    {
        "rules": [
            {"fault": {"noop": {"at": "after"}}, "match": {"status": [500, "5xx", "501..502"], "body": {"a": True}}}
        ]
    },
    {"rules": [{"fault": "noop", "when": {"probability": 0.5, "attempts": 1, "calls": {"every": 3}, "max": 2}}]},
    {
        "rules": [
            {
                "fault": "noop",
                "when": {"window": {"after": "1s", "for": "2s", "every": "1m"}, "burst": {"length": 1, "every": 2}},
            }
        ]
    },
]
BAD: list[dict[str, object]] = [
    {"sede": 5},
    {"version": 2},
    {"seed": "x"},
    {"origin": "cassette"},
    {"name": "../x"},
    {"rules": {}},
    {"rules": [{}]},
    {"rules": [{"fault": "nop"}]},
    {"rules": [{"fault": "latency"}]},
    {"rules": [{"fault": {"latency": "250"}}]},
    {"rules": [{"fault": {"latency": {"delai": "1s"}}}]},
    {"rules": [{"fault": {"status": 99}}]},
    {"rules": [{"fault": {"noop": {}, "reset": {}}}]},
    {"rules": [{"fault": "noop", "match": {"opera": "x"}}]},
    {"rules": [{"fault": "noop", "match": {"operation": []}}]},
    {"rules": [{"fault": "noop", "match": {"operation": 5}}]},
    {"rules": [{"fault": "noop", "when": {"probability": 1.5}}]},
    {"rules": [{"fault": "noop", "when": {"calls": 0}}]},
    {"rules": [{"fault": "noop", "when": {"attempts": {"every": 2}}}]},
    {"rules": [{"fault": "noop", "when": {"max": 0}}]},
    {"rules": [{"fault": "noop", "when": {"window": {"for": 5}}}]},
]


@pytest.mark.parametrize("settings", GOOD, ids=range(len(GOOD)))
def test_what_the_loader_reads_the_schema_takes(settings: dict[str, object]) -> None:
    """An editor shows no error where there is none."""
    written = {"version": 1, **settings}
    Profile.model_validate(written)

    assert [error.message for error in SCHEMA.iter_errors(written)] == []


@pytest.mark.parametrize("settings", BAD, ids=range(len(BAD)))
def test_what_the_loader_refuses_the_schema_refuses(settings: dict[str, object]) -> None:
    """An editor shows what is wrong while it is typed."""
    written = {"version": 1, **settings}
    with pytest.raises(ValueError, match="validation error"):
        Profile.model_validate(written)

    assert not SCHEMA.is_valid(written)


def test_the_schema_tells_an_author_what_things_mean() -> None:
    """Each setting of a profile, a rule, a match and a when has a description, and none a made-up title."""
    schema = profile_schema()
    models = [schema, *(schema["$defs"][name] for name in ("Rule", "Match", "When", "Window", "Burst", "Predicate"))]

    assert [
        name for model in models for name, setting in model["properties"].items() if not setting.get("description")
    ] == []
    assert '"title"' not in json.dumps(schema["$defs"])
    assert '"default": null' not in profile_schema_text()
