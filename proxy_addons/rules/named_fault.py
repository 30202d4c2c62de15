"""A fault as a profile names it: a word, or one word with its settings.

`lost_response`, `{latency: 250ms}` and `{latency: {distribution: fixed, delay: 250ms}}` are all read
into the word and the settings object of `proxy_addons.faults`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, LiteralString

from pydantic import GetJsonSchemaHandler, PlainSerializer, PlainValidator, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from proxy_addons import faults
from proxy_addons.faults.base import Fault
from proxy_addons.rules.problem import did_you_mean, shown

UNKNOWN = "unknown_fault"
"""The type of the error that speaks of the word itself."""


@dataclass(frozen=True, slots=True)
class NamedFault:
    """A word and its settings."""

    word: str
    settings: Fault

    def written(self) -> str | dict[str, Any]:
        """As a profile writes it, without what is default."""
        settings = self.settings.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {self.word: settings} if settings else self.word


def relocated(error: ValidationError, *prefix: int | str) -> list[InitErrorDetails]:
    """The lines of an error, as if what failed stood at `prefix`."""
    return [
        InitErrorDetails(
            type=PydanticCustomError(line["type"], line["msg"], dict(line.get("ctx", {}))),
            loc=(*prefix, *line["loc"]),
            input=line["input"],
        )
        for line in error.errors(include_url=False)
    ]


def failed(lines: Iterable[InitErrorDetails]) -> ValidationError:
    """An error that pydantic merges into the one that it is about to raise."""
    return ValidationError.from_exception_data("profile", list(lines))


def _at(word: str, value: object, kind: LiteralString, message: str) -> ValidationError:
    told = PydanticCustomError(kind, "{said}", {"said": message})
    return failed([InitErrorDetails(type=told, loc=(word,), input=value)])


def _read(value: object) -> NamedFault:
    written: object = {}
    match value:
        case NamedFault():
            return value
        case str():
            word = value
        case dict() if len(value) == 1:
            (word, written) = next((str(key), inner) for key, inner in value.items())
        case dict() if value:
            raise ValueError(f"holds {len(value)} entries; a rule has one fault: give each a rule of its own")
        case _:
            raise ValueError(f"{shown(value)} is no fault; write one of {', '.join(faults.words())}")
    try:
        model = faults.load(word)
    except KeyError:
        known = f"the faults are {', '.join(faults.words())}"
        raise _at(word, value, UNKNOWN, f"no such fault{did_you_mean(word, faults.words())}; {known}") from None
    if not isinstance(written, (dict, Fault)):
        if model.shorthand is None:
            settings = ", ".join(model.model_fields)
            raise _at(word, value, "no_shorthand", f"has no short form; write its settings as a mapping: {settings}")
        written = {model.shorthand: written}
    try:
        return NamedFault(word, model.model_validate(written))
    except ValidationError as error:
        raise failed(relocated(error, word)) from error


class _Schema:
    """The JSON Schema: each fault as a word, where it needs no settings, and with them."""

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        forms: list[dict[str, Any]] = []
        for word in faults.words():
            model = faults.load(word)
            about = (model.__doc__ or word).partition("\n")[0]
            if _stands_alone(model):
                forms.append({"const": word, "description": about})
            settings: dict[str, Any] = handler(model.__pydantic_core_schema__)
            if model.shorthand is not None:
                short = handler.resolve_ref_schema(settings)["properties"][model.shorthand]
                settings = {"anyOf": [settings, short]}
            forms.append(
                {
                    "type": "object",
                    "description": about,
                    "properties": {word: settings},
                    "required": [word],
                    "additionalProperties": False,
                }
            )
        return {"oneOf": forms}


def _stands_alone(model: type[Fault]) -> bool:
    try:
        model.model_validate({})
    except ValidationError:
        return False
    return True


FaultSetting = Annotated[NamedFault, PlainValidator(_read), PlainSerializer(NamedFault.written), _Schema()]
"""What stands under `fault`."""
