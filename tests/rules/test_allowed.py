from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, RootModel

from proxy_addons.rules.allowed import allowed_keys
from proxy_addons.rules.profile import Profile


class Fixed(BaseModel):
    kind: Literal["fixed"]
    delay: int


class Uniform(BaseModel):
    kind: Literal["uniform"]
    low: int
    high: int


class Wrapped(RootModel[Fixed | Uniform]):
    pass


type Alias = Fixed


class Holder(BaseModel):
    either: Annotated[Fixed | Uniform, Field(discriminator="kind")]
    maybe: Fixed | None = None
    many: tuple[Fixed, ...] = ()
    named: dict[str, list[Uniform]] = {}
    root: Wrapped | None = None
    alias: Alias | None = None
    renamed: int = Field(default=0, alias="for")


@pytest.mark.parametrize(
    ("loc", "expected"),
    [
        ((), ("either", "maybe", "many", "named", "root", "alias", "for")),
        (("maybe",), ("kind", "delay")),
        (("many", 3), ("kind", "delay")),
        (("named", "x", 0), ("kind", "low", "high")),
        (("either",), ("kind", "delay", "low", "high")),
        (("either", "fixed"), ("kind", "delay")),
        (("either", "Uniform"), ("kind", "low", "high")),
        (("root",), ("kind", "delay", "low", "high")),
        (("root", "Fixed"), ("kind", "delay")),
        (("alias",), ("kind", "delay")),
        (("maybe", "delay"), ()),
        (("named",), ()),
    ],
    ids=range(12),
)
def test_the_keys_of_a_place(loc: tuple[int | str, ...], expected: tuple[str, ...]) -> None:
    """Through options, lists, mappings, aliases, root models and the branches of a union."""
    assert allowed_keys(Holder, loc) == expected


@pytest.mark.parametrize(
    ("loc", "expected"),
    [
        (("rules", 0), ("name", "match", "when", "fault")),
        (("rules", 0, "when", "window"), ("after", "for", "every")),
        (("rules", 0, "fault", "noop"), ("at",)),
        (("rules", 0, "match", "input", "amount"), ("eq", "ne", "gt", "gte", "lt", "lte", "in", "exists", "matches")),
        (("map",), ()),
    ],
    ids=range(5),
)
def test_the_keys_of_a_profile(loc: tuple[int | str, ...], expected: tuple[str, ...]) -> None:
    """Down to the settings of one fault."""
    assert allowed_keys(Profile, loc) == expected
