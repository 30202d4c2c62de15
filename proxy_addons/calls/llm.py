"""Calls of language models, as OpenAI and Anthropic shape them, whoever serves them.

A completion changes nothing at its provider that a second one would do twice, but for the bill: such calls
are safe, and no check for duplicate effects looks at them. The SDKs count their own retries in the header
`x-stainless-retry-count`; headers are no part of the hashes, so that a retry has its first try's digest.
"""

from __future__ import annotations

import re

from proxy_addons.calls.idempotency import header_key
from proxy_addons.calls.logical import logical
from proxy_addons.exchange import Call, Request

_OPENAI = re.compile(
    r"(?:/[^/]+)*?/(?:v1|openai|deployments/[^/]+)/"
    r"(chat/completions|completions|responses|embeddings|moderations|images/generations)"
)
_ANTHROPIC = re.compile(r"(?:/[^/]+)*?/v1/(messages(?:/count_tokens)?|complete)")


def openai(request: Request) -> list[Call] | None:
    """The call of a request that OpenAI's API takes, such as `chat.completions`; None when it is none."""
    return _call(request, _OPENAI)


def anthropic(request: Request) -> list[Call] | None:
    """The call of a request that Anthropic's API takes, such as `messages`; None when it is none."""
    return _call(request, _ANTHROPIC, by=request.header("anthropic-version"))


def _call(request: Request, paths: re.Pattern[str], by: str | None = None) -> list[Call] | None:
    found = paths.fullmatch(request.path.rstrip("/")) if request.method == "POST" else None
    body = request.json if found else None
    named = isinstance(body, dict) and isinstance(body.get("model"), str)
    if found is None or not (named or by):
        return None
    raw = request.body if body is None else b""
    return [logical(found[1].replace("/", "."), body, safe=True, key=header_key(request), raw=raw)]
