from __future__ import annotations

import pytest

from proxy_addons.exchange import Request
from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.reading import encodable, object_body


def posting(body: bytes) -> Request:
    """A request with a body."""
    return Request("POST", "https", "sandbox.greenhelix.net", 443, "/v1", body=body)


@pytest.mark.parametrize(("text", "read"), [("plain", "plain"), ("grün ✓", "grün ✓"), ("a\udcffb", "a?b")])
def test_text_can_be_encoded(text: str, read: str) -> None:
    """What cannot is replaced, the rest stays."""
    assert read == encodable(text)


def test_no_body_is_an_empty_object() -> None:
    """The official client releases an escrow without one."""
    assert object_body(posting(b"")) == {}


def test_an_object_is_read() -> None:
    """As JSON."""
    assert object_body(posting(b'{"amount": 1}')) == {"amount": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b"1",
        b"{",
        b'{"a":NaN}',
        b'{"a":1e400}',
        b'{"a":"\xff"}',
        b"\xff",
        b"[" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"amount=1",
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    """422, whatever is wrong with it."""
    with pytest.raises(SandboxError) as refusal:
        object_body(posting(body))
    assert refusal.value.status == 422
