"""The GreenHelix gateway: its REST routes and its tools.

`greenhelix_routes.tsv` lists method, path template and tool of the public gateway, version 1.4.8. Two
rows are named after what they do where the gateway's own table has no fitting name:
`POST /v1/infra/keys` is what its official client calls `create_api_key`, `GET /v1/billing/keys` lists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.resources import files
from urllib.parse import unquote

from proxy_addons.calls import rest, safe
from proxy_addons.calls.arguments import body_of, merged
from proxy_addons.calls.idempotency import field_key, header_key
from proxy_addons.calls.logical import logical
from proxy_addons.calls.safe import SAFE_METHODS
from proxy_addons.exchange import JSON, Call, Request


def _routes() -> tuple[tuple[str, str, str], ...]:
    rows = files(__package__).joinpath("greenhelix_routes.tsv").read_text(encoding="utf-8").splitlines()
    split = (row.split("\t") for row in rows)
    return tuple((method, template, tool) for method, template, tool in split)


ROUTES: tuple[tuple[str, str, str], ...] = _routes()
"""(method, path template, tool), in the order of the file."""


@dataclass(slots=True)
class _Node:
    """One segment of the routes that share a beginning. A leaf holds the tool and its parameters' names."""

    literal: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    remainder: _Node | None = None
    leaf: tuple[str, tuple[str, ...]] | None = None


def _tree(routes: tuple[tuple[str, str, str], ...]) -> dict[str, _Node]:
    roots: dict[str, _Node] = {}
    for method, template, tool in routes:
        node = roots.setdefault(method, _Node())
        names: list[str] = []
        for segment in template.strip("/").split("/"):
            if not segment.startswith("{"):
                node = node.literal.setdefault(segment, _Node())
                continue
            name, _, converter = segment.strip("{}").partition(":")
            names.append(name)
            if converter == "path":
                node.remainder = node.remainder or _Node()
                node = node.remainder
            else:
                node.parameter = node.parameter or _Node()
                node = node.parameter
        node.leaf = (tool, tuple(names))
    return roots


_TREE = _tree(ROUTES)

type _Found = tuple[tuple[str, tuple[str, ...]], tuple[str, ...]]


def _find(node: _Node, segments: list[str], values: tuple[str, ...]) -> _Found | None:
    """The leaf that the segments lead to, a literal before a parameter before a remainder."""
    if not segments:
        return (node.leaf, values) if node.leaf else None
    first, rest = segments[0], segments[1:]
    literal = node.literal.get(first)
    found = _find(literal, rest, values) if literal else None
    if found is None and node.parameter and first:
        found = _find(node.parameter, rest, (*values, first))
    if found is None and node.remainder and first:
        found = _find(node.remainder, [], (*values, "/".join(segments)))
    return found


def tool_of(method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The tool behind a REST route and its path parameters, percent-decoded; None: no such route.

    `method` is upper-case, `path` as on the wire, without the query. A trailing slash is forgiven.
    """
    root = _TREE.get(method)
    if root is None or not path.startswith("/"):
        return None
    found = _find(root, path[1:].removesuffix("/").split("/"), ())
    if found is None:
        return None
    (tool, names), values = found
    return tool, {name: unquote(value) for name, value in zip(names, values, strict=True)}


TOOLS = frozenset(tool for _, _, tool in ROUTES) | {"get_agent_metrics"}
"""Every tool that is known by name. The last has no route."""

_NOT_ONLY_READ = frozenset(tool for method, _, tool in ROUTES if method not in SAFE_METHODS)
_HOST = "greenhelix.net"
_ENVELOPE_PATHS = frozenset({"/v1", "/v1/v1", "/v1/execute", "/execute"})
_TOOL_PREFIXES = ("/v1/v1/", "/v1/")
_BATCH_PATHS = frozenset({"/v1/batch", "/v1/v1/batch"})
_TOOL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_VERB_AND_NOUN = re.compile(r"[a-z]+(?:_[a-z]+){1,7}")

BATCH_LIMIT = 100
"""Calls. The gateway takes 10; what is longer than this is refused there and is one call, `batch`, here."""

UNNAMED = "unnamed"
"""The operation of a batch entry that names no tool."""


def is_read(tool: str) -> bool:
    """Whether a tool only reads: by its name, or because only safe methods lead to it."""
    return safe.is_read(tool) or (tool in TOOLS and tool not in _NOT_ONLY_READ)


def calls(request: Request) -> list[Call] | None:
    """The calls of a request in any of the gateway's four dialects; None when it is for somebody else.

    A: `POST /v1` or `/v1/{tool}`, C: `/v1/execute`, D: `/v1/batch`, B: the REST routes. A request to the
    gateway's own hosts that fits none of them is named by the rule for REST.
    """
    method, path = request.method.upper(), request.path.rstrip("/")
    ours = request.host == _HOST or request.host.endswith("." + _HOST)
    if method == "POST":
        body = request.json
        if path in _BATCH_PATHS and (entries := _entries(body)) is not None:
            return _batch(request, entries)
        if path in _ENVELOPE_PATHS and isinstance(body, dict) and (tool := _tool_name(body)):
            return [_enveloped(request, tool, body)]
        if tool := _tool_in_path(path, body, ours=ours):
            return [_addressed(request, tool)]
    if routed := tool_of(method, path):
        tool, parameters = routed
        body, raw = body_of(request)
        value = merged(body, parameters, request.query)
        return [_call(request, tool, value, raw=raw, reads=method in SAFE_METHODS)]
    return rest.calls(request) if ours else None


def _call(request: Request, tool: str, value: JSON, *envelope: JSON, raw: bytes = b"", reads: bool = False) -> Call:
    key = header_key(request) or field_key(value, *envelope)
    return logical(tool, value, safe=reads or is_read(tool), key=key, raw=raw)


def _tool_name(body: dict[str, JSON]) -> str:
    tool = body.get("tool")
    return tool if isinstance(tool, str) and _TOOL_NAME.fullmatch(tool) else ""


def _arguments(body: dict[str, JSON]) -> JSON:
    """What an envelope holds for its tool: `input`, else `params`, else all that is beside `tool`."""
    for name in ("input", "params"):
        if name in body:
            held = body[name]
            return {} if held is None else held
    return {name: item for name, item in body.items() if name != "tool"}


def _enveloped(request: Request, tool: str, body: dict[str, JSON]) -> Call:
    return _call(request, tool, _arguments(body), body)


def _tool_in_path(path: str, body: JSON, *, ours: bool) -> str:
    """The tool of `/v1/{tool}`: one that is known, that the body names too, or that looks like one on our hosts."""
    prefix = next((prefix for prefix in _TOOL_PREFIXES if path.startswith(prefix)), None)
    segment = path[len(prefix) :] if prefix else ""
    named = isinstance(body, dict) and segment != "" and body.get("tool") == segment and _tool_name(body) == segment
    known = segment in TOOLS or named or (ours and _VERB_AND_NOUN.fullmatch(segment) is not None)
    return segment if known else ""


def _addressed(request: Request, tool: str) -> Call:
    """`POST /v1/{tool}` with the input as body, or with an envelope."""
    body, raw = body_of(request)
    if isinstance(body, dict) and isinstance(body.get("tool"), str):
        return _enveloped(request, tool, body)
    return _call(request, tool, merged(body, {}, request.query), raw=raw)


def _entries(body: JSON) -> list[JSON] | None:
    """The entries of a batch, of which one at least names a tool."""
    entries = body.get("calls") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        return None
    return entries if any(isinstance(entry, dict) and _tool_name(entry) for entry in entries) else None


def _batch(request: Request, entries: list[JSON]) -> list[Call]:
    """One call an entry. The request's key is each entry's own, with its place, unless the entry has one."""
    whole = header_key(request)
    if len(entries) > BATCH_LIMIT:
        return [logical("batch", {"calls": entries}, safe=False, key=whole)]
    found: list[Call] = []
    for place, entry in enumerate(entries):
        body: dict[str, JSON] = entry if isinstance(entry, dict) else {"input": entry}
        tool, value = _tool_name(body), _arguments(body)
        key = field_key(value, body) or (f"{whole}#{place}" if whole else None)
        found.append(logical(tool or UNNAMED, value, safe=tool != "" and is_read(tool), key=key))
    return found
