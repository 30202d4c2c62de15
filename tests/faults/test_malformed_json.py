"""Malformed JSON: six ways to break it."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.exchange import JSON, Answer
from proxy_addons.faults.malformed_json import MalformedJson
from tests.support.edits import BALANCE, ask, faulty, headers_of, zipped
from tests.support.fake_wire import DRAW, FakeWire, play


async def broken(how: str | None, body: bytes, ordinal: int = 1) -> bytes:
    """What is left of a body, or nothing when it was not delivered."""
    wire = FakeWire(answer=Answer(200, (("content-type", "application/json"),), body))
    played = await play(MalformedJson.model_validate({"how": how}), wire, replace(DRAW, ordinal=ordinal))
    assert wire.answer is not None
    return wire.answer.body if played.delivered else b""


VALUES: st.SearchStrategy[JSON] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("how", ["cut", "trailing_comma", "nan", "bom", "wrong_encoding"])
@given(body=VALUES, ordinal=st.integers(1, 20))
async def test_a_strict_reader_refuses_it(how: str, body: JSON, ordinal: int) -> None:
    """Whatever the body was."""
    text = json.dumps(body).encode()
    found = await broken(how, text, ordinal)
    if found:
        assert found != text
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            msgspec.json.decode(found)


@pytest.mark.parametrize(
    ("how", "body", "expected"),
    [
        ("trailing_comma", b'{"a": [1, 2]\n}', b'{"a": [1, 2],\n}'),
        ("trailing_comma", b"[1 ]", b"[1, ]"),
        ("nan", b'{"a": "x", "b": [true, 275.0]}', b'{"a": "x", "b": [true, NaN]}'),
        ("nan", b'{"a": "x", "b": true}', b'{"a": "x", "b": NaN}'),
        ("duplicate_key", b'{"a": 1, "b": 2}', b'{"a": 1, "b": 2, "a": null}'),
        ("bom", b"{}", b"\xef\xbb\xbf{}"),
        ("wrong_encoding", b'{"a": ["x"]}', b'{"a": ["\xe9x"]}'),
    ],
)
async def test_each_way_breaks_it_in_one_place(how: str, body: bytes, expected: bytes) -> None:
    """The rest is as it was."""
    assert await broken(how, body) == expected


@pytest.mark.parametrize(
    ("how", "body"),
    [
        ("trailing_comma", b"{}"),
        ("cut", b"12"),
        ("nan", b"[]"),
        ("duplicate_key", b"[1]"),
        ("duplicate_key", b"{}"),
        ("bom", b"\xef\xbb\xbf{}"),
        ("wrong_encoding", b"[1]"),
        ("wrong_encoding", '["x"]'.encode("utf-16")),
    ],
)
async def test_where_a_way_has_no_place_it_says_so(how: str, body: bytes) -> None:
    """Not delivered."""
    wire = FakeWire(answer=Answer(200, (), body))
    played = await play(MalformedJson.model_validate({"how": how}), wire)
    assert (played.delivered, played.detail) == (False, f"the answer's JSON offers no place for {how}")


async def test_a_way_is_drawn_among_those_that_find_a_place() -> None:
    """A number alone can only become NaN or get a byte order mark."""
    assert {await broken(None, b"12", ordinal) for ordinal in range(1, 40)} == {b"NaN", b"\xef\xbb\xbf12"}
    assert len({await broken(None, b'{"a": "x"}', ordinal) for ordinal in range(1, 60)}) >= 6


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(204), "the answer has no body"),
        (Answer(200, (("content-type", "text/html"),), b"<p>"), "the answer is no JSON: text/html, 3 bytes"),
    ],
)
async def test_what_is_no_json_cannot_be_broken(answer: Answer, said: str) -> None:
    """Not delivered."""
    played = await play(MalformedJson(), FakeWire(answer=answer))
    assert (played.delivered, played.detail) == (False, said)


def test_it_says_what_is_wrong() -> None:
    """In words."""
    assert MalformedJson().describe() == "the answer's JSON is malformed"
    assert MalformedJson(how="nan").describe() == "the answer's JSON has NaN in it"


@pytest.mark.parametrize("how", ["cut", "trailing_comma", "nan", "duplicate_key", "bom", "wrong_encoding"])
def test_on_the_wire_http_is_right_and_json_is_not(tmp_path: Path, ca: Path, how: str) -> None:
    """The encoding stays, and the length fits."""
    with faulty(tmp_path, ca, f"{{malformed_json: {how}}}", zipped(BALANCE)) as proxy:
        seen = ask(proxy)
    assert (seen.status, seen.ending, headers_of(seen)["content-type"]) == (200, "open", "application/json")
    body = gzip.decompress(seen.body)
    if how == "duplicate_key":
        assert [key for key, _ in json.loads(body, object_pairs_hook=list)].count("id") == 2
    else:
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            msgspec.json.decode(body)
