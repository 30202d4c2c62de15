import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.calls.redact import (
    MAX_BYTES,
    MAX_DEPTH,
    REDACTED,
    TOO_DEEP,
    is_secret,
    redact,
    redact_key,
    redact_text,
)
from proxy_addons.exchange import JSON


@pytest.mark.parametrize(
    "name",
    [
        *("authorization", "Authorization", "api_key", "apiKey", "X-API-Key", "secret", "client_secret"),
        *("webhook_secret", "password", "db_password", "token", "access_token", "refreshToken", "private_key"),
        *("privateKey", "credentials", "cookie", "current_key", "cvv"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    """In any spelling, at any depth, whatever they hold."""
    assert is_secret(name)
    assert redact({"a": [{name: "hush"}], name: {"nested": 1}}) == {"a": [{name: REDACTED}], name: REDACTED}


@pytest.mark.parametrize(
    "name",
    [
        *("idempotency_key", "idempotencyKey", "public_key", "max_tokens", "total_tokens", "token_count"),
        *("next_page_token", "key", "author", "amount", "secretary", "pinned", "shipping"),
    ],
)
def test_names_of_no_secrets(name: str) -> None:
    """Checks need the idempotency key, and people the rest."""
    assert not is_secret(name)
    assert redact({name: "seen"}) == {name: "seen"}


def test_a_secret_that_is_null_is_seen_to_be_missing() -> None:
    """That may be the agent's mistake."""
    assert redact({"api_key": None, "token": ""}) == {"api_key": None, "token": REDACTED}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a2a_free_4f3c8a1b2d6e9f0a7c5b3d1e", REDACTED),
        ("use sk-abcdefghijklmnopqrstuvwxyz please", f"use {REDACTED} please"),
        ("Bearer abcdefgh12345678", REDACTED),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0xx.sig-nature", REDACTED),
        ("https://user:pass@example.com/x", f"https://{REDACTED}@example.com/x"),
        ("-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----", REDACTED),
        ("AKIAIOSFODNN7EXAMPLE", REDACTED),
        ("the bearer of good news", "the bearer of good news"),
        ("https://example.com:8080/a@b", "https://example.com:8080/a@b"),
        ("basic skills", "basic skills"),
    ],
)
def test_text_in_the_form_of_a_secret(text: str, expected: str) -> None:
    """Wherever an agent pasted it."""
    assert redact({"note": text}) == {"note": expected}


def test_the_input_itself_is_not_touched() -> None:
    """It is still on its way."""
    value: JSON = {"a": {"token": "x"}}
    redact(value)

    assert value == {"a": {"token": "x"}}


def test_a_large_input_is_told_by_size_and_hash() -> None:
    """A journal of prompts would be unreadable."""
    value: JSON = {"note": "x" * MAX_BYTES}

    assert redact({"note": "x" * (MAX_BYTES - 11)}) == {"note": "x" * (MAX_BYTES - 11)}
    assert redact(value) == {"omitted": {"bytes": MAX_BYTES + 11, "blake2b": "bd87be9b014a2c76e3806ebab566ced3"}}


def test_what_lies_too_deep_is_left_out() -> None:
    """Readers of the journal have limits of their own."""
    value: JSON = 1
    for _ in range(MAX_DEPTH + 5):
        value = {"a": value}

    found = redact(value)
    for _ in range(MAX_DEPTH):
        assert isinstance(found, dict)
        found = found["a"]
    assert found == TOO_DEEP


@pytest.mark.parametrize("value", [10**5000, "\ud800", {"\ud800": 1}], ids=["number", "text", "name"])
def test_what_cannot_be_written_is_told_by_size_and_hash(value: JSON) -> None:
    """The journal must never fail for it."""
    found = redact({"a": value})

    assert isinstance(found, dict)
    assert list(found) == ["omitted"]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(VALUES)
def test_the_journal_can_write_and_read_it(value: JSON) -> None:
    """Whatever the input was."""
    msgspec.json.decode(msgspec.json.encode(redact(value)))


@given(st.dictionaries(st.sampled_from(["amount", "payer", "note", "idempotency_key"]), st.integers() | st.booleans()))
def test_what_holds_no_secret_is_unchanged(value: dict[str, JSON]) -> None:
    """Verdicts compare inputs."""
    assert redact(value) == value


@pytest.mark.parametrize(
    "name",
    [
        "pass",
        "tokens",
        "private_key_pem",
        "x_auth",
        "api-key-live",
        "secret_value",
        "credentials_json",
        "sessionid",
        "card.number",
        "iban",
    ],
)
def test_more_names_of_secrets(name: str) -> None:
    """As they are met in the wild."""
    assert redact({name: "x" * 12}) == {name: REDACTED}


@pytest.mark.parametrize("name", ["max_tokens", "token_count", "passenger", "pan_id_count", "author", "compass"])
def test_names_that_only_look_alike(name: str) -> None:
    """They stay readable."""
    assert redact({name: "plain words"}) == {name: "plain words"}


def test_a_secret_in_a_path_or_key_is_no_longer_there() -> None:
    """Keys that were alike stay alike."""
    assert redact_text("/v1/keys/sk-live-0123456789abcdef/info") == f"/v1/keys/{REDACTED}/info"
    secret = "a2a_live_0123456789abcdef"
    assert redact_key(secret) == redact_key(secret) != redact_key(secret + "0")
    assert secret not in str(redact_key(secret))
    assert (redact_key("order-7"), redact_key(None)) == ("order-7", None)
