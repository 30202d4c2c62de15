from __future__ import annotations

import msgspec
import pytest
from jsonschema import Draft202012Validator

from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.gateway.catalogue import catalogue, priced
from proxy_addons.sandbox.gateway.tools import TOOLS


def test_the_catalogue_lists_what_is_simulated() -> None:
    """No more and no less."""
    assert [tool.name for tool in catalogue()] == sorted(TOOLS)


def test_an_entry_has_the_gateway_s_fields() -> None:
    """As observed on 1.4.8."""
    fields = {"name", "service", "description", "input_schema", "output_schema", "pricing", "sla", "tier_required"}
    assert all(msgspec.to_builtins(tool).keys() == fields for tool in catalogue())
    assert all("max_latency_ms" in tool.sla for tool in catalogue())


def test_the_schemas_are_schemas() -> None:
    """With the properties at the top."""
    for tool in catalogue():
        for schema in (tool.input_schema, tool.output_schema):
            Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"


def test_one_tool_can_be_asked_for() -> None:
    """By its name."""
    assert priced("deposit").input_schema["required"] == ["agent_id", "amount"]


@pytest.mark.parametrize(("name", "status"), [("open_dispute", 501), ("nope", 404)])
def test_what_is_not_simulated_has_no_entry(name: str, status: int) -> None:
    """It is not for sale."""
    with pytest.raises(SandboxError) as refusal:
        priced(name)
    assert refusal.value.status == status
