"""Where a field is: dotted paths, JSON Pointers and JSONPaths."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from proxy_addons.fields import FieldPath, FieldPaths, ObjectPath, check_path, find, holder, pointer, steps_of
from proxy_addons.json_text import JsonText

ROOT = '{"a": {"b": [10, {"c": 275.0}]}, "x/y": 1, "m~n": 2, "": 3, "d.e": 4, "list": [{"p": 1}, {"p": 2}, {"q": 3}]}'


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("a.b.0", ["/a/b/0"]),
        ("/a/b/1/c", ["/a/b/1/c"]),
        ("/x~1y", ["/x~1y"]),
        ("/m~0n", ["/m~0n"]),
        ("/d.e", ["/d.e"]),
        ("$..p", ["/list/0/p", "/list/1/p"]),
        ("$.list[?@.p > 1].p", ["/list/1/p"]),
        ("$['x/y']", ["/x~1y"]),
        ("$", []),
        ("a.c", []),
        ("a.b.9", []),
        ("a.b.0.c", []),
        ("x.y.z", []),
        ("$..nothing", []),
    ],
)
def test_a_path_finds_what_it_means(path: str, places: list[str]) -> None:
    """Told as JSON Pointers."""
    assert [one.place for one in find(path, JsonText(ROOT))] == places


def test_what_was_found_is_the_text_itself() -> None:
    """Digits and all."""
    (found,) = find("a.b.1.c", JsonText(ROOT))
    assert found.value.source == "275.0"


@given(st.lists(st.text(min_size=1), min_size=1))
def test_a_pointer_reads_what_it_wrote(steps: list[str]) -> None:
    """Slashes and tildes within keys are escaped (RFC 6901, 3)."""
    assert steps_of(pointer(tuple(steps))) == tuple(steps)


@pytest.mark.parametrize("path", ["status", "a.b.0", "/a/b", "/a~0b~1", "$.a", "$..amount", "$['a b'][0]"])
def test_a_path_is_accepted(path: str) -> None:
    """As it is written."""
    assert check_path(path) == path


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "names no field"),
        ("$", "names no field"),
        ("/", "names no field"),
        ("a..b", "names no field"),
        ("a.", "names no field"),
        (".a", "names no field"),
        ("/a~2", "in a JSON Pointer `~` is written ~0"),
        ("$.a[", "is no JSONPath"),
        ("$a b", "is no JSONPath"),
    ],
)
def test_a_path_that_means_nothing_is_refused_in_words(path: str, said: str) -> None:
    """With the forms that are known."""
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        check_path(path)


def test_paths_are_one_or_many() -> None:
    """A single one needs no list."""
    assert TypeAdapter(FieldPaths).validate_python("a") == ("a",)
    assert TypeAdapter(FieldPaths).validate_python(["a", "$.b"]) == ("a", "$.b")
    assert not TypeAdapter(ObjectPath).validate_python("")
    with pytest.raises(ValidationError):
        TypeAdapter(FieldPath).validate_python("")


def test_a_new_field_has_a_holder() -> None:
    """None where there is nothing on the way."""
    root = JsonText('{"a": {"b": 1}}')
    assert holder("new", root) == (root, "new")
    owner, key = holder("/a/new", root)
    assert owner is not None
    assert (owner.source, key) == ('{"b": 1}', "new")
    assert holder("z.new", root) == (None, "new")


def test_the_library_is_imported_for_a_jsonpath_alone() -> None:
    """It takes a fifth of a second."""
    code = "import sys; from proxy_addons.fields import check_path; check_path('a.b'); print('jsonpath' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
