"""The rule for every HTTP interface nobody knows: `METHOD /path/{id}`, with segments that look like ids folded."""

from __future__ import annotations

import re
from urllib.parse import unquote

from proxy_addons.calls.arguments import body_of, merged
from proxy_addons.calls.generated import is_id
from proxy_addons.calls.idempotency import field_key, header_key
from proxy_addons.calls.logical import logical
from proxy_addons.calls.safe import SAFE_METHODS
from proxy_addons.exchange import Call, Request

MAX_SEGMENTS = 8
"""A longer path ends in `/*`: an operation's name is a label of metrics, and those must stay few."""

MAX_SEGMENT = 40
"""Characters. What is longer is no name that a person gave."""

_METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE", "CONNECT"}
_NAME = re.compile(rf"[A-Za-z0-9._$-]{{1,{MAX_SEGMENT}}}")
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def calls(request: Request) -> list[Call]:
    """The one call that a request is. Its input is the body with the query and the folded segments."""
    operation, path = template(request.method, request.path)
    body, raw = body_of(request)
    value = merged(body, path, request.query)
    safe = request.method.upper() in SAFE_METHODS
    key = header_key(request) or field_key(value)
    return [logical(operation, value, safe=safe, key=key, raw=raw)]


def template(method: str, path: str) -> tuple[str, dict[str, str]]:
    """The operation's name and what its folded segments held: `GET /orders/42` is `GET /orders/{id}`, order_id 42.

    A segment is folded when it is a number, looks generated, or has characters or a length that names in
    paths do not have. What follows a colon in it, as in `{id}:cancel`, is kept when it is a name.
    """
    verb = method.upper()
    shown: list[str] = []
    held: dict[str, str] = {}
    before = ""
    segments = [segment for segment in path.split("/") if segment]
    for segment in segments[:MAX_SEGMENTS]:
        subject, colon, action = segment.partition(":")
        if _NAME.fullmatch(subject) and not is_id(subject):
            before = subject
            named = not colon or _is_word(action)
            shown.append(segment if named else f"{subject}:{{id}}")
            if not named:
                _hold(held, subject, action)
        else:
            named = colon != "" and _is_word(action)
            shown.append(f"{{id}}:{action}" if named else "{id}")
            _hold(held, before, subject if named else segment)
    if len(segments) > MAX_SEGMENTS:
        shown.append("*")
        _hold(held, "rest", "/".join(segments[MAX_SEGMENTS:]))
    return f"{verb if verb in _METHODS else 'OTHER'} /{'/'.join(shown)}", held


def _is_word(text: str) -> bool:
    return _NAME.fullmatch(text) is not None and not is_id(text)


def _hold(held: dict[str, str], before: str, value: str) -> None:
    """Keep a segment under the name of the one before it, in the singular."""
    noun = _singular(_NOT_WORD.sub("_", before.lower()).strip("_"))
    stem = f"{noun}_" if noun else ""
    name, count = f"{stem}id", 2
    while name in held:
        name, count = f"{stem}{count}_id", count + 1
    held[name] = unquote(value)


def _singular(noun: str) -> str:
    for plural, singular in (("ies", "y"), ("sses", "ss"), ("ss", "ss"), ("s", "")):
        if noun.endswith(plural):
            return noun.removesuffix(plural) + singular
    return noun
