import pytest

from proxy_addons.calls.volatile import Sort, sort_of


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("idempotency_key", Sort.VOLATILE),
        ("idempotencyKey", Sort.VOLATILE),
        ("X-Request-ID", Sort.VOLATILE),
        ("correlation_id", Sort.VOLATILE),
        ("traceparent", Sort.VOLATILE),
        ("nonce", Sort.VOLATILE),
        ("timestamp", Sort.VOLATILE),
        ("createdAt", Sort.VOLATILE),
        ("_meta", Sort.VOLATILE),
        ("meta", Sort.PLAIN),
        ("metadata", Sort.PLAIN),
        ("amount", Sort.PLAIN),
        ("payer", Sort.PLAIN),
        ("paid", Sort.PLAIN),
        ("", Sort.PLAIN),
        ("x" * 10_000 + "_id", Sort.PLAIN),
        ("expires_at", Sort.TIME),
        ("expiresAt", Sort.TIME),
        ("start_time", Sort.TIME),
        ("since", Sort.TIME),
        ("id", Sort.ID),
        ("agent_id", Sort.ID),
        ("serverID", Sort.ID),
        ("service_ids", Sort.ID),
        ("escrow_id", Sort.ISSUED),
        ("escrowId", Sort.ISSUED),
        ("parent_intent_id", Sort.ISSUED),
        ("550e8400-e29b-41d4-a716-446655440000", Sort.GENERATED),
        ("esc_ab12cd34", Sort.GENERATED),
        ("42", Sort.PLAIN),
    ],
)
def test_what_a_name_says(name: str, expected: Sort) -> None:
    """In any spelling."""
    assert sort_of(name) is expected
