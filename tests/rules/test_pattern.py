import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from proxy_addons.rules.pattern import PathPatterns, Patterns, compile_patterns, not_empty, one_or_many

NAMES: TypeAdapter[tuple[str, ...]] = TypeAdapter(Patterns)
PATHS: TypeAdapter[tuple[str, ...]] = TypeAdapter(PathPatterns)


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("create_escrow", "create_escrow", "create_escrow2"),
        ("cancel_*", "cancel_", "xcancel_a"),
        ("*", "", None),
        ("a?c", "abc", "ac"),
        ("[ab]x", "bx", "cx"),
        ("/^(get|list)_/", "list_escrows", "forget_it"),
        ("/escrow/", "create_escrow_x", "escro"),
        ("/", "/", "x"),
        ("//", "//", "x"),
        ("a.c", "a.c", "abc"),
        ("GET /v1/{id}", "GET /v1/{id}", "GET /v1/7"),
    ],
)
def test_a_glob_matches_the_whole_and_a_regex_a_part(pattern: str, matching: str, other: str | None) -> None:
    """What has no sign of either is taken by the letter."""
    test = compile_patterns([pattern])

    assert test(matching)
    assert other is None or not test(other)


def test_any_of_several_will_do() -> None:
    """Literals, globs and regular expressions mix."""
    test = compile_patterns(["a", "b*", "/c$/", "/(?i)^D/"])

    assert [test(text) for text in ("a", "bb", "xc", "d", "aa", "cx")] == [True, True, True, True, False, False]


def test_case_matters_unless_it_is_folded() -> None:
    """Hosts and methods are folded, names are not."""
    assert not compile_patterns(["GET"])("get")
    assert compile_patterns(["GET"], fold=True)("get")
    assert compile_patterns(["*.Example.com", "x"], fold=True)("A.example.COM")


def test_a_path_between_slashes_is_a_path() -> None:
    """Unless only a regular expression can be meant."""
    assert compile_patterns(["/v1/escrows/"], path=True)("/v1/escrows/")
    assert not compile_patterns(["/v1/escrows/"], path=True)("/v1/escrows/7")
    assert compile_patterns(["/^.v1.(a|b)$/"], path=True)("/v1/b")


@given(st.text(alphabet="ab*?[]/^$(x", min_size=1, max_size=8), st.text(alphabet="ab/x", max_size=8))
def test_any_pattern_compiles_or_is_refused(pattern: str, text: str) -> None:
    """No pattern fails later, when a call is under way."""
    with contextlib.suppress(ValueError):
        NAMES.validate_python(pattern)
        assert compile_patterns([pattern])(text) in {True, False}


@pytest.mark.parametrize("value", [1, True, None, [], [""], "", ["a", 2], "/(/", "/*/", {"a": 1}])
def test_what_is_no_pattern_is_refused(value: object) -> None:
    """A pattern is text and not empty; a list has at least one."""
    with pytest.raises(ValidationError):
        NAMES.validate_python(value)


def test_one_pattern_stands_for_a_list_of_one() -> None:
    """Lists and tuples stay what they are."""
    assert NAMES.validate_python("a") == ("a",)
    assert one_or_many(["a", "b"]) == ("a", "b")


@pytest.mark.parametrize(("path", "good"), [("/v1", True), ("*/x", True), ("/^.v1/", True), ("v1/x", False)])
def test_a_path_begins_with_a_slash(path: str, good: bool) -> None:  # noqa: FBT001
    """Another one would never match, and nobody would notice."""
    if good:
        assert PATHS.validate_python(path) == (path,)
    else:
        with pytest.raises(ValidationError, match="would never match"):
            PATHS.validate_python(path)


def test_nothing_is_not_a_list_of_entries() -> None:
    """An empty list would match nothing, an empty mapping everything."""
    assert not_empty([1]) == [1]
    with pytest.raises(ValueError, match="at least one entry"):
        not_empty({})
