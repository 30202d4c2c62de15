"""Reading what agents send: text that JSON can carry, bodies that are objects."""

from __future__ import annotations

from proxy_addons.exchange import JSON, Request
from proxy_addons.sandbox.errors import invalid


def encodable(text: str) -> str:
    """The text with `?` for each lone surrogate, as undecodable bytes of a URL or a header leave behind."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def object_body(request: Request) -> dict[str, JSON]:
    """The body as a JSON object; no body is an empty one.

    Raises:
        SandboxError: 422, it is anything else.
    """
    if not request.body:
        return {}
    body = request.json
    if not isinstance(body, dict):
        raise invalid("The body is not a JSON object")
    return body
