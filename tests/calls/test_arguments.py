import pytest

from proxy_addons.calls.arguments import body_of, fields, merged
from proxy_addons.exchange import JSON, Request


def posted(body: bytes, content_type: str = "") -> Request:
    """A request with a body."""
    headers = (("content-type", content_type),) if content_type else ()
    return Request("POST", "https", "api.example.com", 443, "/", headers=headers, body=body)


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"", "", (None, b"")),
        (b'{"a": 1}', "", ({"a": 1}, b"")),
        (b"[1]", "text/plain", ([1], b"")),
        (b" null ", "application/json", (None, b"")),
        (b"not json", "application/json", (None, b"not json")),
        (b"\xff\xfe", "", (None, b"\xff\xfe")),
        (b"a=1&b=&a=2", "application/x-www-form-urlencoded; charset=utf-8", ({"a": ["1", "2"], "b": ""}, b"")),
        (b"--XX\r\nv\r\n--XX--", 'Multipart/Form-Data; boundary="XX"', (None, b"--\r\nv\r\n----")),
        (b"--XX", "multipart/form-data", (None, b"--XX")),
    ],
)
def test_a_body_is_json_or_a_form_or_raw(body: bytes, content_type: str, expected: tuple[JSON, bytes]) -> None:
    """JSON is known by its bytes, for agents often forget the content type."""
    assert body_of(posted(body, content_type)) == expected


def test_a_field_that_repeats_holds_a_list() -> None:
    """No value is lost."""
    assert fields([("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")]) == {"a": ["1", "3", "4"], "b": "2"}


@pytest.mark.parametrize(
    ("body", "path", "query", "expected"),
    [
        (None, {}, [], {}),
        ({"a": 1}, {"id": "x"}, [("limit", "5")], {"id": "x", "a": 1, "limit": "5"}),
        ({"id": "y"}, {"id": "x"}, [("id", "z")], {"id": "x", "body.id": "y", "query.id": "z"}),
        ({"id": "x"}, {"id": "x"}, [("id", "x")], {"id": "x"}),
        ([1, 2], {}, [], [1, 2]),
        ([1, 2], {"id": "x"}, [], {"id": "x", "body": [1, 2]}),
        (None, {}, [("a", "1"), ("a", "2")], {"a": ["1", "2"]}),
    ],
)
def test_body_path_and_query_make_one_input(
    body: JSON, path: dict[str, str], query: list[tuple[str, str]], expected: JSON
) -> None:
    """No value hides another."""
    assert merged(body, path, query) == expected
