"""Partial response: fields of the answer are missing.

By default half of the answer's fields are left out, at least one, and none when there is only one: the
rule of the guide's ChaosInjector. `fields` names those to leave out instead.

What the client sees, on HTTP/1.1 and HTTP/2 alike: a complete answer of valid JSON with fewer fields. The
content encoding stays, Content-Length is mended, and what is left is byte for byte as it was.
"""

from __future__ import annotations

from typing import ClassVar, Self, override

from pydantic import Field, model_validator

from proxy_addons.faults.json_edit import Changes, JsonEdit, nothing_at
from proxy_addons.fields import FieldPaths, ObjectPath, find
from proxy_addons.json_text import JsonText
from proxy_addons.rules.draw import Draw


class PartialResponse(JsonEdit):
    """Leave fields out of the answer."""

    shorthand: ClassVar[str | None] = "fields"

    fields: FieldPaths = Field(default=(), description="fields to leave out; none: they are drawn")
    share: float = Field(default=0.5, gt=0, le=1, description="how many fields to leave out, when they are drawn")
    within: ObjectPath = Field(default="", description="the object whose fields are drawn; empty: the whole answer")

    @model_validator(mode="after")
    def _named_or_drawn(self) -> Self:
        if self.fields and self.model_fields_set & {"share", "within"}:
            raise ValueError("names fields and draws some too; write `fields` alone, or `share` and `within`")
        return self

    @override
    def describe(self) -> str:
        if self.fields:
            return f"the answer comes without {', '.join(self.fields)}"
        where = f" of {self.within}" if self.within else ""
        return f"the answer comes without {self.share * 100:.10g}% of the fields{where}"

    @override
    def change(self, root: JsonText, draw: Draw) -> Changes:
        return self._drop_named(root) if self.fields else self._drop_drawn(root, draw)

    def _drop_named(self, root: JsonText) -> Changes:
        changes = Changes()
        for path in self.fields:
            found = find(path, root)
            for one in found:
                one.owner.drop(one.member)
                changes.done.append(f"without {one.place}")
            if not found:
                changes.missed.append(nothing_at(path))
        return changes

    def _drop_drawn(self, root: JsonText, draw: Draw) -> Changes:
        targets = [one.value for one in find(self.within, root)] if self.within else [root]
        changes = Changes()
        for target in targets:
            if target.kind != "object":
                changes.missed.append(f"{self.within or 'the answer'} is no object, so it has no fields")
            elif len(target.members) < 2:
                changes.missed.append(f"{self.within or 'the answer'} has fewer than two fields")
            else:
                members = sorted(target.members, key=lambda one: (draw.uniform(f"leave out {one.key}"), one.key))
                for member in members[: max(1, int(len(members) * self.share))]:
                    target.drop(member)
                    changes.done.append(f"without {member.key}")
        if not targets:
            changes.missed.append(nothing_at(self.within))
        return changes
