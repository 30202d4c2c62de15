"""Schema drift: the answer has another shape than the one that was agreed on.

In this order: `enum` (other values), `nullify`, `retype`, `remove`, `rename`, `add`, `nest` (fields move into a new
object), `case` (of all keys) and `wrap` (the whole under a key). All paths speak of the answer as the provider gave
it. `preset: v2` is the guide's migration: `status` becomes `state`, and `api_version` "2.0" and `deprecated_fields`
["status"] are added.

What the client sees, on HTTP/1.1 and HTTP/2 alike: a complete answer of valid JSON. The content encoding stays,
Content-Length is mended, values that are not touched are byte for byte as they were, `275.0` also when it moves.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self, override

from pydantic import AfterValidator, Field, model_validator

from proxy_addons.faults.drift import CASES, Case, Type, change_case, retyped
from proxy_addons.faults.json_edit import Changes, JsonEdit, nothing_at
from proxy_addons.fields import FieldPath, FieldPaths, Found, find, holder
from proxy_addons.json_text import JsonText, write
from proxy_addons.rules.draw import Draw

_V2_RENAME = {"status": "state"}
_V2_ADD: dict[str, Any] = {"api_version": "2.0", "deprecated_fields": ["status"]}
_MOVES = ("remove", "rename", "nullify", "retype", "enum")


def _one_field(path: str) -> str:
    if path.startswith("$"):
        raise ValueError(f'"{path}": a JSONPath may mean many fields; write a dotted path or a JSON Pointer')
    return path


OneField = Annotated[FieldPath, AfterValidator(_one_field)]
Key = Annotated[str, Field(min_length=1)]


class SchemaDrift(JsonEdit):
    """Change the shape of the answer."""

    shorthand: ClassVar[str | None] = "preset"

    preset: Literal["v2"] | None = Field(default=None, description="the guide's migration from v1 to v2")
    add: dict[OneField, Any] = Field(default_factory=dict, description="new fields and their values")
    remove: FieldPaths = Field(default=(), description="fields that are gone")
    rename: dict[FieldPath, Key] = Field(default_factory=dict, description="fields and their new names")
    retype: dict[FieldPath, Type] = Field(default_factory=dict, description="fields and the types they get")
    nullify: FieldPaths = Field(default=(), description="fields that are null")
    enum: dict[FieldPath, Any] = Field(
        default_factory=dict, description="fields and their new value, or a mapping of values to new ones"
    )
    nest: dict[Key, FieldPaths] = Field(default_factory=dict, description="new objects, and the fields that move in")
    case: Case | None = Field(default=None, description="how all keys are written")
    wrap: Key | None = Field(default=None, description="a key under which the whole answer comes")

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        if not self.model_fields_set - {"at"}:
            raise ValueError("drifts nowhere; write `preset: v2`, or what to add, remove, rename and so on")
        seen: dict[str, str] = {}
        for word in _MOVES:
            for path in getattr(self, word):
                if path in seen:
                    raise ValueError(f"{path}: in `{seen[path]}` and in `{word}` too; write it in one of them")
                seen[path] = word
        return self

    @override
    def describe(self) -> str:
        parts = ["follows the v2 migration"] if self.preset else []
        parts += [f"has {path} added" for path in self.add]
        parts += [f"lacks {path}" for path in self.remove]
        parts += [f"calls {path} {name}" for path, name in self.rename.items()]
        parts += [f"has {path} as {kind}" for path, kind in self.retype.items()]
        parts += [f"has null in {path}" for path in self.nullify]
        parts += [f"has other values in {path}" for path in self.enum]
        parts += [f"nests {', '.join(paths)} in {name}" for name, paths in self.nest.items()]
        parts += [f"writes its keys in {CASES[self.case]}"] if self.case else []
        parts += [f"comes under {self.wrap}"] if self.wrap else []
        return f"the answer's schema drifts: it {', '.join(parts)}"

    @override
    def change(self, root: JsonText, draw: Draw) -> Changes:
        changes = Changes()
        moved = {
            name: [one for path in paths for one in _found(path, root, changes)] for name, paths in self.nest.items()
        }
        self._change_values(root, changes)
        self._change_names(root, changes)
        for name, found in moved.items():
            _nest(root, name, found, changes)
        if self.case and change_case(root, self.case):
            changes.done.append(f"keys in {CASES[self.case]}")
        if self.wrap:
            root.replace(f"{{{write(self.wrap)}: {root.source}}}")
            changes.done.append(f"all under {self.wrap}")
        return changes

    def _change_values(self, root: JsonText, changes: Changes) -> None:
        for path, new in self.enum.items():
            for one in _found(path, root, changes):
                old = one.value.value
                value = new.get(str(old), old) if isinstance(new, dict) else new
                _replace(one, write(value), changes)
        for path in self.nullify:
            for one in _found(path, root, changes):
                _replace(one, "null", changes)
        for path, kind in self.retype.items():
            for one in _found(path, root, changes):
                _replace(one, retyped(one.value, kind), changes)

    def _change_names(self, root: JsonText, changes: Changes) -> None:
        preset = self.preset is not None
        renames = self.rename | (_V2_RENAME if preset and root.member("status") else {})
        renamed = [(one, name) for path, name in renames.items() for one in _found(path, root, changes)]
        for path in self.remove:
            for one in _found(path, root, changes):
                one.owner.drop(one.member)
                changes.done.append(f"{one.place} removed")
        for one, name in renamed:
            if one.owner.kind != "object":
                changes.missed.append(f"{one.place} is in a list and has no name")
                continue
            if (taken := one.owner.member(name)) is not None and taken is not one.member:
                one.owner.drop(taken)
            one.member.rename(name)
            changes.done.append(f"{one.place} → {name}")
        for path, value in ((_V2_ADD | self.add) if preset else self.add).items():
            _add(root, path, write(value), changes)


def _found(path: str, root: JsonText, changes: Changes) -> list[Found]:
    found = find(path, root)
    if not found:
        changes.missed.append(nothing_at(path))
    return found


def _replace(one: Found, text: str, changes: Changes) -> None:
    if text == one.value.source:
        changes.missed.append(f"{one.place} is {text} already")
    else:
        one.value.replace(text)
        changes.done.append(f"{one.place} → {text}")


def _add(root: JsonText, path: str, text: str, changes: Changes) -> None:
    owner, key = holder(path, root)
    if owner is None or owner.kind != "object":
        changes.missed.append(f"no object to hold {path}")
    elif (there := owner.member(key)) is not None:
        there.value.replace(text)
        changes.done.append(f"{path} overwritten")
    else:
        owner.add(key, text)
        changes.done.append(f"{path} added")


def _nest(root: JsonText, name: str, found: list[Found], changes: Changes) -> None:
    """Move fields, by the names that they have now, into a new object."""
    here = [one for one in found if one.owner.kind == "object" and one.member in one.owner.members]
    if not here:
        return
    if root.kind != "object":
        changes.missed.append(f"no object to hold {name}")
        return
    inside = ", ".join(f"{write(one.member.key)}: {one.value.source}" for one in here)
    for one in here:
        one.owner.drop(one.member)
    root.add(name, f"{{{inside}}}")
    changes.done.append(f"{', '.join(one.place for one in here)} moved into {name}")
