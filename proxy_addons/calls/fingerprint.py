"""Two hashes of what a call asks for.

The **digest** tells one intent from another: it leaves out the fields that change with every try
(`volatile.py`) and nothing else. The **fingerprint** also leaves out every value that looks generated
(`generated.py`), so that two runs against a provider that makes random ids draw the same faults.

Both hash the RFC 8785 form of operation and input (`canonical.py`) with BLAKE2b to 32 hex digits. Of an
input above `LARGE` only the volatile fields at the top are left out, and it is hashed as it comes, with
sorted keys: to look through a megabyte would hold up the event loop for a tenth of a second.
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from proxy_addons.calls.canonical import MAX_DEPTH, canonical
from proxy_addons.calls.generated import BLANK, LONGEST, blanked
from proxy_addons.calls.volatile import Sort, sort_of

_RECIPE = b"crosswind 1"
"""Part of every hash: whoever changes what is left out changes it, for a seed then means something else."""

LARGE = 262_144
"""Bytes of an input's JSON."""

_MAX_INT = 2**53 - 1
_FLAT_KINDS = frozenset({int, bool, type(None)})
_SERIALS = frozenset({Sort.ID, Sort.TIME})
_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode


def digest(operation: str, value: object, raw: bytes = b"") -> str:
    """The hash of an operation and its JSON input, blind to volatile fields. Never raises.

    `raw` is a body that is not JSON; it is hashed byte by byte.
    """
    return _hash(operation, _large(value) or canonical(_kept(value, MAX_DEPTH)), raw)


def fingerprint(operation: str, value: object, raw: bytes = b"") -> str:
    """The hash of an operation and its JSON input, blind to volatile fields and generated values. Never raises.

    `raw` is a body that is not JSON; what looks generated in it is left out too.
    """
    if raw and len(raw) <= LONGEST:
        raw = blanked(raw.decode("latin-1")).encode("latin-1")
    return _hash(operation, _large(value) or canonical(_blind(value, Sort.PLAIN, MAX_DEPTH)), raw)


def hashes(operation: str, value: object, raw: bytes = b"") -> tuple[str, str]:
    """Fingerprint and digest together, for half the cost where nothing in the input looks generated."""
    if form := _flat(value):
        same = _hash(operation, form, raw)
        return (same, same) if not raw else (fingerprint(operation, value, raw), same)
    if raw or _large(value):
        return fingerprint(operation, value, raw), digest(operation, value, raw)
    kept, blind = _kept(value, MAX_DEPTH), _blind(value, Sort.PLAIN, MAX_DEPTH)
    told = _hash(operation, canonical(kept), raw)
    return (told if blind == kept else _hash(operation, canonical(blind), raw)), told


def _hash(operation: str, form: bytes, raw: bytes) -> str:
    name = operation.encode("utf-8", "surrogatepass")
    hasher = blake2b(b"%b%d:%b%d:" % (_RECIPE, len(name), name, len(form)), digest_size=16)
    hasher.update(form)
    hasher.update(raw)
    return hasher.hexdigest()


def _flat(value: object) -> bytes:
    """The canonical form of the usual input, at a third of the cost; empty for any other.

    The usual input is an object without further structure, in which nothing is volatile or looks generated.
    """
    if type(value) is not dict:
        return b""
    for name, item in value.items():
        if name == "id" or sort_of(name) is not Sort.PLAIN:
            return b""
        kind = type(item)
        if kind is str:
            if blanked(item) != item:
                return b""
        elif (kind is int and not -_MAX_INT <= item <= _MAX_INT) or kind not in _FLAT_KINDS:
            return b""
    try:
        form = _encode_sorted(value)
    except UnicodeEncodeError:
        return b""
    return form if form.isascii() and len(form) <= LARGE else b""


def _large(value: object) -> bytes:
    """The form of an input above `LARGE`, behind a byte that no other form begins with; empty for all others."""
    if not isinstance(value, dict | list):
        return b""
    try:
        if len(_encode(value)) <= LARGE:
            return b""
        top = _kept(value, 1) if isinstance(value, dict) else value
        return b"\x01" + _encode_sorted(top)
    except (ValueError, RecursionError):
        return b""


def _is_left_out(name: str, siblings: dict[str, object]) -> bool:
    return sort_of(name) is Sort.VOLATILE or (name == "id" and "jsonrpc" in siblings)


def _kept(value: object, depth: int) -> object:
    """The value without its volatile fields, down to `depth`; what lies deeper stays as it is."""
    if isinstance(value, dict) and depth:
        return {name: _kept(item, depth - 1) for name, item in value.items() if not _is_left_out(name, value)}
    if isinstance(value, list) and depth:
        return [_kept(item, depth - 1) for item in value]
    return value


def _blind(value: object, sort: Sort, depth: int) -> object:
    """As `_kept`, with generated values blanked. `sort` is that of the field that holds the value."""
    if isinstance(value, str):
        return BLANK if sort is Sort.ISSUED else _blind_text(value, sort)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _blind_number(value, sort)
    if isinstance(value, dict) and depth:
        return _blind_fields(value, depth - 1)
    if isinstance(value, list) and depth:
        return [_blind(item, sort, depth - 1) for item in value]
    return value


def _blind_fields(fields: dict[str, object], depth: int) -> dict[str, object]:
    blind: dict[str, object] = {}
    generated: list[object] = []
    for name, item in fields.items():
        if _is_left_out(name, fields):
            continue
        sort = sort_of(name)
        if sort is Sort.GENERATED:
            generated.append(_blind(item, Sort.PLAIN, depth))
        else:
            blind[name] = _blind(item, sort, depth)
    if generated:
        blind[BLANK] = generated
    return blind


def _blind_text(text: str, sort: Sort) -> str:
    if sort in _SERIALS and text.isdecimal() and (sort is Sort.ID or _is_moment(int(text[:20]))):
        return BLANK
    return blanked(text)


def _blind_number(number: float, sort: Sort) -> object:
    if sort is Sort.ISSUED or sort is Sort.ID or (sort is Sort.TIME and _is_moment(number)):
        return BLANK
    return number


def _is_moment(number: float) -> bool:
    """Whether it counts seconds, milli-, micro- or nanoseconds since 1970, between 2001 and 2286."""
    return any(1e9 * unit <= number < 1e10 * unit for unit in (1, 1e3, 1e6, 1e9))
