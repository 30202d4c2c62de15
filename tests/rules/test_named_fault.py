from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from proxy_addons import faults
from proxy_addons.exchange import Phase
from proxy_addons.faults.latency import Latency
from proxy_addons.faults.noop import Noop
from proxy_addons.rules.named_fault import FaultSetting, NamedFault, failed, relocated

Percent = Annotated[int, Field(le=100)]
FAULT: TypeAdapter[NamedFault] = TypeAdapter(FaultSetting)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("noop", NamedFault("noop", Noop())),
        ({"noop": {}}, NamedFault("noop", Noop())),
        ({"noop": {"at": "after"}}, NamedFault("noop", Noop(at=Phase.AFTER))),
        ({"latency": "250ms"}, NamedFault("latency", Latency(delay="250ms"))),
        ({"latency": {"delay": "250ms", "at": "after"}}, NamedFault("latency", Latency(delay="250ms", at="after"))),
        (NamedFault("noop", Noop()), NamedFault("noop", Noop())),
        ({"noop": Noop(at=Phase.AFTER)}, NamedFault("noop", Noop(at=Phase.AFTER))),
    ],
    ids=["word", "empty", "settings", "short", "long", "read", "made"],
)
def test_a_fault_is_a_word_or_a_word_with_settings(written: object, expected: NamedFault) -> None:
    """Code may pass what was read or made already."""
    assert FAULT.validate_python(written) == expected


@pytest.mark.parametrize(
    ("written", "loc", "message"),
    [
        ("latncy", ("latncy",), "did you mean `latency`"),
        ({"latncy": 1}, ("latncy",), "did you mean `latency`"),
        ({"noop": 3}, ("noop",), "has no short form; write its settings as a mapping: at"),
        ({"noop": {"att": 1}}, ("noop", "att"), "Extra inputs"),
        ({"latency": 250}, ("latency", "delay"), "250ms"),
        ({"noop": {}, "reset": {}}, (), "holds 2 entries; a rule has one fault"),
        ({}, (), "is no fault; write one of"),
        (None, (), "is no fault; write one of"),
        (["noop"], (), "is no fault; write one of"),
        ({5: {}}, ("5",), "no such fault"),
    ],
    ids=range(10),
)
def test_what_is_wrong_stands_at_its_place(written: object, loc: tuple[str, ...], message: str) -> None:
    """The word is part of the path, as in the file."""
    with pytest.raises(ValidationError) as caught:
        FAULT.validate_python(written)

    (error,) = caught.value.errors()
    assert error["loc"] == loc
    assert message in error["msg"]


@pytest.mark.parametrize(
    "written",
    [
        "noop",
        {"noop": {"at": "after"}},
        {"latency": {"delay": "250ms"}},
        {"latency": {"distribution": "uniform", "min": "1ms", "max": "2m"}},
    ],
    ids=range(4),
)
def test_a_fault_is_written_as_it_was_read(written: object) -> None:
    """Without what is default, so that a tool can write profiles."""
    assert FAULT.dump_python(FAULT.validate_python(written), mode="json") == written


def test_errors_keep_their_nature_when_they_move() -> None:
    """Type, context and input are what the wording is made from."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(dict[str, Percent]).validate_python({"a": 101})
    (before,) = caught.value.errors(include_url=False)
    (after,) = failed(relocated(caught.value, "rules", 3)).errors(include_url=False)

    assert after == {**before, "loc": ("rules", 3, "a")}


def test_the_schema_has_every_fault() -> None:
    """As a word, where it needs no settings, and with settings."""
    forms = FAULT.json_schema()["oneOf"]

    assert {word for form in forms for word in form.get("properties", ())} == set(faults.words())
    assert "noop" in [form.get("const") for form in forms]
    assert "latency" not in [form.get("const") for form in forms]
