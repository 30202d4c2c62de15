import pytest

from proxy_addons.rules.problem import Problem, ProfileError, did_you_mean, listed, shown


def test_a_problem_reads_like_a_compiler_message() -> None:
    """Editors and terminals turn the place into a link."""
    assert str(Problem("a.yaml", "is missing", "rules[0]", 3, 5)) == "a.yaml:3:5: rules[0]: is missing"
    assert str(Problem("a.yaml", "there is no such file")) == "a.yaml: there is no such file"


def test_an_error_shows_all_problems_in_file_order() -> None:
    """One line each."""
    error = ProfileError(
        [Problem("a", "late", "", 9, 1), Problem("a", "early", "", 2, 7), Problem("a", "first", "", 2, 1)]
    )

    assert str(error).splitlines() == ["a:2:1: first", "a:2:7: early", "a:9:1: late"]
    assert len(error.problems) == 3


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("latncy", "; did you mean `latency`?"),
        ("LOST-RESPONSE", "; did you mean `lost_response`?"),
        ("xyzzy", ""),
    ],
)
def test_a_near_word_is_suggested(word: str, expected: str) -> None:
    """Case and dashes do not keep a word from being found; nonsense suggests nothing."""
    assert did_you_mean(word, ["latency", "lost_response"]) == expected


def test_words_are_listed_in_english() -> None:
    """Commas, then and."""
    assert [listed("a"), listed("ab"), listed("abc", "or")] == ["a", "a and b", "a, b or c"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (1.5, "1.5"),
        ("a", '"a"'),
        ("x" * 50, '"' + "x" * 39 + '…"'),
        ([1], "a list"),
        ({"a": 1}, "a mapping"),
    ],
    ids=["null", "true", "false", "number", "text", "long", "list", "mapping"],
)
def test_values_are_shown_as_the_file_has_them(value: object, expected: str) -> None:
    """Not as Python would."""
    assert shown(value) == expected
