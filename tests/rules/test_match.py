import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Answer, Call, Request
from proxy_addons.rules.match import Kind, Match, Matcher

REQUEST = Request(
    "POST",
    "https",
    "sandbox.greenhelix.net",
    443,
    "/v1/payments/escrows",
    query=(("dry_run", "1"), ("tag", "a"), ("tag", "b")),
    headers=(("x-tier", "gold"), ("accept", "text/html"), ("accept", "application/json")),
)
CALL = Call("create_escrow", {"payer": "a", "amount": "25.00", "meta": {"tags": ["x"]}})
KIND = Kind("buyer-1", "create_escrow", "sandbox.greenhelix.net", "POST", "greenhelix")


def matches(**conditions: object) -> bool:
    """Whether these conditions match the call above."""
    matcher = Matcher(Match.model_validate(conditions))
    return matcher.of_kind(KIND) and matcher.of_call(REQUEST, CALL)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, True),
        ({"operation": "create_escrow"}, True),
        ({"operation": ["release_escrow", "create_*"]}, True),
        ({"operation": "release_escrow"}, False),
        ({"agent": "buyer*"}, True),
        ({"agent": "Buyer*"}, False),
        ({"host": "SANDBOX.*"}, True),
        ({"host": "api.*"}, False),
        ({"method": ["get", "post"]}, True),
        ({"method": "GET"}, False),
        ({"protocol": "greenhelix"}, True),
        ({"protocol": "/^(mcp|a2a)$/"}, False),
        ({"path": "/v1/payments/*"}, True),
        ({"path": "/v1/payments"}, False),
        ({"path": "/^.v1.payments.(escrows|intents)$/"}, True),
        ({"query": {"dry_run": "1"}}, True),
        ({"query": {"tag": "b"}}, True),
        ({"query": {"tag": "c"}}, False),
        ({"query": {"Tag": "b"}}, False),
        ({"header": {"X-Tier": "gold"}}, True),
        ({"header": {"accept": "*json"}}, True),
        ({"header": {"x-tier": "*", "x-other": "*"}}, False),
        ({"input": {"amount": {"gte": 10}}}, True),
        ({"input": {"amount": {"gte": 10}, "payer": "b"}}, False),
        ({"input": {"meta.tags.0": "x"}}, True),
        ({"operation": "create_*", "agent": "seller*"}, False),
    ],
    ids=range(26),
)
def test_all_conditions_must_hold(conditions: dict[str, object], *, expected: bool) -> None:
    """A list within one is "any of"."""
    assert matches(**conditions) is expected


def test_conditions_on_the_answer_wait_for_it() -> None:
    """They neither match nor exclude a call."""
    assert matches(status=500, body={"id": "x"})


@pytest.mark.parametrize(
    ("conditions", "answer", "expected"),
    [
        ({}, None, ""),
        ({"status": 201}, Answer(201), ""),
        ({"status": 201}, None, "there is no answer"),
        ({"status": ["2xx", 409]}, Answer(500), "status 500 does not match"),
        ({"body": {"status": "held"}}, Answer(201, body=b'{"status": "held"}'), ""),
        ({"body": {"status": "held"}}, Answer(201, body=b'{"status": "settled"}'), "the body does not match"),
        ({"body": {"status": "held"}}, Answer(201, body=b"<html>"), "the body does not match"),
        ({"body": {"id": {"exists": False}}}, Answer(204), ""),
    ],
    ids=range(8),
)
def test_an_answer_is_taken_or_rejected(conditions: dict[str, object], answer: Answer | None, expected: str) -> None:
    """With the reason in words."""
    matcher = Matcher(Match.model_validate(conditions))

    assert matcher.rejects(answer) == expected
    assert matcher.needs_answer == bool(conditions)


@pytest.mark.parametrize(
    "conditions",
    [{"operation": []}, {"header": {}}, {"header": {"": "x"}}, {"input": {}}, {"opera": "x"}],
    ids=range(5),
)
def test_a_condition_that_says_nothing_is_refused(conditions: dict[str, object]) -> None:
    """It would match everything, or nothing."""
    with pytest.raises(ValidationError):
        Match.model_validate(conditions)
