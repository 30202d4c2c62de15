from __future__ import annotations

import pytest

from proxy_addons.calls.greenhelix import ROUTES
from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.gateway.rest import problem
from proxy_addons.sandbox.gateway.tools import TOOLS
from tests.sandbox.asking import Asking


@pytest.mark.parametrize(("method", "template", "tool"), ROUTES)
def test_every_route_is_answered(ask: Asking, method: str, template: str, tool: str) -> None:
    """A simulated one in some way of its own, any other with 501 that says so."""
    path = template.replace("{", "x-").replace(":path}", "").replace("}", "")
    told = ask(f"{method} {path}")
    assert (told.status == 501) is (tool not in TOOLS)
    assert told.status < 500 or told.body["type"] == "https://api.greenhelix.net/errors/not-simulated"


@pytest.mark.parametrize(
    "call",
    [
        "GET /",
        "GET /v1",
        "GET /v2/health",
        "PATCH /v1/payments/escrows",
        "GET /v1/register",
        "POST /v1/pricing",
        "GET ",
    ],
)
def test_no_route_is_404(ask: Asking, call: str) -> None:
    """As a problem, naming what was asked."""
    told = ask(call)
    assert (told.status, told.body["type"]) == (404, "https://api.greenhelix.net/errors/not-found")
    assert told.body["detail"] == f"No route: {call}"


def test_a_problem_can_always_be_written() -> None:
    """Whatever bytes the path held."""
    assert problem(SandboxError("not-found", "x"), "/\udcff").instance == "/?"


@pytest.mark.parametrize("call", ["GET /\udcff", "\udcff /", "POST /v1/\udcff", "GET /v1/pricing/\udcff"])
def test_undecodable_bytes_in_a_request_line_are_404(ask: Asking, call: str) -> None:
    """They come as lone surrogates, which JSON cannot carry back."""
    assert ask(call).status == 404


def test_path_parameters_are_decoded(ask: Asking) -> None:
    """An agent's name may hold anything."""
    ask("POST /v1/billing/wallets/caf%C3%A9%20%2F/deposit", {"amount": 1})
    assert ask.sandbox.balance("café /") == 501


def test_a_body_cannot_repeat_a_path_parameter(ask: Asking) -> None:
    """It is an unknown field there."""
    told = ask("POST /v1/billing/wallets/a/deposit", {"amount": 1, "agent_id": "b"})
    assert (told.status, told.body["detail"]) == (422, "Object contains unknown field `agent_id`")


def test_unknown_fields_are_refused_in_a_body_and_passed_over_in_a_query(ask: Asking) -> None:
    """As the gateway does."""
    assert ask("POST /v1/billing/wallets/a/deposit", {"amount": 1, "tip": 1}).status == 422
    assert ask("GET /v1/billing/wallets/a/balance?tip=1").status == 200


def test_the_price_list_is_public(ask: Asking) -> None:
    """As a whole and by tool."""
    tools = ask("GET /v1/pricing").body["tools"]
    assert {tool["name"] for tool in tools} == TOOLS.keys()
    assert ask("GET /v1/pricing/deposit").body == {"tool": next(tool for tool in tools if tool["name"] == "deposit")}
    assert ask("GET /v1/pricing/nope").status == 404


def test_health_says_whose_it_is(ask: Asking) -> None:
    """The fields that the official client reads."""
    told = ask("GET /v1/health")
    assert told.body == {"status": "ok", "version": "1.4.8+crosswind", "tools": len(TOOLS)}
