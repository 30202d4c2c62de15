import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.exchange import JSON
from proxy_addons.rules.document import MAX_DEPTH, read
from proxy_addons.rules.problem import ProfileError


def problems(text: str) -> list[str]:
    """What is wrong with a text, one line each."""
    try:
        return [str(problem) for problem in read(text, "p").problems]
    except ProfileError as error:
        return str(error).splitlines()


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("0", 0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("'3'", "3"),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("NO", "NO"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("007", "007"),
        ("0x1f", "0x1f"),
        ("3..5", "3..5"),
        ("250ms", "250ms"),
        ("=", "="),
        ("|\n  a\n  b", "a\nb"),
        ("[1, {a: b}]", [1, {"a": "b"}]),
        ("{}", {}),
    ],
)
def test_a_word_is_a_word(written: str, value: JSON) -> None:
    """YAML 1.2: no country turns into false, no time of day into seconds."""
    assert read(f"a: {written}", "p").value == {"a": value}


def test_keys_are_text() -> None:
    """`on` and `1` are keys like any other."""
    assert read("{on: 1, 1: 2, null: 3, true: 4}", "p").value == {"on": 1, "1": 2, "null": 3, "true": 4}


JSONS: st.SearchStrategy[JSON] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(JSONS)
def test_what_yaml_writes_is_read_back(value: JSON) -> None:
    """Whatever a tool dumps comes back as it was."""
    assert read(yaml.safe_dump({"a": value}), "p").value == {"a": value}


def test_anchors_and_aliases_are_fine() -> None:
    """A value may be used twice."""
    assert read("a: &x [1, 2]\nb: *x\nc: [*x, *x]", "p").value == {"a": [1, 2], "b": [1, 2], "c": [[1, 2], [1, 2]]}


def test_places_are_lines_and_columns() -> None:
    """Of a value, of its key, of what is missing, and of what is nested."""
    document = read("a: 1\nrules:\n  - name: x\n    when: {p: 2}\nmap: {x.net: y}\n", "p")

    assert document.locate(("rules", 0, "when", "p")) == ("rules[0].when.p", 4, 15)
    assert document.locate(("rules", 0, "when", "p"), key=True) == ("rules[0].when.p", 4, 12)
    assert document.locate(("rules", 0, "fault"), key=True) == ("rules[0].fault", 3, 5)
    assert document.locate(("map", "x.net")) == ('map["x.net"]', 5, 14)
    assert document.locate(()) == ("", 1, 1)


def test_branches_of_a_union_do_not_disturb_a_path() -> None:
    """Pydantic names them, the file has none."""
    document = read("fault: {latency: {delay: x}}", "p")

    assert document.locate(("fault", "latency", "Fixed", "delay")) == ("fault.latency.delay", 1, 26)
    assert document.locate(("fault", 0, "latency", "int")) == ("fault.latency", 1, 18)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["p: is empty; a profile needs at least `version: 1`"]),
        ("# nothing\n", ["p: is empty; a profile needs at least `version: 1`"]),
        ("---\n...\n", ["p: is empty; a profile needs at least `version: 1`"]),
        ("a: 1\na: 2\n", ["p:2:1: a: is given twice; the first is on line 1"]),
        (
            "a:\nb: [1,\n",
            ["p:3:1: no valid YAML: did not find expected node content while parsing a flow node, begun on line 3"],
        ),
        ("a:\n  b:\n", ["p:2:5: a.b: is empty; write a value, or leave the key out"]),
        ("a:\n  -\n  - 1", ["p:2:4: a[0]: is empty; write a value"]),
        ("a: 1\n---\nb: 2", ["p:2:1: a second document begins here; a profile is one document"]),
        ("a: !x 1", ["p:1:4: a: the tag !x is not allowed; values need no tags here"]),
        ("a: !!int '3'", ["p:1:4: a: the tag !!int is not allowed; values need no tags here"]),
        (
            "a: !!python/name:os.system x",
            ["p:1:4: a: the tag !!python/name:os.system is not allowed; values need no tags here"],
        ),
        ("? [x]\n: 1", ["p:1:3: a key must be a word"]),
        ("a: .nan", ["p:1:4: a: .nan is no finite number"]),
        ("a: -.inf", ["p:1:4: a: -.inf is no finite number"]),
        ("a: 1e999", ["p:1:4: a: 1e999 is no finite number"]),
        ("a: " + "9" * 5000, ["p:1:4: a: a number of 5000 digits; write a smaller one, or quote it to mean text"]),
        (
            "a: &x {b: 1}\nc: {<<: *x}",
            ["p:2:5: c: merge keys are not supported; repeat the keys, or alias a whole value"],
        ),
        ("a: *x", ["p:1:4: a: *x refers to nothing; an anchor &x must stand above it"]),
        ("a: &x [*x]", ["p:1:8: a[0]: *x refers to itself"]),
        ("a:\n\t- b", ["p:2:1: a tab; YAML indents with spaces"]),
        ("a: @b", ["p:1:4: text cannot begin with @; put it in quotes"]),
        (
            "a: b: c",
            ["p:1:5: a colon that does not belong here; check the indentation, and quote text that holds a colon"],
        ),
        (
            "a: [1, 2",
            ["p:2:1: no valid YAML: did not find expected ',' or ']' while parsing a flow sequence, begun on line 1"],
        ),
        ("ab: 1\nc: \x01d", ["p:2:4: a character that text files do not hold; remove it"]),
        ("a: \ud800", ["p:1:1: a character that text files do not hold; remove it"]),
    ],
    ids=range(25),
)
def test_what_a_profile_cannot_be(text: str, expected: list[str]) -> None:
    """Each with its place, in words that name the remedy."""
    assert problems(text) == expected


def test_all_problems_of_a_readable_file_are_found_at_once() -> None:
    """One round of corrections is enough."""
    assert len(problems("a: .nan\nb: !x 1\na: 2\nc:\n")) == 4


@pytest.mark.parametrize("opening", ["[", "- ", "{a: ", "? "])
def test_deep_nesting_ends_early(opening: str) -> None:
    """The composer of libyaml would run out of stack and take the process with it."""
    assert problems(opening * 100_000)[-1].endswith(f"nested deeper than {MAX_DEPTH} levels")


def test_nesting_by_aliases_ends_too() -> None:
    """Depth adds up over anchors."""
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100))

    assert "too large; a profile has at most 50 levels" in problems(text)[-1]


def test_a_billion_laughs_end_early() -> None:
    """Nine lines that stand for 10^9 values."""
    text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    text += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))

    assert problems(text) == ["p:5:5: a4: too large; a profile has at most 50 levels and 50,000 values"]


@given(st.text(alphabet="ab:- \n[]{}&*!?|>'\"#%@,\t0", max_size=60))
def test_no_text_makes_it_crash(text: str) -> None:
    """It reads, or it says what is wrong."""
    problems(text)
