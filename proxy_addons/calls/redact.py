"""What must not reach the journal: secrets, and inputs without bounds."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b

import msgspec

from proxy_addons.calls.canonical import canonical
from proxy_addons.exchange import JSON

REDACTED = "<redacted>"

TOO_DEEP = "<too deep>"

MAX_BYTES = 16_384
"""Of an input in the journal, as JSON. A larger one is told by its size and hash."""

MAX_DEPTH = 32

_SECRET = frozenset(
    {
        *("authorization", "proxyauthorization", "cookie", "setcookie", "xapikey", "apikey", "apikeys"),
        *("password", "passwd", "pwd", "passphrase", "pin", "cvv", "cvc", "otp", "mnemonic", "seedphrase"),
        *("secret", "secrets", "token", "tokens", "jwt", "bearer", "pass", "auth", "xauth", "session", "sessionid"),
        *("cardnumber", "pan", "iban", "accountnumber", "securitycode"),
        *("privatekey", "secretkey", "signingkey", "accesskey", "encryptionkey", "currentkey", "newkey"),
    }
)  # separators removed, lower-case; the last two are GreenHelix's `rotate_key`
_SECRET_PARTS = ("secret", "password", "passwd", "privatekey", "apikey", "credential")
_SECRET_ENDS = ("passphrase", "token", "secretkey", "auth")
_SHORTEST_SECRET = 10
"""Characters: `x://a:b@c.d` is the shortest text that the pattern can find something in, less one."""

_NOT_SECRET = frozenset(
    {"secretary", "pagetoken", "nextpagetoken", "nexttoken", "continuationtoken", "synctoken"}
)  # cursors
_SEPARATORS = str.maketrans("", "", "-_. ")

_SECRET_TEXT = re.compile(
    r"a2a_[a-z]+_[0-9a-fA-F]{12,}"  # GreenHelix
    r"|\b(?:sk|rk|pk|ghp|gho|ghs|xox[abpr]|whsec)[-_][0-9A-Za-z_-]{16,}"  # OpenAI, Stripe, GitHub, Slack
    r"|\bAKIA[0-9A-Z]{16}\b"  # Amazon
    r"|\beyJ[0-9A-Za-z_-]{8,2048}\.[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]*"  # RFC 7519
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
    r"|(?i:\b(?:bearer|basic) )[0-9A-Za-z._~+/=-]{8,}"
    r"|(?<=://)[^/\s:@]{1,256}:[^/\s@]{1,256}(?=@)"  # user and password of a URL
)


def redact(value: JSON) -> JSON:
    """A copy of the input without its secrets, fit to be written as JSON.

    A field with a secret's name loses its value unless that is null; text that has the form of a secret
    loses it wherever it stands. What is larger than `MAX_BYTES` or cannot be written becomes
    `{"omitted": {"bytes": …, "blake2b": …}}`.
    """
    try:
        size = len(msgspec.json.encode(value))
    except (ValueError, OverflowError, RecursionError):
        size = MAX_BYTES + 1
    if size <= MAX_BYTES:
        return _clean(value, MAX_DEPTH)
    form = canonical(value)
    return {"omitted": {"bytes": len(form), "blake2b": blake2b(form, digest_size=16).hexdigest()}}


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a field of this name holds a secret. `idempotency_key` and `public_key` do not."""
    word = name.translate(_SEPARATORS).lower()
    if word in _NOT_SECRET:
        return False
    return word in _SECRET or word.endswith(_SECRET_ENDS) or any(part in word for part in _SECRET_PARTS)


def redact_text(text: str) -> str:
    """The text with everything in it that has the form of a secret replaced."""
    return text if _is_harmless(text) else _SECRET_TEXT.sub(REDACTED, text)


def redact_key(key: str | None) -> str | None:
    """An idempotency key, as its hash where it has the form of a secret: two that are alike stay alike."""
    if key is None or redact_text(key) == key:
        return key
    return "blake2b:" + blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _is_harmless(text: str) -> bool:
    """Whether the pattern need not be tried: it finds nothing in short text, nor in a word but for Amazon's keys."""
    return len(text) < _SHORTEST_SECRET or (text.isalnum() and "AKIA" not in text)


def _clean(value: JSON, depth: int) -> JSON:
    if isinstance(value, str):
        return redact_text(value)
    if not isinstance(value, dict | list):
        return value
    if not depth:
        return TOO_DEEP
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value]
    return {
        name: REDACTED if is_secret(name) and item is not None else _clean(item, depth - 1)
        for name, item in value.items()
    }
