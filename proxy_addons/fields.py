"""Where a field is: `amount`, `escrows.0.status`, `/a~1b/0` (RFC 6901) or `$..amount` (RFC 9535).

A dotted path and a JSON Pointer name one field; a JSONPath, told by its `$`, may find many.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from proxy_addons.json_text import JsonText, Member

if TYPE_CHECKING:
    from jsonpath import JSONPath


@dataclass(eq=False, frozen=True, slots=True)
class Found:
    """A field that is there: the object or array that holds it, and where it is, as a JSON Pointer."""

    owner: JsonText
    member: Member
    place: str

    @property
    def value(self) -> JsonText:
        """What is in it."""
        return self.member.value


def check_path(path: str) -> str:
    """The path, unless it names no field.

    Raises:
        ValueError: it is none of the three forms, or names the whole.
    """
    if path.startswith("$"):
        _compile(path)
    if not path.strip("/$ ") or (path[0] not in "/$" and (".." in path or path[-1] == "." or path[0] == ".")):
        raise ValueError(
            f'"{path}" names no field; write a dotted path, a.b.0, a JSON Pointer, /a/b/0, or a JSONPath, $..b'
        )
    if path.startswith("/") and any(part[:1] not in {"0", "1"} for part in path.split("~")[1:]):
        raise ValueError(f'"{path}": in a JSON Pointer `~` is written ~0, and `/` within a key ~1')
    return path


@cache
def _compile(path: str) -> JSONPath:
    from jsonpath import CompoundJSONPath, JSONPathError, compile  # noqa: A004  # heavy, and few profiles need it

    try:
        compiled = compile(path, strict=True)
    except JSONPathError as error:
        raise ValueError(f'"{path}" is no JSONPath: {error.args[0]}') from error
    if isinstance(compiled, CompoundJSONPath):  # pragma: no cover - strict mode knows none
        raise ValueError(f'"{path}" is no JSONPath')
    return compiled


def find(path: str, root: JsonText) -> list[Found]:
    """The fields that are meant, in document order; none when there are none."""
    if path.startswith("$"):
        places = [tuple(map(str, match.parts)) for match in _compile(path).finditer(root.value)]
        found = [_at(steps, root) for steps in places if steps]
    else:
        found = [_at(steps_of(path), root)]
    return [one for one in found if one is not None]


def holder(path: str, root: JsonText) -> tuple[JsonText | None, str]:
    """What holds a field, or would hold a new one, and the field's key in it."""
    *outer, key = steps_of(path)
    owner: JsonText | None = root
    if outer:
        found = _at(tuple(outer), root)
        owner = found.value if found is not None else None
    return owner, key


def steps_of(path: str) -> tuple[str, ...]:
    """The keys and indexes of a dotted path or a JSON Pointer."""
    if path.startswith("/"):
        return tuple(step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/"))
    return tuple(path.split("."))


def pointer(steps: tuple[str, ...]) -> str:
    """Keys and indexes as a JSON Pointer."""
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)


def _at(steps: tuple[str, ...], root: JsonText) -> Found | None:
    owner, member = root, root.member(steps[0])
    for step in steps[1:]:
        if member is None:
            return None
        owner, member = member.value, member.value.member(step)
    return None if member is None else Found(owner, member, pointer(steps))


FieldPath = Annotated[
    str,
    AfterValidator(check_path),
    Field(min_length=1, examples=["status", "escrows.0.amount", "/escrows/0/amount", "$..amount"]),
]
"""A path as a person writes it."""

FieldPaths = Annotated[
    tuple[FieldPath, ...], BeforeValidator(lambda written: (written,) if isinstance(written, str) else written)
]
"""One path or several."""

ObjectPath = Annotated[
    str,
    AfterValidator(lambda path: path and check_path(path)),
    Field(examples=["", "data", "/data/0"]),
]
"""The path of an object; empty: the whole answer."""
