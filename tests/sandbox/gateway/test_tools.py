from __future__ import annotations

import pytest

from proxy_addons.calls.greenhelix import ROUTES
from proxy_addons.exchange import JSON
from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.gateway.tools import KNOWN, TOOLS, find_tool


def test_every_simulated_tool_has_a_route() -> None:
    """All but `register`, which the table of routes does not list."""
    assert TOOLS.keys() - {tool for _, _, tool in ROUTES} == {"register"}


def test_every_tool_says_what_it_does() -> None:
    """The catalogue shows it."""
    assert all(operation.service and operation.summary.endswith(".") for operation in TOOLS.values())


def test_a_simulated_tool_is_found() -> None:
    """By its name."""
    assert find_tool("create_escrow") is TOOLS["create_escrow"]


@pytest.mark.parametrize("name", sorted(KNOWN - TOOLS.keys()))
def test_a_tool_that_is_not_simulated_says_so(name: str) -> None:
    """501, plainly."""
    with pytest.raises(SandboxError) as refusal:
        find_tool(name)
    assert (refusal.value.code, refusal.value.status) == ("not-simulated", 501)
    assert name in refusal.value.detail


@pytest.mark.parametrize(("name", "status"), [("nope", 404), ("", 404), (None, 422), (1, 422), (["deposit"], 422)])
def test_what_is_no_tool_is_refused(name: JSON, status: int) -> None:
    """404 for a name, 422 for anything else."""
    with pytest.raises(SandboxError) as refusal:
        find_tool(name)
    assert refusal.value.status == status
