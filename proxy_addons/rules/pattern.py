r"""Globs and regular expressions, as a profile writes them: `cancel_*`, `/^(get|list)_/`.

A glob must match the whole text; a regular expression between slashes is searched in it. A path that
stands between slashes, `/v1/escrows/`, is a path, unless it holds one of `^ $ | ( ) + \`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sized
from fnmatch import translate
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema

_GLOB = re.compile(r"[*?\[]")
_ONLY_REGEX = re.compile(r"[\^$|()+\\]")

type Test = Callable[[str], bool]


def _expression(pattern: str, *, path: bool) -> str | None:
    """The regular expression between the slashes; None for a glob."""
    if len(pattern) > 2 and pattern[0] == pattern[-1] == "/" and (not path or _ONLY_REGEX.search(pattern)):
        return pattern[1:-1]
    return None


def compile_patterns(patterns: Iterable[str], *, path: bool = False, fold: bool = False) -> Test:
    """One test for all of `patterns`: does any match? `fold` makes case irrelevant.

    Raises:
        ValueError: one of them is no regular expression.
    """
    literals, expressions = set(), []
    for pattern in patterns:
        expression = _expression(pattern, path=path)
        if expression is not None:
            expressions.append(_checked(expression))
        elif _GLOB.search(pattern):
            expressions.append(rf"\A{translate(pattern)}")
        else:
            literals.add(pattern.lower() if fold else pattern)
    if not expressions:
        return (lambda text: text.lower() in literals) if fold else literals.__contains__
    searches = tuple(re.compile(expression, re.IGNORECASE if fold else 0).search for expression in expressions)
    if len(searches) == 1 and not literals:
        search = searches[0]
        return lambda text: search(text) is not None
    return lambda text: (
        (text.lower() if fold else text) in literals or any(search(text) is not None for search in searches)
    )


def _checked(expression: str) -> str:
    try:
        re.compile(expression)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"/{expression}/ is no regular expression: {error}") from error
    return expression


def _pattern(text: str) -> str:
    compile_patterns([text])
    return text


def _path_pattern(text: str) -> str:
    compile_patterns([text], path=True)
    if not text.startswith(("/", "*", "?", "[")):
        raise ValueError(f'the path "{text}" would never match; a path begins with / (or a glob with *)')
    return text


def one_or_many(value: object) -> object:
    """Let a single value stand for a list of one."""
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def not_empty[C: Sized](value: C) -> C:
    """Refuse a list or mapping without entries: it would match nothing, or everything."""
    if not value:
        raise ValueError("is empty; write at least one entry, or leave the key out")
    return value


_ONE_SCHEMA = {"type": "string", "minLength": 1, "examples": ["cancel_*", "/^(get|list)_/"]}
_MANY_SCHEMA = {"oneOf": [_ONE_SCHEMA, {"type": "array", "items": _ONE_SCHEMA, "minItems": 1}]}

_Text = Annotated[str, Strict(), Field(min_length=1)]

Pattern = Annotated[_Text, AfterValidator(_pattern), WithJsonSchema(_ONE_SCHEMA)]
"""One glob or `/regex/`."""

Patterns = Annotated[
    tuple[Pattern, ...], AfterValidator(not_empty), BeforeValidator(one_or_many), WithJsonSchema(_MANY_SCHEMA)
]
"""One glob or `/regex/`, or a list of them: any of them matches."""

PathPatterns = Annotated[
    tuple[Annotated[_Text, AfterValidator(_path_pattern)], ...],
    AfterValidator(not_empty),
    BeforeValidator(one_or_many),
    WithJsonSchema(_MANY_SCHEMA),
]
"""The same for URL paths."""
