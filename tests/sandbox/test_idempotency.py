from __future__ import annotations

import pytest

from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.idempotency import IdempotencyKeys


def test_a_new_key_recalls_nothing() -> None:
    """Then the call is to be done."""
    assert IdempotencyKeys[str]().recall("a", "k", "body") is None


def test_no_key_is_never_bound() -> None:
    """Two calls without a key are two calls."""
    keys = IdempotencyKeys[str]()
    keys.bind("a", None, "body", "made")
    assert keys.recall("a", None, "body") is None


def test_a_bound_key_recalls_what_it_made() -> None:
    """The same again is not done again."""
    keys = IdempotencyKeys[str]()
    keys.bind("a", "k", "body", "made")
    assert keys.recall("a", "k", "body") == "made"


def test_a_key_is_its_agents_own() -> None:
    """Two agents may choose the same."""
    keys = IdempotencyKeys[str]()
    keys.bind("a", "k", "body", "made")
    assert keys.recall("b", "k", "body") is None


def test_another_body_under_the_same_key_is_refused() -> None:
    """409, in the gateway's spelling."""
    keys = IdempotencyKeys[str]()
    keys.bind("a", "k", "body", "made")
    with pytest.raises(SandboxError) as refusal:
        keys.recall("a", "k", "other")
    assert (refusal.value.code, refusal.value.status) == ("idempotency_key_reused", 409)


def test_bodies_may_be_left_out_of_it() -> None:
    """As the gateway does when it creates escrows."""
    keys = IdempotencyKeys[str](compare_bodies=False)
    keys.bind("a", "k", "body", "made")
    assert keys.recall("a", "k", "other") == "made"
