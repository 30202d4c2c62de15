"""The same buyer, careful: an idempotency key, back-off with jitter, and a look before it sends again.

    crosswind run --profile lost-response -- python examples/careful_buyer.py

It locks 25.00 in an escrow for a seller and releases it. Only the standard library is used.
"""

import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

GATEWAY = "https://sandbox.greenhelix.net"
BUYER = "careful-buyer"
ATTEMPTS = 4
FIRST_WAIT = 0.1
TEMPORARY = frozenset({429, 500, 502, 503, 504})


def call(method: str, path: str, body: dict[str, str] | None = None, key: str = "") -> dict[str, Any]:
    """Send one call, once."""
    headers = {"Content-Type": "application/json", "X-Agent-Id": BUYER} | ({"Idempotency-Key": key} if key else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(GATEWAY + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def insist(
    what: str, send: Callable[[], dict[str, Any]], look: Callable[[], dict[str, Any] | None] | None = None
) -> dict[str, Any]:
    """Send a call until it works, a few times, with growing waits; `look` tells whether it did its work already."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            if attempt > 1 and look is not None and (found := look()):
                print(f"  {what}: it had gone through, only the answer was lost")
                return found
            return send()
        except urllib.error.HTTPError as error:
            if error.code not in TEMPORARY:
                raise
            failure: Exception = error
        except (urllib.error.URLError, ConnectionError) as error:
            failure = error
        wait = FIRST_WAIT * 2**attempt * random.uniform(0.5, 1.0)
        print(f"  {what}: attempt {attempt} failed ({failure}); a look in {wait:.2f}s")
        time.sleep(wait)
    raise SystemExit(f"gave up on {what}")


def main() -> None:
    """Buy."""
    key = str(uuid.uuid4())
    order = {"payer": BUYER, "payee": "acme-data", "amount": "25.00"}

    def look_for_escrow() -> dict[str, Any] | None:
        query = urllib.parse.urlencode({"agent_id": BUYER})
        escrows = call("GET", f"/v1/payments/escrows?{query}")["escrows"]
        return next((escrow for escrow in escrows if escrow["idempotency_key"] == key), None)

    escrow = insist("create", lambda: call("POST", "/v1/payments/escrows", order, key), look_for_escrow)
    print(f"  escrow {escrow['id']} {escrow['status']}")

    path = f"/v1/payments/escrows/{escrow['id']}"
    release_key = str(uuid.uuid4())

    def look_for_settlement() -> dict[str, Any] | None:
        found = call("GET", path)
        return found if found["status"] == "settled" else None

    settled = insist("release", lambda: call("POST", f"{path}/release", {}, release_key), look_for_settlement)
    print(f"  released: {settled['status']}")


if __name__ == "__main__":
    main()
