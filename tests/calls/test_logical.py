from proxy_addons.calls.fingerprint import digest, fingerprint
from proxy_addons.calls.logical import logical
from proxy_addons.exchange import JSON, Call


def test_a_call_comes_with_its_hashes() -> None:
    """Counting and drawing need them at once."""
    value: JSON = {"escrow_id": "esc_ab12cd34"}

    expected = Call(
        operation="release_escrow",
        input=value,
        safe=False,
        key="k",
        fingerprint=fingerprint("release_escrow", value, b"raw"),
        digest=digest("release_escrow", value, b"raw"),
    )
    assert logical("release_escrow", value, safe=False, key="k", raw=b"raw") == expected
