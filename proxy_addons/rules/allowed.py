"""Which keys a profile allows at a place, found by walking the models' annotations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, TypeAliasType, Union, get_args, get_origin

from pydantic import BaseModel, RootModel

from proxy_addons import faults
from proxy_addons.rules.named_fault import NamedFault


def allowed_keys(model: type[BaseModel], loc: Sequence[int | str]) -> tuple[str, ...]:
    """The keys of the mapping at `loc` below `model`, as pydantic names places; empty when any key will do.

    A part that names no field is the branch of a union that pydantic tried: it narrows the choice.
    """
    here: list[Any] = [model]
    for part in loc:
        found = [kind for kind in here for kind in _flat(kind)]
        inner = [child for kind in found for child in _inside(kind, part)]
        here = inner or [kind for kind in found if _is_branch(kind, part)] or found
    models = [kind for kind in here for kind in _flat(kind) if _is_model(kind)]
    keys = (field.alias or name for kind in models for name, field in kind.model_fields.items())
    return tuple(dict.fromkeys(keys))


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _flat(kind: Any) -> Iterator[Any]:  # noqa: ANN401  # an annotation may be anything
    """An annotation without aliases, `Annotated` and unions around it."""
    if isinstance(kind, TypeAliasType):
        yield from _flat(kind.__value__)
    elif get_origin(kind) is Annotated:
        yield from _flat(get_args(kind)[0])
    elif get_origin(kind) in {Union, UnionType}:
        for member in get_args(kind):
            yield from _flat(member)
    elif _is_model(kind) and issubclass(kind, RootModel):
        yield from _flat(kind.model_fields["root"].annotation)
    else:
        yield kind


def _inside(kind: Any, part: int | str) -> Iterator[Any]:  # noqa: ANN401  # see above
    """What stands under `part` in a value of this kind."""
    if kind is NamedFault:
        if part in faults.words():
            yield faults.load(str(part))
    elif _is_model(kind):
        for name, field in kind.model_fields.items():
            if part in {name, field.alias}:
                yield field.annotation
    elif get_origin(kind) is dict:
        yield get_args(kind)[1]
    elif get_origin(kind) in {list, tuple} and isinstance(part, int):
        yield get_args(kind)[0]


def _is_branch(kind: Any, part: int | str) -> bool:  # noqa: ANN401  # see above
    """Whether pydantic would call this member of a union `part`: by its name, or by its tag."""
    return _is_model(kind) and (
        kind.__name__ == part or any(part in get_args(field.annotation) for field in kind.model_fields.values())
    )
