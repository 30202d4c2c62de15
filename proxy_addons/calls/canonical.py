"""One byte string for a JSON value, whatever order its keys came in.

RFC 8785 where that RFC has an answer. It has none for whole numbers beyond ±(2^53-1), NaN and
infinities, lone surrogates and, in practice, absurd depth: such a value is written as typed,
length-prefixed tokens behind a zero byte, which no JSON text begins with. Two different values never
share a byte string because neither could be written.
"""

from __future__ import annotations

import msgspec
import rfc8785

MAX_DEPTH = 64
"""Objects and lists inside one another, beyond which a value is written as tokens."""

_MAX_INT = 2**53 - 1
_sorted = msgspec.json.Encoder(order="sorted")


def canonical(value: object) -> bytes:
    """The canonical form of a JSON value. Never raises; 275.0 and 275 are the same number."""
    if _is_plain(value, MAX_DEPTH):
        try:
            return _sorted.encode(value)
        except UnicodeEncodeError:
            return _tokens(value)
    if _depth_exceeds(value, MAX_DEPTH):
        return _tokens(value)
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # whatever it cannot write, it refuses
    except ValueError:
        return _tokens(value)


def _is_plain(value: object, depth: int) -> bool:
    """Whether msgspec's sorted form is the RFC's: then both agree on key order, numbers and escapes.

    ASCII keys sort alike as UTF-8 and as UTF-16. Both write whole numbers in decimal, and escape only
    quote, backslash and control characters, the same way. Fractions are left to the RFC's own writer.
    """
    if isinstance(value, dict):
        keys_are = all(isinstance(key, str) and key.isascii() for key in value)
        return keys_are and depth > 0 and all(_is_plain(item, depth - 1) for item in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_is_plain(item, depth - 1) for item in value)
    if isinstance(value, int):
        return -_MAX_INT <= value <= _MAX_INT
    return value is None or isinstance(value, str)


def _depth_exceeds(value: object, limit: int) -> bool:
    level: list[object] = [value]
    for _ in range(limit + 1):
        deeper: list[object] = []
        for item in level:
            if isinstance(item, dict):
                deeper += item.values()
            elif isinstance(item, list):
                deeper += item
        if not deeper:
            return False
        level = deeper
    return True


def _tokens(value: object) -> bytes:
    """The value without recursion, as one token for each scalar, key, and beginning of a container."""
    out = [b"\x00"]
    waiting: list[object] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            tag, data = b"d", str(len(item)).encode()
            for key in sorted(item, key=repr, reverse=True):
                waiting += (item[key], key)
        elif isinstance(item, list | tuple):
            tag, data = b"l", str(len(item)).encode()
            waiting.extend(reversed(item))
        else:
            tag, data = _token(item)
        out.append(b"%b%d:%b" % (tag, len(data), data))
    return b"".join(out)


def _token(item: object) -> tuple[bytes, bytes]:
    if isinstance(item, str):
        return b"s", item.encode("utf-8", "surrogatepass")
    if isinstance(item, float) and item.is_integer() and abs(item) <= _MAX_INT:
        item = int(item)
    if isinstance(item, int) and not isinstance(item, bool):
        return b"i", hex(item).encode()  # decimal is refused beyond 4300 digits
    return b"x", repr(item).encode("utf-8", "surrogatepass")
