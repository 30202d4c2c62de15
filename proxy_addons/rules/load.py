"""From a file or a name to a `Profile`, or to everything that is wrong with it at once."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from proxy_addons.rules.allowed import allowed_keys
from proxy_addons.rules.document import Document, read
from proxy_addons.rules.find import find, shown_path
from proxy_addons.rules.named_fault import UNKNOWN
from proxy_addons.rules.problem import Problem, ProfileError
from proxy_addons.rules.profile import Profile
from proxy_addons.rules.wording import sentence

MAX_BYTES = 1_000_000
"""The largest file that is read."""

_ABOUT_KEYS = frozenset({"extra_forbidden", "missing", UNKNOWN})


def load(path: str | Path) -> Profile:
    """Read a profile file, or a known profile by its bare name (`lost-response`).

    Raises:
        ProfileError: it cannot be read or is wrong.
    """
    found = find(path)
    return parse(_text(found), shown_path(found))


def parse(text: str, source: str) -> Profile:
    """Read a profile from text. `source` names it in messages.

    Raises:
        ProfileError: it is wrong; holds every problem.
    """
    document = read(text, source)
    if not isinstance(document.value, dict):
        raise ProfileError([Problem(source, "a profile is a mapping: it begins with `version: 1`", "", 1, 1)])
    found = list(document.problems)
    profile = None
    try:
        profile = Profile.model_validate(document.value)
    except ValidationError as error:
        taken = {(problem.line, problem.column) for problem in found}
        worded = _worded(document, error.errors(include_url=False), source)
        found += [problem for problem in worded if (problem.line, problem.column) not in taken]
    if found or profile is None:
        raise ProfileError(found)
    return profile


def _worded(document: Document, errors: list[ErrorDetails], source: str) -> list[Problem]:
    """One problem a place. Of a union's complaints those about the type yield to more telling ones."""
    by_place: dict[tuple[str, int, int], dict[str, bool]] = {}
    for error in errors:
        loc, about_key = error["loc"], error["type"] in _ABOUT_KEYS
        if loc and loc[-1] == "[key]":
            loc, about_key = loc[:-1], True
        allowed = allowed_keys(Profile, loc[:-1]) if error["type"] == "extra_forbidden" else ()
        place = document.locate(loc, key=about_key)
        by_place.setdefault(place, {})[sentence(error, allowed)] = error["type"].endswith("_type")
    problems = []
    for (path, line, column), messages in by_place.items():
        telling = [message for message, of_type in messages.items() if not of_type] or list(messages)
        problems.append(Problem(source, " — or: ".join(telling), path, line, column))
    return problems


def _text(path: Path) -> str:
    source = shown_path(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ProfileError([Problem(source, "there is no such file")]) from None
    except IsADirectoryError:
        raise ProfileError([Problem(source, "is a folder; name a profile file in it")]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ProfileError([Problem(source, f"cannot be read: {reason}")]) from error
    if len(data) > MAX_BYTES:
        raise ProfileError([Problem(source, f"is larger than {MAX_BYTES:,} bytes; this is no profile")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        raise ProfileError([Problem(source, "is not UTF-8; save it as UTF-8", "", line, column)]) from error
