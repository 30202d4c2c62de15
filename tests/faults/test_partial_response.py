"""Partial response: fields are missing, and the rest is as it was."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from proxy_addons.exchange import Answer
from proxy_addons.faults.partial_response import PartialResponse
from proxy_addons.json_text import JsonText
from tests.support.edits import BALANCE, ask, faulty, headers_of, zipped
from tests.support.fake_wire import DRAW, FakeWire, play


@given(st.dictionaries(st.text(), st.integers()), st.integers(1, 100))
def test_half_of_the_fields_are_left_out(body: dict[str, int], ordinal: int) -> None:
    """The guide's rule: at least one, and none of a single one."""
    root = JsonText(json.dumps(body))
    changes = PartialResponse().change(root, replace(DRAW, ordinal=ordinal))
    left = json.loads(root.source)
    assert len(body) - len(left) == (max(1, len(body) // 2) if len(body) > 1 else 0)
    assert left.items() <= body.items()
    assert bool(changes.done) == (len(body) > 1)


def test_which_ones_is_drawn() -> None:
    """Another call loses other fields; the same call loses the same."""
    left = []
    for ordinal in [*range(1, 20), 1]:
        root = JsonText('{"a":1,"b":2,"c":3,"d":4}')
        PartialResponse().change(root, replace(DRAW, ordinal=ordinal))
        left.append(root.source)
    assert len(set(left)) > 3
    assert left[0] == left[-1]


async def test_named_fields_are_left_out() -> None:
    """By any of the three ways to name one; what is not there is told."""
    wire = FakeWire(answer=Answer(200, (), b'{"a": 1, "b": {"c": 2, "d": 3.0}, "e": [{"x": 1}, {"x": 2}]}'))
    played = await play(PartialResponse(fields=["a", "/b/c", "$..x", "z"]), wire)
    assert wire.answer is not None
    assert wire.answer.body == b'{ "b": { "d": 3.0}, "e": [{}, {}]}'
    assert played.detail == "without /a; without /b/c; without /e/0/x; without /e/1/x; nothing at z"
    assert played.delivered


@pytest.mark.parametrize(
    ("within", "said"),
    [
        ("", "the answer has fewer than two fields"),
        ("data.list", "data.list is no object, so it has no fields"),
        ("nowhere", "nothing at nowhere"),
    ],
)
async def test_where_there_is_nothing_to_leave_out_it_says_so(within: str, said: str) -> None:
    """Not delivered."""
    wire = FakeWire(answer=Answer(200, (), b'{"data": {"list": []}}'))
    played = await play(PartialResponse(within=within), wire)
    assert (played.delivered, played.detail) == (False, said)


def test_fields_of_an_inner_object_may_be_drawn() -> None:
    """The envelope stays."""
    root = JsonText('{"data": {"a": 1, "b": 2}}')
    PartialResponse(within="data", share=1).change(root, DRAW)
    assert root.source == '{"data": {}}'


def test_named_and_drawn_contradict_each_other() -> None:
    """An error in words."""
    with pytest.raises(ValidationError, match="write `fields` alone, or `share` and `within`"):
        PartialResponse(fields="a", share=0.1)


def test_it_says_what_is_missing() -> None:
    """In words."""
    assert PartialResponse(fields=["a", "b"]).describe() == "the answer comes without a, b"
    assert PartialResponse(within="data").describe() == "the answer comes without 50% of the fields of data"


def test_on_the_wire_half_of_the_fields_are_missing_and_the_encoding_stays(tmp_path: Path, ca: Path) -> None:
    """What came in gzip goes out in gzip, and Content-Length fits."""
    with faulty(tmp_path, ca, "partial_response", zipped(BALANCE)) as proxy:
        seen = ask(proxy)
        (event,) = proxy.exchanges
    assert headers_of(seen)["content-encoding"] == "gzip"
    assert int(headers_of(seen)["content-length"]) == len(seen.body)
    left = json.loads(gzip.decompress(seen.body))
    assert len(left) == 3
    assert left.items() <= json.loads(BALANCE).items()
    assert (event.delivered, event.injections[0].delivered) == (True, True)
