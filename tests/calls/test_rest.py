import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.calls.rest import MAX_SEGMENT, MAX_SEGMENTS, calls, template
from proxy_addons.exchange import Call, Request


@pytest.mark.parametrize(
    ("method", "path", "operation", "held"),
    [
        ("GET", "/", "GET /", {}),
        ("GET", "/users", "GET /users", {}),
        ("get", "//users//", "GET /users", {}),
        ("GET", "/v1/oauth2/token", "GET /v1/oauth2/token", {}),
        ("GET", "/orders/42", "GET /orders/{id}", {"order_id": "42"}),
        ("GET", "/companies/42", "GET /companies/{id}", {"company_id": "42"}),
        ("GET", "/classes/42", "GET /classes/{id}", {"class_id": "42"}),
        ("GET", "/42", "GET /{id}", {"id": "42"}),
        ("GET", "/users/alice", "GET /users/alice", {}),
        ("GET", "/users/a%40b.c", "GET /users/{id}", {"user_id": "a@b.c"}),
        ("POST", "/escrows/esc_ab12cd34/release", "POST /escrows/{id}/release", {"escrow_id": "esc_ab12cd34"}),
        (
            "GET",
            "/x/550e8400-e29b-41d4-a716-446655440000/y/29e1a4b2",
            "GET /x/{id}/y/{id}",
            {"x_id": "550e8400-e29b-41d4-a716-446655440000", "y_id": "29e1a4b2"},
        ),
        ("GET", "/logs/2025-01-31", "GET /logs/{id}", {"log_id": "2025-01-31"}),
        ("GET", "/t/V1StGXR8_Z5jdHi6B-myT", "GET /t/{id}", {"t_id": "V1StGXR8_Z5jdHi6B-myT"}),
        ("GET", "/a/1/2/3", "GET /a/{id}/{id}/{id}", {"a_id": "1", "a_2_id": "2", "a_3_id": "3"}),
        ("POST", "/message:send", "POST /message:send", {}),
        ("POST", "/tasks/abc123def4:cancel", "POST /tasks/{id}:cancel", {"task_id": "abc123def4"}),
        ("GET", "/keys/user:12345", "GET /keys/user:{id}", {"user_id": "12345"}),
        ("GET", "/files/" + "a" * 41, "GET /files/{id}", {"file_id": "a" * 41}),
        ("GET", "/a/b/c/d/e/f/g/h/i/1", "GET /a/b/c/d/e/f/g/h/*", {"rest_id": "i/1"}),
        ("BREW", "/pot", "OTHER /pot", {}),
    ],
)
def test_the_template_of_a_path(method: str, path: str, operation: str, held: dict[str, str]) -> None:
    """Ids are folded, and held under the name of the segment before them."""
    assert template(method, path) == (operation, held)


@given(st.text(), st.text())
def test_an_operations_name_is_bounded(method: str, path: str) -> None:
    """It is a label of metrics, and a line in a log."""
    operation, _ = template(method, path)

    assert len(operation) <= 8 + (MAX_SEGMENTS + 1) * (2 * MAX_SEGMENT + 2)
    assert operation.isprintable()


def call(method: str, path: str, body: bytes = b"", *headers: tuple[str, str], query: str = "") -> Call:
    """The call of a request."""
    asked = tuple((pair.partition("=")[0], pair.partition("=")[2]) for pair in query.split("&") if pair)
    (only,) = calls(Request(method, "https", "api.example.com", 443, path, asked, headers, body))
    return only


def test_the_input_is_body_query_and_path() -> None:
    """So that a rule can match any of them."""
    found = call("PATCH", "/orders/42", b'{"state": "paid"}', query="dry=1")

    assert found.operation == "PATCH /orders/{id}"
    assert found.input == {"order_id": "42", "state": "paid", "dry": "1"}


@pytest.mark.parametrize(
    ("method", "safe"), [("GET", True), ("HEAD", True), ("OPTIONS", True), ("POST", False), ("DELETE", False)]
)
def test_safety_goes_by_method(method: str, *, safe: bool) -> None:
    """A path may be named anything."""
    assert call(method, "/orders/get_all").safe is safe


def test_the_id_in_the_path_is_part_of_the_intent_but_not_of_the_draw() -> None:
    """The provider made it."""
    one, other = call("POST", "/orders/42/pay"), call("POST", "/orders/43/pay")

    assert one.digest != other.digest
    assert one.fingerprint == other.fingerprint


def test_the_key_of_the_header_comes_before_that_of_the_body() -> None:
    """As the IETF draft has it."""
    body = b'{"idempotency_key": "in-body"}'

    assert call("POST", "/pay", body, ("idempotency-key", "in-header")).key == "in-header"
    assert call("POST", "/pay", body).key == "in-body"


def test_a_raw_body_counts() -> None:
    """Though it is not kept."""
    assert call("POST", "/upload", b"\x00\x01").digest != call("POST", "/upload", b"\x00\x02").digest
    assert call("POST", "/upload", b"\x00\x01").input == {}
