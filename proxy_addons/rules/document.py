"""YAML as it stands in the file: plain values, and the line and column of each.

Reads the JSON part of YAML 1.2, so that a word is a word: `on`, `no`, `1:30` and `2024-01-01` stay
text. Anchors and aliases are fine; tags, merge keys, a second document, keys given twice, numbers
that are none and files that expand without end are not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import yaml

from proxy_addons.exchange import JSON
from proxy_addons.rules.problem import Problem, ProfileError

MAX_DEPTH = 50
"""Levels of nesting, aliases resolved. A profile needs about eight; libyaml's composer crashes at some ten thousand."""

MAX_VALUES = 50_000
"""Values of one file, aliases resolved: the end of a "billion laughs"."""

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = {"null": None, "Null": None, "NULL": None, "~": None, "true": True, "True": True, "TRUE": True} | {
    "false": False,
    "False": False,
    "FALSE": False,
}
_MAX_DIGITS = 30

type Place = tuple[int, int]


@dataclass(slots=True)
class _Node:
    place: Place
    value: bool | int | float | str | list[_Node] | dict[str, _Node] | None
    keys: dict[str, Place] = field(default_factory=dict)
    depth: int = 1
    size: int = 1

    def add(self, child: _Node) -> None:
        self.depth = max(self.depth, child.depth + 1)
        self.size += child.size

    def plain(self) -> JSON:
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        return self.value


@dataclass(frozen=True, slots=True)
class Document:
    """One file's value, and where its parts stand. `problems` are those that YAML itself does not mind."""

    value: JSON
    problems: tuple[Problem, ...]
    _root: _Node

    def locate(self, loc: Sequence[int | str], *, key: bool = False) -> tuple[str, int, int]:
        """The path in words, the line and the column of the value at `loc`; of its key, when `key`.

        What `loc` names beyond the file (a missing key, a union's branch) is passed over, except that
        a key that ought to be there ends the path.
        """
        node, path, place = self._root, "", self._root.place
        for index, part in enumerate(loc):
            if isinstance(node.value, dict) and isinstance(part, str):
                if part in node.value:
                    path += _step(part)
                    place = node.keys[part] if key and index == len(loc) - 1 else node.value[part].place
                    node = node.value[part]
                elif key and index == len(loc) - 1:
                    path += _step(part)
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                path, place = f"{path}[{part}]", node.place
        return path.removeprefix("."), *place


def _step(key: str) -> str:
    return f".{key}" if re.fullmatch(r"[\w-]+", key) else f'["{key}"]'


def read(text: str, source: str) -> Document:
    """Read one YAML document.

    Raises:
        ProfileError: it is no YAML, is empty, has several documents, or expands beyond all bounds.
    """
    composer = _Composer(source)
    try:
        root = composer.document(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        raise ProfileError([_syntax(error, text, source)]) from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        position = getattr(error, "position", 0)
        raise ProfileError([_unreadable(text, position, source)]) from error
    return Document(root.plain(), tuple(composer.problems), root)


class _Composer:
    """Builds nodes out of parser events. Recursion ends at `MAX_DEPTH`."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self._anchors: dict[str, _Node] = {}
        self._open: set[str] = set()

    def document(self, events: Iterator[yaml.Event]) -> _Node:
        root = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._stop(event, "", "a second document begins here; a profile is one document")
                root = self._node(events, next(events), "", 1)
        if root is None or root.value is None:
            raise ProfileError([Problem(self.source, "is empty; a profile needs at least `version: 1`")])
        return root

    def _node(self, events: Iterator[yaml.Event], event: yaml.Event, path: str, level: int) -> _Node:
        if level > MAX_DEPTH:
            self._stop(event, path, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            node = self._alias(event, path)
        else:
            anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
            if anchor:
                self._open.add(anchor)
            if tag:
                written = tag.replace("tag:yaml.org,2002:", "!!")
                self._note(event, path, f"the tag {written} is not allowed; values need no tags here")
            match event:
                case yaml.ScalarEvent():
                    node = _Node(_place(event), self._scalar(event, path))
                case yaml.SequenceStartEvent():
                    node = self._sequence(events, event, path, level)
                case _:
                    node = self._mapping(events, event, path, level)
            if anchor:
                self._open.discard(anchor)
                self._anchors[anchor] = node
        if level + node.depth - 1 > MAX_DEPTH or node.size > MAX_VALUES:
            self._stop(event, path, f"too large; a profile has at most {MAX_DEPTH} levels and {MAX_VALUES:,} values")
        return node

    def _sequence(self, events: Iterator[yaml.Event], start: yaml.Event, path: str, level: int) -> _Node:
        children: list[_Node] = []
        node = _Node(_place(start), children)
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            inside = f"{path}[{len(children)}]"
            child = self._node(events, event, inside, level + 1)
            if _is_empty(child, event):
                self._note(event, inside, "is empty; write a value")
            children.append(child)
            node.add(child)
        return node

    def _mapping(self, events: Iterator[yaml.Event], start: yaml.Event, path: str, level: int) -> _Node:
        children: dict[str, _Node] = {}
        node = _Node(_place(start), children)
        while not isinstance(key_event := next(events), yaml.MappingEndEvent):
            key = key_event.value if isinstance(key_event, yaml.ScalarEvent) else None
            inside = path + _step(key or "")
            self._node(events, key_event, path, level + 1)
            event = next(events)
            child = self._node(events, event, inside, level + 1)
            if key is None:
                self._note(key_event, path, "a key must be a word")
            elif key == "<<":
                self._note(key_event, path, "merge keys are not supported; repeat the keys, or alias a whole value")
            elif key in children:
                self._note(key_event, inside, f"is given twice; the first is on line {node.keys[key][0]}")
            else:
                if _is_empty(child, event):
                    self._note(event, inside, "is empty; write a value, or leave the key out")
                children[key], node.keys[key] = child, _place(key_event)
                node.add(child)
        return node

    def _alias(self, event: yaml.AliasEvent, path: str) -> _Node:
        name = event.anchor
        if name in self._open:
            self._stop(event, path, f"*{name} refers to itself")
        if name not in self._anchors:
            self._stop(event, path, f"*{name} refers to nothing; an anchor &{name} must stand above it")
        return self._anchors[name]

    def _scalar(self, event: yaml.ScalarEvent, path: str) -> bool | float | str | None:
        text: str = event.value
        if not event.implicit[0]:  # quoted, or tagged
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text):
            if len(text) <= _MAX_DIGITS:
                return int(text)
            self._note(event, path, f"a number of {len(text)} digits; write a smaller one, or quote it to mean text")
        elif _NO_NUMBER.fullmatch(text) or (_FLOAT.fullmatch(text) and not math.isfinite(float(text))):
            self._note(event, path, f"{text[:_MAX_DIGITS]} is no finite number")
        elif _FLOAT.fullmatch(text):
            return float(text)
        return text or None

    def _note(self, event: yaml.Event, path: str, message: str) -> None:
        self.problems.append(Problem(self.source, message, path.removeprefix("."), *_place(event)))

    def _stop(self, event: yaml.Event, path: str, message: str) -> NoReturn:
        self._note(event, path, message)
        raise ProfileError(self.problems)


def _is_empty(node: _Node, event: yaml.Event) -> bool:
    return node.value is None and isinstance(event, yaml.ScalarEvent) and not event.value


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _syntax(error: yaml.MarkedYAMLError, text: str, source: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    character = lines[line - 1][column - 1 : column] if line <= len(lines) else ""
    if character == "\t":
        message = "a tab; YAML indents with spaces"
    elif error.problem == "found character that cannot start any token":
        message = f"text cannot begin with {character}; put it in quotes"
    elif error.problem == "mapping values are not allowed in this context":
        message = "a colon that does not belong here; check the indentation, and quote text that holds a colon"
    else:
        begun = f", begun on line {error.context_mark.line + 1}" if error.context and error.context_mark else ""
        message = f"no valid YAML: {error.problem}" + (f" {error.context}{begun}" if error.context else "")
    return Problem(source, message, "", line, column)


def _unreadable(text: str, position: int, source: str) -> Problem:
    before = text[:position]
    line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
    return Problem(source, "a character that text files do not hold; remove it", "", line, column)
