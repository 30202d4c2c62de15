import json

import pytest

from proxy_addons.calls.greenhelix import BATCH_LIMIT, ROUTES, TOOLS, calls, is_read, tool_of
from proxy_addons.exchange import JSON, Call, Request

ANYWHERE = "localhost"
GATEWAY = "sandbox.greenhelix.net"
ESCROW: dict[str, JSON] = {"payer": "buyer", "payee": "seller", "amount": "25.00"}


def request(
    method: str,
    path: str,
    body: JSON = None,
    *,
    host: str = ANYWHERE,
    query: tuple[tuple[str, str], ...] = (),
    key: str = "",
) -> Request:
    """A request with a JSON body."""
    headers = (("idempotency-key", key),) if key else ()
    return Request(method, "https", host, 443, path, query, headers, b"" if body is None else json.dumps(body).encode())


def named(method: str, path: str, body: JSON = None, **rest: str) -> list[Call]:
    """The calls of a request that is the gateway's."""
    found = calls(request(method, path, body, host=rest.get("host", ANYWHERE), key=rest.get("key", "")))
    assert found is not None
    return found


def one(method: str, path: str, body: JSON = None, **rest: str) -> Call:
    """The only call of a request that is the gateway's."""
    (only,) = named(method, path, body, **rest)
    return only


def test_the_routes_are_all_there() -> None:
    """Each with a name."""
    assert len(ROUTES) == 110
    assert ROUTES[0] == ("GET", "/v1/billing/wallets/{agent_id}/balance", "get_balance")
    assert all(tool.isidentifier() for _, _, tool in ROUTES)


@pytest.mark.parametrize(("method", "template", "tool"), ROUTES)
def test_every_route_leads_to_its_tool(method: str, template: str, tool: str) -> None:
    """With its parameters decoded."""
    names = [part.strip("{}").split(":")[0] for part in template.split("/") if part.startswith("{")]
    path = "/".join("a%20b" if part.startswith("{") else part for part in template.split("/"))

    assert tool_of(method, path) == (tool, dict.fromkeys(names, "a b"))


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/v1/payments/intents/split", ("create_split_intent", {})),
        ("GET", "/v1/payments/intents/split", ("get_intent", {"intent_id": "split"})),
        ("POST", "/v1/infra/keys", ("create_api_key", {})),
        ("GET", "/v1/payments/escrows/", ("list_escrows", {})),
        ("GET", "/v1/payments/escrows/a%2Fb", ("get_escrow", {"escrow_id": "a/b"})),
        ("GET", "/v1/infra/events/schemas/a/b/c", ("get_event_schema", {"event_type": "a/b/c"})),
        ("GET", "/v1/payments/escrows//release", None),
        ("GET", "/v1/infra/events/schemas/", None),
        ("GET", "//v1/payments/escrows", None),
        ("GET", "v1/payments/escrows", None),
        ("PATCH", "/v1/payments/escrows", None),
        ("GET", "/v1", None),
        ("GET", "", None),
    ],
)
def test_paths_that_are_not_plain(method: str, path: str, expected: object) -> None:
    """Literals come before parameters, and parameters are never empty."""
    assert tool_of(method, path) == expected


DIALECTS: list[tuple[str, JSON, JSON]] = [
    ("/v1", {"tool": "create_escrow", "input": ESCROW}, ESCROW),
    ("/v1/", {"tool": "create_escrow", "input": ESCROW}, ESCROW),
    ("/v1/v1", {"tool": "create_escrow", "input": ESCROW}, ESCROW),
    ("/v1", {"tool": "create_escrow", "params": ESCROW}, ESCROW),
    ("/v1", {"tool": "create_escrow", **ESCROW}, ESCROW),
    ("/v1", {"tool": "create_escrow"}, {}),
    ("/v1", {"tool": "create_escrow", "input": None}, {}),
    ("/v1/create_escrow", ESCROW, ESCROW),
    ("/v1/create_escrow", None, {}),
    ("/v1/create_escrow", {"tool": "create_escrow", "input": ESCROW}, ESCROW),
    ("/v1/create_escrow", {"tool": "create_escrow", **ESCROW}, ESCROW),
    ("/v1/v1/create_escrow", ESCROW, ESCROW),
    ("/v1/execute", {"tool": "create_escrow", "params": ESCROW}, ESCROW),
    ("/execute", {"tool": "create_escrow", "params": ESCROW}, ESCROW),
    ("/v1/payments/escrows", ESCROW, ESCROW),
]


@pytest.mark.parametrize(("path", "body", "value"), DIALECTS)
def test_a_call_is_the_same_in_every_dialect(path: str, body: JSON, value: JSON) -> None:
    """A rule for `create_escrow` matches them all."""
    found = one("POST", path, body)

    assert (found.operation, found.input, found.safe) == ("create_escrow", value, False)


def test_a_tool_nobody_knows_is_named_by_the_body() -> None:
    """The catalogue has more tools than the routes."""
    assert one("POST", "/v1", {"tool": "mint_coins"}).operation == "mint_coins"
    assert one("POST", "/v1/mint_coins", {"tool": "mint_coins", "input": {}}).operation == "mint_coins"


def test_the_input_of_a_route_is_body_path_and_query() -> None:
    """As if it had been a tool call."""
    asked = request("POST", "/v1/payments/escrows/e1/release", {"note": "done"}, query=(("dry", "1"), ("dry", "2")))

    (found,) = calls(asked) or []
    assert found.operation == "release_escrow"
    assert found.input == {"escrow_id": "e1", "note": "done", "dry": ["1", "2"]}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1", {"input": {}}),
        ("POST", "/v1", {"tool": 7}),
        ("POST", "/v1", {"tool": ""}),
        ("POST", "/v1", {"tool": "a b"}),
        ("POST", "/v1", {"tool": "x" * 65}),
        ("POST", "/v1", ["tool"]),
        ("GET", "/v1", {"tool": "create_escrow"}),
        ("POST", "/v1/mint_coins", {}),
        ("POST", "/v1/chat/completions", {"model": "m"}),
        ("POST", "/v1/batch", {"calls": []}),
        ("POST", "/v1/batch", {"calls": [{"method": "x"}]}),
        ("POST", "/v1/batch", {"calls": {"tool": "x"}}),
        ("GET", "/v2/payments/escrows", None),
    ],
)
def test_what_is_for_somebody_else(method: str, path: str, body: JSON) -> None:
    """Another namer's turn."""
    assert calls(request(method, path, body)) is None


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/v1/pricing", "GET /v1/pricing"),
        ("POST", "/v1/register", "POST /v1/register"),
        ("POST", "/v1/mint_coins", "mint_coins"),
    ],
)
def test_everything_on_the_gateways_hosts_is_its_own(method: str, path: str, operation: str) -> None:
    """Also what has no tool."""
    assert one(method, path, {}, host=GATEWAY).operation == operation
    assert one(method, path, {}, host="greenhelix.net").operation == operation
    assert calls(request(method, path, {}, host="evilgreenhelix.net")) is None


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        *(("get_balance", True), ("verify_proof", True), ("best_match", True), ("estimate_cost", True)),
        *(("create_escrow", False), ("check_performance_escrow", False), ("atlas_discover", False)),
        *(("mint_coins", False), ("get_agent_metrics", True)),
    ],
)
def test_which_tools_read(tool: str, *, expected: bool) -> None:
    """By name, or because only GET leads to them."""
    assert is_read(tool) is expected
    assert one("POST", "/v1", {"tool": tool}).safe is expected


def test_reads_over_rest() -> None:
    """By method or by tool, whichever says so."""
    assert one("GET", "/v1/payments/escrows").safe
    assert one("POST", "/v1/gatekeeper/proofs/verify", {}).safe
    assert not one("POST", "/v1/payments/escrows/e1/check-performance", {}).safe
    assert "create_api_key" in TOOLS


def test_the_key_of_the_header_comes_first_then_the_input_then_the_envelope() -> None:
    """One call, one key."""
    body: JSON = {"tool": "deposit", "input": {"idempotency_key": "in"}, "idempotency_key": "beside"}

    assert one("POST", "/v1", body, key="header").key == "header"
    assert one("POST", "/v1", body).key == "in"
    assert one("POST", "/v1", {"tool": "deposit", "input": {}, "idempotencyKey": "beside"}).key == "beside"
    assert one("POST", "/v1", {"tool": "deposit", "input": {}}).key is None


BATCH: JSON = {
    "calls": [
        {"tool": "deposit", "params": {"amount": "1.00", "idempotency_key": "own"}},
        {"tool": "get_balance", "params": {"agent_id": "a"}},
        {"tool": "withdraw", "input": {"amount": "2.00"}, "idempotency_key": "beside"},
        {"params": {}},
        "nonsense",
    ]
}


def test_a_batch_is_one_call_an_entry() -> None:
    """An entry that names no tool keeps its place."""
    found = named("POST", "/v1/batch", BATCH)

    assert [(call.operation, call.input, call.safe, call.key) for call in found] == [
        ("deposit", {"amount": "1.00", "idempotency_key": "own"}, False, "own"),
        ("get_balance", {"agent_id": "a"}, True, None),
        ("withdraw", {"amount": "2.00"}, False, "beside"),
        ("unnamed", {}, False, None),
        ("unnamed", "nonsense", False, None),
    ]


def test_the_key_of_a_batch_is_each_entrys_with_its_place() -> None:
    """Or one key would stand for different calls."""
    assert [call.key for call in named("POST", "/v1/batch", BATCH, key="k")] == ["own", "k#1", "beside", "k#3", "k#4"]


def test_a_batch_nobody_takes_is_one_call() -> None:
    """A body of a megabyte holds tens of thousands of entries."""
    entries: list[JSON] = [{"tool": "deposit", "params": {"amount": str(n)}} for n in range(BATCH_LIMIT + 1)]

    found = one("POST", "/v1/batch", {"calls": entries})
    assert (found.operation, found.safe) == ("batch", False)
    assert found.digest != one("POST", "/v1/batch", {"calls": entries[1:] + entries[:1]}).digest


def test_a_body_that_is_not_json_still_counts() -> None:
    """Two broken bodies are two intents."""

    def sent(body: bytes) -> Call:
        (found,) = calls(Request("POST", "https", ANYWHERE, 443, "/v1/deposit", body=body)) or []
        return found

    assert sent(b'{"amount": 1').operation == "deposit"
    assert sent(b'{"amount": 1').digest != sent(b'{"amount": 2').digest
