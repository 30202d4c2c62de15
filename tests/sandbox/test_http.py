from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import reduce
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.calls.greenhelix import ROUTES
from proxy_addons.exchange import Answer, Request
from proxy_addons.sandbox.gateway.tools import TOOLS
from proxy_addons.sandbox.http import LARGEST_BODY, LONGEST_KEY, RATE_LIMIT, Sandbox
from tests.sandbox.asking import NOW, Asking

ORDER = {"payer": "a", "payee": "b", "amount": "25.00"}


@pytest.mark.parametrize("call", ["POST /v1/execute", "POST /execute", "GET /v1/execute"])
def test_execute_is_gone(ask: Asking, call: str) -> None:
    """410 `endpoint-removed`."""
    told = ask(call, {"tool": "get_balance", "params": {"agent_id": "a"}})
    assert (told.status, told.headers["content-type"]) == (410, "application/problem+json")
    assert told.body["type"] == "https://api.greenhelix.net/errors/endpoint-removed"


@pytest.mark.parametrize("call", ["POST /v1", "POST /v1/deposit", "POST /v1/batch", "POST /v1/payments/escrows"])
def test_a_large_body_is_413(ask: Asking, call: str) -> None:
    """In every dialect, without a look inside."""
    assert ask(call, b" " * (LARGEST_BODY + 1)).status == 413
    assert ask(call, b" " * LARGEST_BODY).status == 422


@pytest.mark.parametrize("sent", ["req-1", "0" * 128])
def test_a_request_id_is_echoed(ask: Asking, sent: str) -> None:
    """So that both sides can be told to belong together."""
    assert ask("GET /v1/health", x_request_id=sent).headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", " ", "0" * 129, "a\r\nb", "ü", "\udcff"])
def test_a_request_id_is_made_up_where_none_can_be_echoed(ask: Asking, sent: str) -> None:
    """Another for each request."""
    first, second = (ask("GET /v1/health", x_request_id=sent).headers["x-request-id"] for _ in range(2))
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first != second


def test_every_answer_tells_charge_and_rate_limit(ask: Asking) -> None:
    """Errors too. The limit is counted for each key and minute."""
    headers = [
        ask("GET /v1/health", x_api_key="k", at=40).headers,
        ask("POST /v1", {"tool": "nope"}, x_api_key="k", at=41).headers,
        ask("GET /nope", authorization="Bearer k", at=41.5).headers,
    ]
    assert [one["x-charged"] for one in headers] == ["0.0"] * 3
    assert [one["x-ratelimit-limit"] for one in headers] == [str(RATE_LIMIT)] * 3
    assert [int(one["x-ratelimit-remaining"]) - RATE_LIMIT for one in headers] == [-1, -2, -3]
    assert [one["x-ratelimit-reset"] for one in headers] == ["60", "59", "59"]
    assert ask("GET /v1/health", x_api_key="other", at=41).headers["x-ratelimit-remaining"] == str(RATE_LIMIT - 1)
    assert ask("GET /v1/health", x_api_key="k", at=100).headers["x-ratelimit-remaining"] == str(RATE_LIMIT - 1)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer any"}, {"x_api_key": "any"}, {"authorization": "x"}])
def test_no_key_is_required(ask: Asking, headers: dict[str, str]) -> None:
    """And any will do."""
    assert ask("GET /v1/billing/wallets/a/balance", None, 0.0, **headers).status == 200


def test_an_idempotency_key_has_a_longest(ask: Asking) -> None:
    """422 beyond it; an empty one is none."""
    assert ask("POST /v1/payments/escrows", ORDER, idempotency_key="k" * (LONGEST_KEY + 1)).status == 422
    assert ask("POST /v1/payments/escrows", ORDER, idempotency_key="k" * LONGEST_KEY).status == 201
    replayed = [ask("POST /v1/payments/escrows", ORDER, idempotency_key="").headers for _ in range(2)]
    assert all("idempotent-replayed" not in headers for headers in replayed)


def test_the_first_of_two_equal_headers_counts(ask: Asking) -> None:
    """As everywhere in the proxy."""
    twice = (("x-request-id", "first"), ("x-request-id", "second"))
    request = Request("GET", "https", "sandbox.greenhelix.net", 443, "/v1/health", headers=twice)
    assert ask.sandbox.answer(request, NOW).header("x-request-id") == "first"


def test_a_head_request_gets_no_body(ask: Asking) -> None:
    """It would break the connection."""
    told = ask("HEAD /v1/health")
    assert (told.status, told.body) == (404, None)


def test_a_test_may_look_into_the_books(ask: Asking) -> None:
    """Without asking on the wire, as of the latest answer."""
    ask.sandbox.fund("a", Decimal("100.00"))
    ask("POST /v1/payments/escrows", ORDER | {"timeout_hours": 1})
    assert ask.sandbox.balance("a") == 75
    assert [one.order.payee for one in ask.sandbox.ledger.escrows.values()] == ["b"]
    ask("GET /v1/health", at=3600)
    assert ask.sandbox.balance("a") == 100


def test_the_seed_decides_every_id() -> None:
    """The same gives the same, another gives others."""
    ids = [Asking(Sandbox(seed))("POST /v1/payments/escrows", ORDER).body["id"] for seed in (7, 7, 8)]
    assert ids[0] == ids[1] != ids[2]


def buyer(name: str) -> list[Callable[[Asking], Any]]:
    """What one agent does: each step may be interleaved with another agent's."""
    order = {"payer": name, "payee": "shop", "amount": "5"}
    wallet = f"/v1/billing/wallets/{name}"
    seen: dict[str, str] = {}

    def create(ask: Asking) -> Any:  # noqa: ANN401
        told = ask("POST /v1/payments/escrows", order)
        seen["id"] = told.body["id"]
        return told

    return [
        lambda ask: ask(f"POST {wallet}/deposit", {"amount": "10"}),
        create,
        lambda ask: ask.tool("create_escrow", order),
        lambda ask: ask(f"POST /v1/payments/escrows/{seen['id']}/release"),
        lambda ask: ask("POST /v1/payments/intents", order),
        lambda ask: ask("POST /v1/register", {"agent_id": name}),
    ]


def test_answers_do_not_depend_on_the_interleaving() -> None:
    """Whatever the order of two agents' steps, each sees the same answers, request ids included."""
    outcomes = []
    for order in list(permutations(["a"] * 3 + ["b"] * 3))[::37]:
        ask, steps = Asking(Sandbox(7)), {"a": buyer("a"), "b": buyer("b")}
        told: dict[str, list[Any]] = {"a": [], "b": []}
        for agent in [one for pair in zip(order, order, strict=True) for one in pair]:
            answer = steps[agent][len(told[agent])](ask)
            told[agent].append((answer.status, answer.body, answer.headers["x-request-id"]))
        outcomes.append(told)
    assert len(outcomes) > 10
    assert all(told == outcomes[0] for told in outcomes)


# Whatever arrives is answered.

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from(["a", "b", "25.00", "-1", "NaN", "1e9", "held", "pending", 10**400, 1e308, 0, True]),
)
JSON_VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner))
FIELDS = st.sampled_from(
    [
        *("agent_id", "payer", "payee", "amount", "currency", "description", "timeout_hours", "metadata", "status"),
        *("escrow_id", "intent_id", "webhook_id", "daily_cap", "monthly_limit", "idempotency_key", "limit", "offset"),
        *("url", "event_types", "secret", "public_key", "tool", "input", "params", "calls", "filter_agent_ids"),
    ]
)
INPUTS = st.dictionaries(FIELDS, JSON_VALUES | st.sampled_from(["a", "b", "1.00"]), max_size=6)
NAMES = st.sampled_from([tool for _, _, tool in ROUTES]) | SCALARS
CALLS = st.fixed_dictionaries({"tool": NAMES}, optional={"input": INPUTS, "params": INPUTS})
DEEP = st.sampled_from([b"[", b'{"metadata":']).map(lambda opening: opening * 10_000)
BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=50),
    DEEP,
    st.one_of(JSON_VALUES, INPUTS, CALLS, st.fixed_dictionaries({"calls": st.lists(CALLS, max_size=12)})).map(
        lambda value: json.dumps(value).encode("utf-8", "surrogatepass")
    ),
)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)
SEGMENTS = st.one_of(st.sampled_from(["a", "b", "%2F", "%ff", "esc_", "\udcff"]), TEXTS)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["authorization", "x-api-key", "idempotency-key", "x-request-id", "x-agent-id", "accept"]),
        TEXTS,
    ),
    max_size=4,
)
PATHS = st.one_of(
    st.sampled_from(
        ["/v1", "/v1/v1", "/v1/batch", "/v1/execute", "/v1/register", "/v1/pricing", "/v1/pricing/deposit"]
    ),
    TEXTS,
    st.builds(
        lambda route, values: reduce(
            lambda path, value: re.sub(r"\{[^}]*\}", lambda _: value, path, count=1), values, route
        ),
        st.sampled_from([template for _, template, _ in ROUTES]),
        st.lists(SEGMENTS, min_size=2, max_size=2),
    ),
    st.builds("/v1/{}".format, st.sampled_from([tool for _, _, tool in ROUTES]) | TEXTS),
)
ANYTHING = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"]) | TEXTS,
    scheme=st.just("https"),
    host=st.just("sandbox.greenhelix.net"),
    port=st.just(443),
    path=PATHS,
    query=st.lists(st.tuples(FIELDS | TEXTS, TEXTS), max_size=3).map(tuple),
    headers=HEADERS.map(tuple),
    body=BODIES,
)

LAST = "LAST"
"""Stands for the id in the latest answer that held one."""

PLAUSIBLE = {
    "amount": st.sampled_from(["5", "5.00", 5, 0.5, "600"]),
    "event_types": st.just(["escrow.released"]),
    "limit": st.just(10),
    "metadata": st.dictionaries(st.text(), JSON_VALUES, max_size=2),
    "offset": st.just(0),
    "status": st.sampled_from(["held", "pending", "settled", "released"]),
    "timeout_hours": st.sampled_from([0.25, 24]),
    "url": st.just("https://a.test/hook"),
    **dict.fromkeys(["escrow_id", "intent_id", "webhook_id"], st.just(LAST)),
    **dict.fromkeys(["agent_id", "payer", "payee"], st.sampled_from(["a", "b"])),
    **dict.fromkeys(["daily_cap", "monthly_cap"], st.sampled_from(["8", None])),
}
KEYS = st.sampled_from([(), (("idempotency-key", "k"),)])


@st.composite
def likely(draw: st.DrawFn) -> Request:
    """A call of a simulated tool in dialect A or B, as an agent would make it; sometimes one field is off."""
    method, path, tool = draw(st.sampled_from([route for route in ROUTES if route[2] in TOOLS]))
    fields = TOOLS[tool].input.__struct_fields__
    given = {name: draw(PLAUSIBLE[name]) for name in fields if name in PLAUSIBLE}
    if draw(st.integers(0, 5)) == 0:
        given[draw(st.sampled_from([*fields, "tip"]))] = draw(JSON_VALUES)
    if draw(st.booleans()):
        method, path, given = "POST", "/v1", {"tool": tool, "input": given}
    for name in re.findall(r"\{(\w+)\}", path):
        path = path.replace(f"{{{name}}}", str(given.pop(name, "a")))
    query = tuple((name, str(value)) for name, value in given.items()) if method == "GET" else ()
    body = b"" if method == "GET" else json.dumps(given).encode("utf-8", "surrogatepass")
    return Request(method, "https", "sandbox.greenhelix.net", 443, path, query, draw(KEYS), body)


def play(sandbox: Sandbox, requests: list[Request]) -> list[Answer]:
    """Ask one after the other, a quarter of an hour apart, with the latest id put in."""
    answers, last = [], "none"
    for quarter, asked in enumerate(requests):
        body = asked.body.replace(LAST.encode(), last.encode())
        request = msgspec.structs.replace(asked, path=asked.path.replace(LAST, last), body=body)
        answer = sandbox.answer(request, NOW + quarter * 900)
        answers.append(answer)
        if isinstance(answer.json, dict):
            found = answer.json.get("id") or answer.json.get("escrow_id") or last
            last = found if isinstance(found, str) else last
    return answers


TOKEN = re.compile(r"[a-z][a-z-]*")
PRINTABLE = re.compile(r"[\x20-\x7e]+")


def assert_well_formed(answer: Answer, method: str) -> None:
    """Every header can be sent, every body read."""
    assert answer.status in {200, 201, 402, 404, 409, 410, 413, 422, 501}
    names = [name for name, _ in answer.headers]
    assert len(names) == len(set(names))
    assert all(TOKEN.fullmatch(name) and PRINTABLE.fullmatch(value) for name, value in answer.headers)
    if method == "HEAD":
        assert answer.body == b""
        return
    body = json.loads(answer.body.decode())
    if answer.status >= 400:
        assert body["status"] == answer.status
        assert body["type"] == "error" or body["type"].startswith("https://api.greenhelix.net/errors/")


@given(st.lists(ANYTHING | likely(), max_size=12))
def test_every_request_gets_a_well_formed_answer(requests: list[Request]) -> None:
    """Never an exception, and the books stay in order."""
    sandbox = Sandbox()
    for request, answer in zip(requests, play(sandbox, requests), strict=True):
        assert_well_formed(answer, request.method)
    ledger = sandbox.ledger
    assert sum(ledger.balances.values()) + ledger.held == ledger.granted + ledger.deposited - ledger.withdrawn


@given(st.lists(ANYTHING | likely(), max_size=8))
def test_the_same_requests_get_the_same_answers(requests: list[Request]) -> None:
    """Byte for byte."""
    assert play(Sandbox(3), requests) == play(Sandbox(3), requests)
