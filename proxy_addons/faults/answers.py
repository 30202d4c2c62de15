"""Well-formed answers that several faults give instead of the provider's. Not a fault itself."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Annotated

from pydantic import AfterValidator

BODYLESS = frozenset({204, 205, 304})
FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})

type Headers = list[tuple[str, str]]


def title(code: int) -> str:
    """The status's phrase."""
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "Error"


def problem(code: int, path: str, detail: str = "") -> tuple[Headers, bytes]:
    """A problem document (RFC 9457)."""
    document = {"type": "about:blank", "title": title(code), "status": code, "instance": path}
    if detail:
        document["detail"] = detail
    kind = "application/problem+json" if code >= HTTPStatus.BAD_REQUEST else "application/json"
    return [("content-type", kind)], json.dumps(document).encode()


def error_page(code: int) -> tuple[Headers, bytes]:
    """The page that a load balancer sends when what is behind it fails."""
    named = f"{code} {title(code)}"
    page = f"<html>\n<head><title>{named}</title></head>\n<body>\n<center><h1>{named}</h1></center>\n</body>\n</html>\n"
    return [("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store")], page.encode()


def check_header_name(name: str) -> str:
    """The name, unless the body itself sets such a header or it is none.

    Raises:
        ValueError: it is one of these.
    """
    if name.lower() in FRAMING:
        raise ValueError(f"{name} is set by the body itself; to break the framing use the fault `wrong_length`")
    if not name or not name.isascii() or any(c in name for c in " :\r\n"):
        raise ValueError(f"{name!r} is no header")
    return name


def check_headers(headers: dict[str, str]) -> dict[str, str]:
    """The headers, unless one of them could not be sent.

    Raises:
        ValueError: which one, and why.
    """
    for name, value in headers.items():
        check_header_name(name)
        if any(c in value for c in "\r\n\0"):
            raise ValueError(f"{name!r}: {value!r} is no header")
    return headers


HeaderName = Annotated[str, AfterValidator(check_header_name)]
HeaderFields = Annotated[dict[str, str], AfterValidator(check_headers)]
