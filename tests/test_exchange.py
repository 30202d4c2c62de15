from collections.abc import Callable

import pytest

from proxy_addons.exchange import JSON, Answer, Call, Commit, Exchange, Origin, Phase, Request

REQUEST = Request("POST", "https", "sandbox.greenhelix.net", 443, "/v1", headers=(("a", "1"), ("b", "2"), ("a", "3")))


def of_answer(body: bytes) -> JSON:
    """An answer's body, read."""
    return Answer(200, body=body).json


def of_request(body: bytes) -> JSON:
    """A request's body, read."""
    return Request("POST", "https", "x", 443, "/", body=body).json


@pytest.mark.parametrize("json_of", [of_answer, of_request])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": [1, "x", null]}', {"a": [1, "x", None]}),
        (b"25.10", 25.1),
        (b"", None),
        (b"<html>", None),
        (b'{"a":', None),
        (b"\xff\xfe", None),
        (b'{"a": "\xff"}', None),
        (b"1e999", None),
        (b"NaN", None),
        (b"1" * 5000, None),
        (b"[" * 100_000, None),
    ],
    ids=["object", "number", "empty", "html", "cut", "binary", "no-utf-8", "overflow", "nan", "digits", "deep"],
)
def test_a_body_is_json_or_nothing(json_of: Callable[[bytes], JSON], body: bytes, expected: JSON) -> None:
    """Whatever agent or upstream send, reading it raises nothing."""
    assert json_of(body) == expected


def test_a_header_is_its_first_value() -> None:
    """Found by its lower-case name, or None."""
    assert [REQUEST.header("a"), REQUEST.header("b"), REQUEST.header("c")] == ["1", "2", None]
    assert Answer(200, headers=(("x", "1"), ("x", "2"))).header("x") == "1"


@pytest.mark.parametrize(("safe", "expected"), [([], False), ([True], False), ([True, False], True), ([False], True)])
def test_one_unsafe_call_makes_an_exchange_mutating(safe: list[bool], expected: bool) -> None:  # noqa: FBT001
    """A batch is as dangerous as its most dangerous call."""
    exchange = Exchange(1, "a", "rest", REQUEST, [Call("o", safe=one) for one in safe], 0.0)

    assert exchange.mutating is expected


def test_words_go_into_the_journal_as_they_are() -> None:
    """Renaming one would break every reader of old journals."""
    assert [*Phase] == ["connect", "before", "after"]
    assert [*Commit] == ["none", "committed", "ambiguous"]
    assert [*Origin] == ["upstream", "cassette", "sandbox", "fault", "guard"]
