"""A buyer as many are written: it tries again at once, without an idempotency key.

    crosswind run --profile lost-response -- python examples/naive_buyer.py

It locks 25.00 in an escrow for a seller and releases it. Only the standard library is used.
"""

import json
import urllib.error
import urllib.request

GATEWAY = "https://sandbox.greenhelix.net"
ATTEMPTS = 4


def post(path: str, body: dict[str, str]) -> dict[str, str]:
    """Send one call, and send it again until it works."""
    request = urllib.request.Request(
        GATEWAY + path, json.dumps(body).encode(), {"Content-Type": "application/json", "X-Agent-Id": "naive-buyer"}
    )
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                answer: dict[str, str] = json.load(response)
                return answer
        except (urllib.error.URLError, ConnectionError) as error:
            print(f"  attempt {attempt} of {path} failed: {error}; again")
    raise SystemExit(f"gave up on {path}")


def main() -> None:
    """Buy."""
    escrow = post("/v1/payments/escrows", {"payer": "naive-buyer", "payee": "acme-data", "amount": "25.00"})
    print(f"  escrow {escrow['id']} {escrow['status']}")
    settled = post(f"/v1/payments/escrows/{escrow['id']}/release", {})
    print(f"  released: {settled['status']}. All good, it seems.")


if __name__ == "__main__":
    main()
