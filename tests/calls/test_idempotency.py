import pytest

from proxy_addons.calls.idempotency import field_key, header_key
from proxy_addons.exchange import JSON, Request


def request(*headers: tuple[str, str]) -> Request:
    """A request with headers."""
    return Request("POST", "https", "api.example.com", 443, "/", headers=headers)


def test_the_standard_header_comes_before_the_other() -> None:
    """An empty one is none."""
    assert header_key(request(("x-idempotency-key", "b"), ("idempotency-key", " a "))) == "a"
    assert header_key(request(("x-idempotency-key", "b"))) == "b"
    assert header_key(request(("idempotency-key", " "), ("x-idempotency-key", "b"))) == "b"
    assert header_key(request()) is None


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (({"idempotency_key": "a"},), "a"),
        (({"idempotencyKey": "a"},), "a"),
        (({}, {"idempotency_key": "b"}), "b"),
        (({"idempotency_key": "a"}, {"idempotency_key": "b"}), "a"),
        (({"idempotency_key": 7},), "7"),
        (({"idempotency_key": 10**5000},), "blake2b:3c9825d18e5dd3ac44248e6c868979e2"),
        (({"idempotency_key": ""},), None),
        (({"idempotency_key": None},), None),
        (({"idempotency_key": True},), None),
        (({"idempotency_key": ["a"]},), None),
        ((None, [1], "x"), None),
    ],
)
def test_the_key_in_an_input(places: tuple[JSON, ...], expected: str | None) -> None:
    """In either spelling, of the first object that has one."""
    assert field_key(*places) == expected


def test_long_keys_are_kept_apart() -> None:
    """Though they are not kept whole."""
    one, other = field_key({"idempotency_key": "a" * 300}), field_key({"idempotency_key": "a" * 301})

    assert one is not None
    assert len(one) <= 255
    assert one != other
