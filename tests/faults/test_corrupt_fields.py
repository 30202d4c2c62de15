"""Corrupt fields: wrong values of the right types."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.net import encoding

from proxy_addons.exchange import JSON, Answer
from proxy_addons.faults.corrupt_fields import CorruptFields, corrupted
from proxy_addons.json_text import JsonText, write
from tests.support.calls import ESCROW, ESCROWS, http2
from tests.support.edits import BALANCE, ask, faulty, headers_of, reply, zipped
from tests.support.fake_wire import FakeWire, play
from tests.support.live import live_proxy


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"25.00"', '"-25.00"'),
        ('"-25.00"', '"25.00"'),
        ('"held"', '"dleh"'),
        ('"2026-07-28"', '"82-70-6202"'),
        ('"1.2.3"', '"3.2.1"'),
        ("275.0", "-275.0"),
        ("-1e5", "1e5"),
        ("12345678901234567890.10", "-12345678901234567890.10"),
        ("true", "false"),
        ("false", "true"),
        ("[1, 2]", "[]"),
        ('{"a": 1}', "{}"),
        ("null", "null"),
        ("NaN", "NaN"),
    ],
)
def test_each_type_has_its_rule(before: str, after: str) -> None:
    """The guide's, with booleans before integers, and all digits kept."""
    assert corrupted(JsonText(before)) == after


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(SCALARS | st.lists(SCALARS) | st.dictionaries(st.text(), SCALARS))
def test_the_type_is_kept(value: JSON) -> None:
    """To the letter: an integer stays one, and true never turns into a number."""
    after = json.loads(corrupted(JsonText(write(value))))
    assert type(after) is type(value)


@given(st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_to_corrupt_twice_is_to_change_nothing(value: JSON) -> None:
    """Numbers keep every digit on the way there and back."""
    source = write(value)
    assert corrupted(JsonText(corrupted(JsonText(source)))) == source


async def test_what_its_rule_does_not_change_is_told() -> None:
    """A palindrome, zero, null and what is empty already."""
    wire = FakeWire(answer=Answer(200, (), b'{"a": "abba", "b": 0.0, "c": null, "d": [], "e": 1}'))
    played = await play(CorruptFields(fields=list("abcd")), wire)
    assert not played.delivered
    assert played.detail.startswith('/a stays "abba": its rule does not change it; /b stays 0.0: ')
    played = await play(CorruptFields(fields=["c", "e"]), wire)
    assert (played.delivered, played.detail) == (True, "/e: 1 → -1; /c stays null: its rule does not change it")


async def test_a_long_value_is_told_in_short() -> None:
    """The journal is no copy of the answer."""
    wire = FakeWire(answer=Answer(200, (), b'{"a": "' + b"x" * 500 + b'y"}'))
    assert len((await play(CorruptFields(fields="a"), wire)).detail) < 120


def test_it_says_where() -> None:
    """In words."""
    assert CorruptFields(fields=["amount", "$..id"]).describe() == "the answer has wrong values in amount, $..id"


def test_on_the_wire_only_the_field_differs(tmp_path: Path, ca: Path) -> None:
    """Behind a content encoding too: numbers, blanks and order stay to the byte."""
    with faulty(tmp_path, ca, "{corrupt_fields: [balance, open, tags]}", zipped(BALANCE)) as proxy:
        seen = ask(proxy)
    expected = BALANCE.replace(b"275.0", b"-275.0").replace(b"true", b"false").replace(b'["a", "b"]', b"[]")
    assert gzip.decompress(seen.body) == expected
    assert headers_of(seen)["content-encoding"] == "gzip"


@pytest.mark.parametrize("name", ["gzip", "br", "zstd", "deflate"])
def test_every_content_encoding_survives(tmp_path: Path, ca: Path, name: str) -> None:
    """Of those that the engine knows."""
    body = encoding.encode(BALANCE, name)
    assert isinstance(body, bytes)
    with faulty(tmp_path, ca, "{corrupt_fields: balance}", reply(body, content_encoding=name)) as proxy:
        seen = ask(proxy)
    assert headers_of(seen)["content-encoding"] == name
    assert int(headers_of(seen)["content-length"]) == len(seen.body)
    assert encoding.decode(seen.body, name) == BALANCE.replace(b"275.0", b"-275.0")


def test_on_http2_too(tmp_path: Path, ca: Path) -> None:
    """The sandbox's books are right, the agent's are wrong."""
    rules = "[{match: {operation: create_escrow}, fault: {corrupt_fields: [amount, status]}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy, http2(proxy) as client:
        answer = client.post(ESCROWS, json=ESCROW).json()
    assert (answer["amount"], answer["status"]) == ("-25.0", "dleh")
