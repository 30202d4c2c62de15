"""Dialect B on the wire: which route is which tool, and what a refusal looks like."""

from __future__ import annotations

from proxy_addons.calls.greenhelix import tool_of
from proxy_addons.exchange import JSON, Request
from proxy_addons.sandbox.errors import SandboxError, invalid
from proxy_addons.sandbox.gateway.catalogue import catalogue, priced
from proxy_addons.sandbox.gateway.tools import TOOLS, find_tool
from proxy_addons.sandbox.operation import Books, Output, Reply, Situation
from proxy_addons.sandbox.reading import encodable, object_body

ERRORS = "https://api.greenhelix.net/errors/"
"""The gateway's problem types are this and the code (observed on 1.4.8)."""

VERSION = "1.4.8+crosswind"
"""The gateway whose answers these are, and who gives them."""

_PRICING = "/v1/pricing"


class Problem(Output):
    """RFC 9457, as the gateway fills it in."""

    type: str
    title: str
    status: int
    detail: str
    instance: str


def problem(error: SandboxError, path: str) -> Problem:
    """A refusal; its content type is `application/problem+json`."""
    return Problem(ERRORS + error.code, error.title, error.status, error.detail, encodable(path))


def answer(books: Books, request: Request, situation: Situation) -> Reply:
    """Do what a REST request asks.

    Raises:
        SandboxError: 404 or 501, there is no such route or the sandbox does not simulate it; else as the
            operation refuses.
    """
    method, path = request.method, request.path
    found = tool_of(method, path)
    if found is None:
        return _off_the_table(books, request, situation)
    tool, parameters = found
    operation = find_tool(tool)
    of_path: dict[str, JSON] = {name: encodable(value) for name, value in parameters.items()}
    if method == "GET":
        of_query = {encodable(name): encodable(value) for name, value in request.query}
        return operation(books, of_query | of_path, situation, lax=True, text=True)
    body = object_body(request)
    for name in of_path.keys() & body.keys():
        raise invalid(f"Object contains unknown field `{name}`")
    return operation(books, body | of_path, situation)


def _off_the_table(books: Books, request: Request, situation: Situation) -> Reply:
    """The few routes that the table of tools does not list."""
    match request.method, request.path:
        case "POST", "/v1/register":
            return TOOLS["register"](books, object_body(request), situation)
        case "GET", "/v1/pricing":
            return Reply({"tools": catalogue()})
        case "GET", "/v1/health":
            return Reply({"status": "ok", "version": VERSION, "tools": len(TOOLS)})
        case "GET", path if path.startswith(f"{_PRICING}/"):
            return Reply({"tool": priced(encodable(path.removeprefix(f"{_PRICING}/")))})
    raise SandboxError("not-found", encodable(f"No route: {request.method} {request.path}"))
