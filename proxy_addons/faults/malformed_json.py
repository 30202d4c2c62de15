"""Malformed JSON: the answer looks like JSON and is none, or not one that two readers agree on.

`cut` ends it at a drawn place · `trailing_comma` · `nan` puts NaN in the place of a number, or of the last value
· `duplicate_key` names a field twice, with null the second time · `bom` begins with a byte order mark, which RFC
8259 forbids · `wrong_encoding` has a Latin-1 letter in it, which is no UTF-8. Without `how` one is drawn. Python's
own reader takes NaN and duplicate keys without a word; others refuse them.

What the client sees, on HTTP/1.1 and HTTP/2 alike: a complete answer, whole as far as HTTP can tell, with the same
status and Content-Type. The content encoding stays, Content-Length is mended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, Literal, override

from pydantic import Field

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.json_text import Document, JsonText
from proxy_addons.rules.draw import Draw

type How = Literal["cut", "trailing_comma", "nan", "duplicate_key", "bom", "wrong_encoding"]
_BOM = b"\xef\xbb\xbf"
_LATIN_1 = b"\xe9"
_MARK = "\N{OBJECT REPLACEMENT CHARACTER}"
_SAID: dict[How, str] = {
    "cut": "is cut in the middle",
    "trailing_comma": "has a comma too many",
    "nan": "has NaN in it",
    "duplicate_key": "names a field twice",
    "bom": "begins with a byte order mark",
    "wrong_encoding": "is not in UTF-8",
}


class MalformedJson(Fault):
    """Break the answer's JSON."""

    shorthand: ClassVar[str | None] = "how"

    at: Literal[Phase.AFTER] = Phase.AFTER
    how: How | None = Field(default=None, description="what is wrong with it; none: drawn among what its body allows")

    @override
    def describe(self) -> str:
        return f"the answer's JSON {_SAID[self.how] if self.how else 'is malformed'}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        answer = wire.answer
        if answer is None or not answer.body:
            return Played(delivered=False, detail="the answer has no body")
        try:
            Document(answer.body)
        except ValueError:
            kind = answer.header("content-type") or "of no type"
            return Played(delivered=False, detail=f"the answer is no JSON: {kind}, {len(answer.body)} bytes")
        for how in (self.how,) if self.how is not None else _in_drawn_order(draw):
            broken = _BREAKERS[how](answer.body, draw.uniform("cut"))
            if broken is not None:
                wire.edit(body=broken)
                return Played(delivered=True, detail=f"the JSON {_SAID[how]}")
        return Played(delivered=False, detail=f"the answer's JSON offers no place for {self.how}")


def _in_drawn_order(draw: Draw) -> tuple[How, ...]:
    first = int(draw.uniform("how") * len(_BREAKERS))
    ways = tuple(_BREAKERS)
    return ways[first:] + ways[:first]


def _cut(body: bytes, u: float) -> bytes | None:
    whole = body.rstrip()
    return whole[: 1 + int(u * (len(whole) - 1))] if whole[-1:] in {b"}", b"]", b'"'} else None


def _trailing_comma(body: bytes, _: float) -> bytes | None:
    document = Document(body)
    if not document.root.members:
        return None
    last = document.root.members[-1].value
    last.replace(f"{last.source},")
    return document.encode()


def _nan(body: bytes, _: float) -> bytes | None:
    document = Document(body)
    leaves = list(_leaves(document.root))
    if not leaves:
        return None
    next((leaf for leaf in leaves if leaf.kind == "number"), leaves[-1]).replace("NaN")
    return document.encode()


def _duplicate_key(body: bytes, _: float) -> bytes | None:
    document = Document(body)
    if document.root.kind != "object" or not document.root.members:
        return None
    document.root.add(document.root.members[0].key, "null")
    return document.encode()


def _bom(body: bytes, _: float) -> bytes | None:
    return None if body.startswith(_BOM) else _BOM + body


def _wrong_encoding(body: bytes, _: float) -> bytes | None:
    document = Document(body)
    text = next((leaf for leaf in _leaves(document.root) if leaf.kind == "string"), None)
    if text is None or not document.encoding.startswith("utf-8"):
        return None
    text.replace(f'"{_MARK}{text.source[1:]}')
    return document.encode().replace(_MARK.encode(), _LATIN_1, 1)


_BREAKERS: dict[How, Callable[[bytes, float], bytes | None]] = {
    "cut": _cut,
    "trailing_comma": _trailing_comma,
    "nan": _nan,
    "duplicate_key": _duplicate_key,
    "bom": _bom,
    "wrong_encoding": _wrong_encoding,
}
"""How each way breaks a body; None: the body offers no place for it. The number says where."""


def _leaves(value: JsonText) -> Iterator[JsonText]:
    """Every value that holds no others, in order."""
    if value.kind in {"object", "array"}:
        for member in value.members:
            yield from _leaves(member.value)
    else:
        yield value
