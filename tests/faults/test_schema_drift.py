"""Schema drift: the answer in another shape."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from proxy_addons.faults.schema_drift import SchemaDrift
from proxy_addons.json_text import JsonText
from tests.support.calls import ESCROW, ESCROWS, http2
from tests.support.edits import BALANCE, ask, faulty, zipped
from tests.support.fake_wire import DRAW
from tests.support.live import live_proxy

ESCROW_ANSWER = '{"id": "e1", "status": "held", "amount": 275.0, "fee": {"total": 1.50}, "tags": [{"name": "x"}]}'


def drifted(settings: dict[str, Any], text: str = ESCROW_ANSWER) -> tuple[str, str]:
    """The text afterwards, and what was said."""
    root = JsonText(text)
    changes = SchemaDrift.model_validate(settings).change(root, DRAW)
    return root.source, str(changes)


@pytest.mark.parametrize(
    ("settings", "before", "after"),
    [
        ({"add": {"fee.currency": "USD"}}, '"total": 1.50', '"total": 1.50, "currency": "USD"'),
        ({"add": {"/tags/0/kind": [1]}}, '"name": "x"', '"name": "x", "kind": [1]'),
        ({"add": {"status": "x"}}, '"held"', '"x"'),
        ({"remove": ["amount", "$..total"]}, ' "amount": 275.0, "fee": {"total": 1.50},', ' "fee": {},'),
        ({"rename": {"status": "state"}}, '"status"', '"state"'),
        ({"rename": {"$..name": "label"}}, '"name"', '"label"'),
        ({"retype": {"amount": "string"}}, "275.0", '"275.0"'),
        ({"nullify": "status"}, '"held"', "null"),
        ({"enum": {"status": "escrowed"}}, '"held"', '"escrowed"'),
        ({"enum": {"status": {"held": "ESCROWED"}}}, '"held"', '"ESCROWED"'),
        (
            {"case": "upper"},
            ESCROW_ANSWER,
            '{"ID": "e1", "STATUS": "held", "AMOUNT": 275.0, "FEE": {"TOTAL": 1.50}, "TAGS": [{"NAME": "x"}]}',
        ),
        ({"wrap": "data"}, ESCROW_ANSWER, f'{{"data": {ESCROW_ANSWER}}}'),
        (
            {"nest": {"money": ["amount", "fee.total"]}},
            ' "amount": 275.0, "fee": {"total": 1.50}, "tags": [{"name": "x"}]',
            ' "fee": {}, "tags": [{"name": "x"}], "money": {"amount": 275.0, "total": 1.50}',
        ),
        (
            {
                "rename": {"amount": "sum"},
                "retype": {"/fee/total": "string"},
                "nest": {"money": ["amount"]},
                "wrap": "d",
            },
            ESCROW_ANSWER,
            '{"d": '
            + ESCROW_ANSWER.replace(' "amount": 275.0,', "").replace("1.50", '"1.50"')[:-1]
            + ', "money": {"sum": 275.0}}}',
        ),
    ],
)
def test_each_drift_changes_what_it_names(settings: dict[str, Any], before: str, after: str) -> None:
    """And nothing else, to the byte: `275.0` stays `275.0` also when it moves."""
    assert drifted(settings)[0] == ESCROW_ANSWER.replace(before, after)


def test_the_preset_is_the_guides_migration() -> None:
    """`status` becomes `state`, two fields are new, and settings of one's own come on top."""
    text, said = drifted({"preset": "v2", "add": {"extra": 1}})
    assert json.loads(text) == {
        "id": "e1",
        "state": "held",
        "amount": 275.0,
        "fee": {"total": 1.5},
        "tags": [{"name": "x"}],
        "api_version": "2.0",
        "deprecated_fields": ["status"],
        "extra": 1,
    }
    assert said == "/status → state; api_version added; deprecated_fields added; extra added"


def test_the_preset_needs_no_status() -> None:
    """An answer that has none is migrated all the same; one that is no object is not."""
    assert json.loads(drifted({"preset": "v2"}, "{}")[0]) == {"api_version": "2.0", "deprecated_fields": ["status"]}
    assert drifted({"preset": "v2"}, "[]") == (
        "[]",
        "no object to hold api_version; no object to hold deprecated_fields",
    )


def test_a_new_name_that_is_taken_wins() -> None:
    """No key stands twice."""
    assert drifted({"rename": {"a": "b"}}, '{"a": 1, "b": 2}')[0] == '{"b": 1}'


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"remove": "no"}, "nothing at no"),
        ({"rename": {"no": "yes"}}, "nothing at no"),
        ({"rename": {"tags.0": "first"}}, "/tags/0 is in a list and has no name"),
        ({"enum": {"status": {"settled": "x"}}}, '/status is "held" already'),
        ({"retype": {"amount": "number"}}, "/amount is 275.0 already"),
        ({"nullify": "no"}, "nothing at no"),
        ({"add": {"no.where": 1}}, "no object to hold no.where"),
        ({"add": {"tags.new": 1}}, "no object to hold tags.new"),
        ({"nest": {"new": "no"}}, "nothing at no"),
    ],
)
def test_what_cannot_drift_is_told(settings: dict[str, Any], said: str) -> None:
    """And the answer stays as it was."""
    assert drifted(settings) == (ESCROW_ANSWER, said)


def test_nothing_nests_in_a_list() -> None:
    """There is no name to give it."""
    assert drifted({"nest": {"new": "0.a"}}, '[{"a": 1}]') == ('[{"a": 1}]', "no object to hold new")


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="./~$"), min_size=1).filter(
    lambda key: bool(key.strip())
)


@given(st.dictionaries(KEYS, st.integers() | st.text()), KEYS, st.sampled_from([None, 2]))
def test_what_was_added_can_be_removed(body: dict[str, int | str], key: str, indent: int | None) -> None:
    """The two undo each other, to the byte."""
    text = json.dumps({name: value for name, value in body.items() if name != key}, indent=indent)
    added, _ = drifted({"add": {f"/{key}": 1}}, text)
    assert added != text
    assert drifted({"remove": f"/{key}"}, added)[0] == text


@given(st.dictionaries(KEYS, st.floats(allow_nan=False, allow_infinity=False), min_size=1), KEYS)
def test_a_new_name_can_be_taken_back(body: dict[str, float], new: str) -> None:
    """To the byte, and its number with it."""
    old = next(iter(body))
    if new not in body:
        text = json.dumps(body, ensure_ascii=False)
        renamed, _ = drifted({"rename": {f"/{old}": new}}, text)
        assert drifted({"rename": {f"/{new}": old}}, renamed)[0] == text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "drifts nowhere; write `preset: v2`, or what to add"),
        ({"remove": "a", "rename": {"a": "b"}}, "a: in `remove` and in `rename` too; write it in one of them"),
        ({"nullify": ["a"], "enum": {"a": 1}}, "a: in `nullify` and in `enum` too"),
        ({"remove": ["a", "a"]}, "a: in `remove` and in `remove` too"),
        ({"add": {"$..a": 1}}, "a JSONPath may mean many fields"),
        ({"retype": {"a": "float"}}, "Input should be 'string', 'number'"),
    ],
)
def test_settings_that_contradict_each_other_are_errors(settings: dict[str, Any], said: str) -> None:
    """In words."""
    with pytest.raises(ValidationError) as caught:
        SchemaDrift.model_validate(settings)
    assert said in str(caught.value)


def test_it_says_what_drifts() -> None:
    """In words, all of it."""
    settings = {
        "preset": "v2",
        "add": {"a": 1},
        "remove": "b",
        "rename": {"c": "d"},
        "retype": {"e": "array"},
        "nullify": "f",
        "enum": {"g": 1},
        "nest": {"h": ["i", "j"]},
        "case": "camel",
        "wrap": "k",
    }
    assert SchemaDrift.model_validate(settings).describe() == (
        "the answer's schema drifts: it follows the v2 migration, has a added, lacks b, calls c d, has e as array, "
        "has null in f, has other values in g, nests i, j in h, writes its keys in camelCase, comes under k"
    )


def test_on_the_wire_the_shape_is_another(tmp_path: Path, ca: Path) -> None:
    """Behind a content encoding too."""
    fault = "{schema_drift: {rename: {id: wallet_id}, wrap: data}}"
    with faulty(tmp_path, ca, fault, zipped(BALANCE)) as proxy:
        seen = ask(proxy)
    assert gzip.decompress(seen.body) == b'{"data": ' + BALANCE.replace(b'"id"', b'"wallet_id"') + b"}"


def test_on_http2_the_preset_migrates_an_escrow(tmp_path: Path, ca: Path) -> None:
    """`fault: {schema_drift: v2}` is all that it takes."""
    rules = "[{match: {operation: create_escrow}, fault: {schema_drift: v2}}]"
    with live_proxy(tmp_path, ca, rules=rules) as proxy, http2(proxy) as client:
        answer = client.post(ESCROWS, json=ESCROW).json()
    assert (answer["state"], answer["api_version"], answer["deprecated_fields"]) == ("held", "2.0", ["status"])
    assert "status" not in answer
