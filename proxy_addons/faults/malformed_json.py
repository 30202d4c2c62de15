"""Malformed JSON: the answer looks like JSON and is none, or not one that two readers agree on.

`cut` ends it at a drawn place · `trailing_comma` · `nan` puts NaN in the place of a number, or of the last value
· `duplicate_key` names a field twice, with null the second time · `bom` begins with a byte order mark, which RFC
8259 forbids · `wrong_encoding` has a Latin-1 letter in it, which is no UTF-8. Without `how` one is drawn. Python's
own reader takes NaN and duplicate keys without a word; others refuse them.

What the client sees, on HTTP/1.1 and HTTP/2 alike: a complete answer, whole as far as HTTP can tell, with the same
status and Content-Type. The content encoding stays, Content-Length is mended.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, get_args, override

from pydantic import Field

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault, Played, Wire
from proxy_addons.json_text import Document, JsonText
from proxy_addons.rules.draw import Draw

type How = Literal["cut", "trailing_comma", "nan", "duplicate_key", "bom", "wrong_encoding"]
_WAYS: tuple[How, ...] = get_args(How.__value__)
_BOM = b"\xef\xbb\xbf"
_LATIN_1 = b"\xe9"
_SAID = {
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
    @property
    def fatal(self) -> bool:
        return self.how == "cut"

    @override
    def describe(self) -> str:
        return f"the answer's JSON {_SAID[self.how] if self.how else 'is malformed'}"

    @override
    async def play(self, wire: Wire, draw: Draw) -> Played:
        answer = wire.answer
        if answer is None or not answer.body:
            return Played(delivered=False, detail="the answer has no body")
        u = draw.uniform("cut")
        try:
            broken = {how: made for how in _WAYS if self.how in {how, None} and (made := _break(answer.body, how, u))}
        except ValueError:
            kind = answer.header("content-type") or "of no type"
            return Played(delivered=False, detail=f"the answer is no JSON: {kind}, {len(answer.body)} bytes")
        if not broken:
            return Played(delivered=False, detail=f"{self.how}: this answer offers no place for it")
        how = self.how or draw.choice("how", tuple(broken))
        wire.edit(body=broken[how])
        return Played(delivered=True, detail=f"the JSON {_SAID[how]}")


def _break(body: bytes, how: How, u: float) -> bytes | None:
    """The body, broken this way; None when it offers no place for it."""
    document = Document(body)
    root, members = document.root, document.root.members
    match how:
        case "cut":
            whole = body.rstrip()
            return whole[: 1 + int(u * (len(whole) - 1))] if root.kind in {"object", "array", "string"} else None
        case "trailing_comma":
            if not members:
                return None
            members[-1].value.replace(f"{members[-1].value.source},")
        case "nan":
            leaves = list(_leaves(root))
            if not leaves:
                return None
            next((leaf for leaf in leaves if leaf.kind == "number"), leaves[-1]).replace("NaN")
        case "duplicate_key":
            if not members or root.kind != "object":
                return None
            root.add(members[0].key, "null")
        case "bom":
            return None if body.startswith(_BOM) else _BOM + body
        case "wrong_encoding":
            text = next((leaf for leaf in _leaves(root) if leaf.kind == "string"), None)
            if text is None or document.encoding not in {"utf-8", "utf-8-sig"}:
                return None
            mark = "\N{OBJECT REPLACEMENT CHARACTER}"
            text.replace(f'"{mark}{text.source[1:]}')
            return document.encode().replace(mark.encode(), _LATIN_1, 1)
    return document.encode()


def _leaves(value: JsonText) -> Iterator[JsonText]:
    """Every value that holds no others, in order."""
    if value.kind in {"object", "array"}:
        for member in value.members:
            yield from _leaves(member.value)
    else:
        yield value
