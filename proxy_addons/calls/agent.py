"""Who calls. The first that applies: proxy user, header, API key, `default`."""

from __future__ import annotations

import re
from hashlib import blake2b

from proxy_addons.exchange import Request

LONGEST = 64
"""Characters of an agent's name."""

DEFAULT = "default"

_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff]")
_SCHEMES = frozenset({"bearer", "basic", "token", "apikey", "api-key"})


def agent_name(proxy_user: str | None, request: Request) -> str:
    """The agent's name, without characters that do not show, at most `LONGEST` long.

    `proxy_user` is the user name in the agent's proxy URL. An API key is named by a hash of it, `key-`
    and 8 hex digits: the same for `Authorization` and `X-API-Key`. Authorization that is computed anew for
    each request, like a signature, names nobody.
    """
    return _clean(proxy_user) or _clean(request.header("x-agent-id")) or _key_name(request) or DEFAULT


def _clean(name: str | None) -> str:
    return _NOT_SHOWN.sub("", name or "").strip()[:LONGEST].rstrip()


def _key_name(request: Request) -> str:
    secret = _authorization(request.header("authorization") or "") or (request.header("x-api-key") or "").strip()
    if not secret:
        return ""
    return "key-" + blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def _authorization(value: str) -> str:
    scheme, _, secret = value.strip().partition(" ")
    if not secret:
        return "" if scheme.lower() in _SCHEMES else scheme
    return secret.strip() if scheme.lower() in _SCHEMES else ""
