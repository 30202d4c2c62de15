"""The arguments of a call that travels as plain HTTP: from body, path and query to one input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from proxy_addons.exchange import JSON, Request

_FORM = "application/x-www-form-urlencoded"


def body_of(request: Request) -> tuple[JSON, bytes]:
    """The body as a JSON value, and what could not be read as one.

    A form becomes an object of strings, with a list where a field repeats. Of a multipart body the
    boundary is left out, for clients draw a new one each time.
    """
    if not request.body:
        return None, b""
    if request.json is not None or request.body.strip() == b"null":
        return request.json, b""
    kind, _, parameters = (request.header("content-type") or "").partition(";")
    kind = kind.strip().lower()
    if kind == _FORM:
        return fields(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)), b""
    if kind.startswith("multipart/") and (boundary := _boundary(parameters)):
        return None, request.body.replace(boundary, b"")
    return None, request.body


def fields(pairs: Iterable[tuple[str, str]]) -> dict[str, JSON]:
    """Name and value pairs as an object; a name that repeats holds the list of its values."""
    found: dict[str, JSON] = {}
    for name, value in pairs:
        known = found.get(name)
        if name not in found:
            found[name] = value
        elif isinstance(known, list):
            known.append(value)
        else:
            found[name] = [known, value]
    return found


def merged(body: JSON, path: Mapping[str, str], query: Iterable[tuple[str, str]]) -> JSON:
    """One input: the path's parameters, the body's fields and the query's parameters.

    Where a name is taken, the path comes before the body and the body before the query; what comes second
    goes under `body.<name>` or `query.<name>`. A body that is no object goes under `body`, unless it is all
    there is.
    """
    asked = fields(query)
    if body is None:
        body = {}
    if not isinstance(body, dict):
        if not path and not asked:
            return body
        body = {"body": body}
    found: dict[str, JSON] = dict(path)
    for origin, group in (("body", body), ("query", asked)):
        for name, value in group.items():
            if name not in found:
                found[name] = value
            elif found[name] != value:
                found[f"{origin}.{name}"] = value
    return found


def _boundary(parameters: str) -> bytes:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "boundary":
            return value.strip('"').encode("utf-8", "replace")
    return b""
