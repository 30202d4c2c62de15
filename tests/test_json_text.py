"""JSON as text: what is not touched keeps every byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.exchange import JSON
from proxy_addons.json_text import Document, JsonText, write

TEXT = '{\n  "a": 275.0,\n  "b": [1, 2.50, {"c": "\\u00e9"}],\n  "d": {} , "e":[ ]\n}\n'

VALUES: st.SearchStrategy[JSON] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def look_everywhere(value: JsonText) -> None:
    """Split every object and array."""
    for member in value.members:
        look_everywhere(member.value)


@given(VALUES, st.sampled_from([None, 0, 2]), st.sampled_from([(",", ":"), (" , ", " :  ")]), st.sampled_from("au"))
def test_what_was_only_looked_at_is_written_back_byte_for_byte(
    value: JSON, indent: int | None, separators: tuple[str, str], escapes: str
) -> None:
    """Whatever its layout and however its letters are escaped."""
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=escapes == "a")
    body = f" \n{text}\t".encode("utf-8", "surrogatepass")
    try:
        document = Document(body)
    except UnicodeDecodeError:
        return  # a lone surrogate is no UTF-8
    look_everywhere(document.root)
    assert document.encode() == body


@given(st.dictionaries(st.text(), VALUES), st.text(), VALUES, st.sampled_from([None, 0, 4]))
def test_what_was_added_and_dropped_again_was_never_there(
    value: dict[str, JSON], key: str, new: JSON, indent: int | None
) -> None:
    """The layout closes up again, to the byte."""
    root = JsonText(json.dumps(value, indent=indent))
    before = root.source
    added = root.add(key, write(new))
    assert json.loads(root.source) == {**value, key: new}
    root.drop(added)
    assert root.source == before


@given(st.dictionaries(st.text(), VALUES, min_size=1), st.data())
def test_any_member_may_be_dropped(value: dict[str, JSON], data: st.DataObject) -> None:
    """First, last or in between, what is left is JSON."""
    key = data.draw(st.sampled_from(sorted(value)))
    root = JsonText(json.dumps(value, indent=2))
    member = root.member(key)
    assert member is not None
    root.drop(member)
    assert json.loads(root.source) == {name: one for name, one in value.items() if name != key}


def test_an_edit_touches_nothing_else() -> None:
    """Blanks, escapes and digits stay as they were."""
    document = Document(TEXT.encode())
    member = document.root.member("b")
    assert member is not None
    inner = member.value.member("0")
    assert inner is not None
    inner.value.replace("-1")
    assert document.text == TEXT.replace("[1,", "[-1,")


def test_a_member_is_renamed_and_keeps_its_place() -> None:
    """And the blanks around its colon."""
    root = JsonText('{"a" : 1, "b":2}')
    member = root.member("a")
    assert member is not None
    member.rename('q"')
    assert root.source == '{"q\\"" : 1, "b":2}'


def test_of_a_key_that_stands_twice_the_last_is_meant() -> None:
    """As with every reader."""
    root = JsonText('{"a": 1, "a": 2}')
    member = root.member("a")
    assert member is not None
    assert member.value.source == "2"


def test_a_new_member_is_laid_out_like_its_neighbours() -> None:
    """On a line of its own where they are."""
    root = JsonText('{\n  "a": 1,\n  "b": 2\n}')
    root.add("c", "3")
    assert root.source == '{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}'
    empty = JsonText("{}")
    empty.add("c", "3")
    assert empty.source == '{"c": 3}'
    array = JsonText("[1]")
    array.add("", "2")
    assert json.loads(array.source) == [1, 2]


@pytest.mark.parametrize(
    ("source", "kind"),
    [("{}", "object"), ("[]", "array"), ('""', "string"), ("-1e5", "number"), ("true", "boolean"), ("null", "null")],
)
def test_the_first_letter_tells_the_kind(source: str, kind: str) -> None:
    """Of valid JSON."""
    assert JsonText(source).kind == kind


def test_an_index_beyond_the_end_is_no_member() -> None:
    """Nor is one in what is no array."""
    assert JsonText("[1]").member("1") is None
    assert JsonText("[1]").member("x") is None
    assert JsonText('"text"').member("0") is None


def test_a_number_of_any_length_is_read() -> None:
    """Python's own reader gives up after 4,300 digits."""
    assert JsonText("1" * 5000).value == float("inf")
    assert JsonText("1" * 300).value == int("1" * 300)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
def test_the_encoding_stays(encoding: str) -> None:
    """A byte order mark too."""
    body = '{"a": "é"}'.encode(encoding)
    assert Document(body).encode() == body


@pytest.mark.parametrize("body", [b"{", b"{} {}", b"<html>", b"\xff\xfe\xfd", b"[" * 100_000, b" "])
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    """Also what is too deep to read."""
    with pytest.raises(ValueError):  # noqa: PT011  # json's own messages
        Document(body)


def test_letters_are_written_as_they_are_unless_that_is_impossible() -> None:
    """A lone surrogate has no UTF-8."""
    assert write("é") == '"é"'
    assert write("\ud800") == '"\\ud800"'
