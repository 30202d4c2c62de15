"""The JSON Schema (2020-12) with which editors complete and check profiles, made from the models."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from proxy_addons.rules.profile import Profile


def profile_schema() -> dict[str, Any]:
    """The schema as a plain structure."""
    generated = _tidy(Profile.model_json_schema(by_alias=True))
    return {"$schema": GenerateJsonSchema.schema_dialect, "title": "Crosswind profile", **generated}


def profile_schema_text() -> str:
    """The schema as its file holds it."""
    return json.dumps(profile_schema(), indent=2, ensure_ascii=False) + "\n"


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop what tells an author nothing: titles made from names, null as a value, defaults not as one writes them."""
    tidied = {key: _inside(key, value) for key, value in schema.items() if key != "title"}
    branches = [branch for branch in tidied.get("anyOf", ()) if branch != {"type": "null"}]
    if len(branches) == 1:
        del tidied["anyOf"]
        tidied = {**branches[0], **tidied}
    elif branches:
        tidied["anyOf"] = branches
    if "default" in tidied and not _is_telling(tidied["default"], tidied):
        del tidied["default"]
    return tidied


def _inside(key: str, value: Any) -> Any:  # noqa: ANN401  # a JSON Schema holds any JSON
    if key in {"properties", "$defs"}:
        return {name: _tidy(child) for name, child in value.items()}
    if isinstance(value, dict) and key in {"items", "additionalProperties", "propertyNames"}:
        return _tidy(value)
    if key in {"anyOf", "oneOf", "allOf"}:
        return [_tidy(child) for child in value]
    return value


def _is_telling(default: object, schema: dict[str, Any]) -> bool:
    if isinstance(default, str):
        return bool(default)
    return isinstance(default, (bool, int, float)) and "string" not in schema.get("type", ())
