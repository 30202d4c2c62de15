import re
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core._pydantic_core import list_all_errors  # it has no public name

from proxy_addons.exchange import Phase
from proxy_addons.rules.wording import sentence


def refuse(_: object) -> object:
    """A validator that is never content."""
    raise ValueError("4 is not the answer; write 42")


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")
    whole: int = 0
    share: float = Field(default=0, ge=0, le=1)
    above: int = Field(default=1, gt=0, lt=10)
    even: int = Field(default=2, multiple_of=2)
    text: str = Field(default="a", min_length=1, max_length=3)
    flag: bool = False
    many: list[int] = Field(default=[1], min_length=1, max_length=2)
    nested: dict[str, int] = {}
    word: Literal["fixed", "uniform"] = "fixed"
    phase: Phase = Phase.BEFORE
    form: str = Field(default="a", pattern="^a+$")
    own: Annotated[int, BeforeValidator(refuse)] = 0
    finite: float = Field(default=0, allow_inf_nan=False)


def worded(model: Any, value: object) -> str:  # noqa: ANN401  # a type form
    """What is said about a value."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(model).validate_python(value)
    return " / ".join(sentence(error, Model.model_fields) for error in caught.value.errors(include_url=False))


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("whole", "x", '"x" is not a whole number'),
        ("whole", 1.5, "1.5 is not a whole number"),
        ("whole", None, "is empty; write a whole number"),
        ("whole", [1], "a list is not a whole number"),
        ("share", 1.5, "1.5 is too large; at most 1 is allowed"),
        ("share", -1, "-1 is too small; at least 0 is allowed"),
        ("share", "half", '"half" is not a number'),
        ("above", 0, "0 is too small; it must be above 0"),
        ("above", 10, "10 is too large; it must be below 10"),
        ("even", 3, "3 is not allowed; it must be a multiple of 2"),
        ("text", 5, "5 is not text; put it in quotes"),
        ("text", True, "true is not text; put it in quotes"),
        ("text", {}, "a mapping is not text"),
        ("text", "", "is empty; write some text"),
        ("text", "abcd", "is too long; at most 3 are allowed"),
        ("flag", "maybe", '"maybe" is not true or false'),
        ("many", 3, "3 is not a list"),
        ("many", [], "is empty; write at least one entry"),
        ("many", [1, 2, 3], "is too long; at most 2 are allowed"),
        ("nested", "x", '"x" is not a mapping of keys to values'),
        ("word", "fxed", '"fxed" is not allowed; did you mean `fixed`?; write fixed or uniform'),
        ("phase", "befor", '"befor" is not allowed; did you mean `before`?; write connect, before or after'),
        ("phase", True, "true is not allowed; write connect, before or after"),
        ("form", "b", '"b" does not have the form ^a+$'),
        ("own", 4, "4 is not the answer; write 42"),
        ("finite", float("inf"), "inf is no finite number"),
        (
            "wole",
            1,
            f"unknown key; did you mean `whole`?; allowed are {', '.join(list(Model.model_fields)[:-1])} and finite",
        ),
    ],
    ids=range(27),
)
def test_a_finding_in_plain_words(field: str, value: object, expected: str) -> None:
    """What is wrong, then what is allowed."""
    assert worded(Model, {field: value}) == expected


class One(BaseModel):
    kind: Literal["one"]


class Two(BaseModel):
    kind: Literal["two"]


EITHER = Annotated[One | Two, Field(discriminator="kind")]


@pytest.mark.parametrize(
    ("model", "value", "expected"),
    [
        (One, {}, "is missing; it is needed here"),
        (One, "x", '"x" is not a mapping of keys to values'),
        (EITHER, {"kind": "too"}, '"too" is not allowed; did you mean `two`?; write one or two'),
        (EITHER, {}, "'kind' is missing; it tells the kind"),
        (Annotated[list[int], Field(min_length=3)], [1], "is too short; at least 3 are needed"),
    ],
    ids=range(5),
)
def test_findings_about_structure(model: object, value: object, expected: str) -> None:
    """What lacks, and what is of no known kind."""
    assert worded(model, value) == expected


JARGON = re.compile(r"\b(Input|input|pydantic|https?:|instance of|dictionary|callable|Python)\b")


OF_OBJECTS = {"is_instance_of", "is_subclass_of", "callable_type", "no_such_attribute"}
"""Speak of Python objects, which no file holds."""


@pytest.mark.parametrize(
    "known",
    [known for known in list_all_errors() if known["type"] not in OF_OBJECTS],
    ids=lambda known: known["type"],
)
def test_no_finding_speaks_pydantic(known: Any) -> None:  # noqa: ANN401  # pydantic types it so
    """Whatever a fault of tomorrow uses to check its settings."""
    context = known.get("example_context") or {}
    said = sentence(
        {"type": known["type"], "loc": ("a",), "msg": known["example_message_python"], "input": 1, "ctx": context}
    )

    assert said
    assert not JARGON.search(said), said
