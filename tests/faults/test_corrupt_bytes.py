"""Corrupt bytes: some are others, and all are there."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from proxy_addons.exchange import Answer
from proxy_addons.faults.corrupt_bytes import CorruptBytes
from tests.support.edits import BALANCE, ask, faulty, zipped
from tests.support.fake_wire import DRAW, FakeWire, play


def differ(before: bytes, after: bytes) -> int:
    """At how many places."""
    return sum(one != other for one, other in zip(before, after, strict=True))


@given(st.binary(min_size=1, max_size=200), st.integers(1, 250), st.integers(1, 50))
async def test_as_many_bytes_as_were_asked_for_are_others(body: bytes, count: int, ordinal: int) -> None:
    """Or all of them, and never one twice."""
    wire = FakeWire(answer=Answer(200, (), body))
    played = await play(CorruptBytes(count=count), wire, replace(DRAW, ordinal=ordinal))
    assert wire.answer is not None
    assert differ(body, wire.answer.body) == min(count, len(body))
    assert played.delivered


@given(st.text(min_size=1), st.floats(0.01, 1))
async def test_text_stays_text(text: str, share: float) -> None:
    """Letters of more than one byte are left alone."""
    body = text.encode("utf-8", "replace")
    wire = FakeWire(answer=Answer(200, (), body))
    played = await play(CorruptBytes(where="text", share=share), wire)
    assert wire.answer is not None
    wire.answer.body.decode()
    assert played.delivered == (wire.answer.body != body) == any("!" <= c <= "~" for c in text)


async def test_where_there_is_nothing_it_says_so() -> None:
    """Not delivered."""
    assert (await play(CorruptBytes(), FakeWire(answer=Answer(204)))).detail == "the answer has no body"
    played = await play(CorruptBytes(where="text"), FakeWire(answer=Answer(200, (), b"  \n")))
    assert (played.delivered, played.detail) == (False, "the answer has no letter to change")


async def test_the_same_call_is_corrupted_in_the_same_places() -> None:
    """And another one in others."""
    found = []
    for ordinal in (1, 1, 2):
        wire = FakeWire(answer=Answer(200, (), bytes(1000)))
        found.append((await play(CorruptBytes(count=10), wire, replace(DRAW, ordinal=ordinal))).detail)
    assert found[0] == found[1] != found[2]
    assert found[0].startswith("10 of 1000 bytes changed, at ")
    assert found[0].endswith(" …")


def test_count_and_share_contradict_each_other() -> None:
    """An error in words."""
    with pytest.raises(ValidationError, match="has a `count` and a `share`; write one of them"):
        CorruptBytes(count=1, share=0.5)


def test_it_says_how_many() -> None:
    """In words."""
    assert CorruptBytes().describe() == "one byte of the answer is wrong"
    assert CorruptBytes(count=3).describe() == "3 bytes of the answer are wrong"
    assert CorruptBytes(share=0.1).describe() == "10% of the answer's bytes are wrong"


def test_on_the_wire_the_encoding_is_right_and_the_body_is_not(tmp_path: Path, ca: Path) -> None:
    """Behind gzip the bytes of the text are others."""
    with faulty(tmp_path, ca, "{corrupt_bytes: 7}", zipped(BALANCE)) as proxy:
        seen = ask(proxy)
    assert differ(BALANCE, gzip.decompress(seen.body)) == 7


def test_on_the_wire_the_encoding_itself_may_be_wrong(tmp_path: Path, ca: Path) -> None:
    """Then the body no longer decompresses."""
    with faulty(tmp_path, ca, "{corrupt_bytes: {share: 0.5, where: wire}}", zipped(BALANCE)) as proxy:
        seen = ask(proxy)
    assert seen.ending == "open"
    with pytest.raises((OSError, EOFError, zlib.error)):
        gzip.decompress(seen.body)
