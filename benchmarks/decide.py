"""What a decision costs: microseconds per rule, and 100 rules against 1.

    .venv/bin/python benchmarks/decide.py

Three profiles: rules that all match and all draw (the worst case), rules that look into the input
before they draw, and rules that each name another operation, as real profiles do.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from proxy_addons.exchange import JSON, Call, Exchange, Request
from proxy_addons.rules.plan import Decider
from proxy_addons.rules.profile import Profile
from proxy_addons.tally import MemoryTally

ROUNDS = 15
LIMIT = 10.0
"""Microseconds a rule may cost, draw included."""

SHAPES: dict[str, dict[str, object]] = {
    "every rule draws": {},
    "every rule reads the input": {"path": "/v1/payments/*", "input": {"amount": {"gte": 10}}},
    "every rule names another operation": {"operation": "{}"},
}


def exchange() -> Exchange:
    """A call as the guide's agents make it."""
    request = Request("POST", "https", "sandbox.greenhelix.net", 443, "/v1/payments/escrows", (), (("accept", "*/*"),))
    entered: JSON = {"payer": "a", "payee": "b", "amount": "25.00"}
    call = Call("create_escrow", entered, fingerprint="5d41402abc4b2a76", digest="d", ordinal=1, nth=1, attempt=1)
    return Exchange(1, "buyer", "greenhelix", request, [call], 0.0)


def profile(rules: int, shape: dict[str, object]) -> Profile:
    """So many rules of one shape; the first names the operation that is called."""
    operations = ["create_escrow", *(f"operation_{number}" for number in range(1, rules))]
    written = [
        {
            "name": f"rule-{operation}",
            "match": {key: operation if value == "{}" else value for key, value in shape.items()},
            "when": {"probability": 0.3, "attempts": [1]},
            "fault": "noop",
        }
        for operation in operations
    ]
    return Profile.model_validate({"version": 1, "rules": written})


def microseconds(rules: int, shape: dict[str, object]) -> float:
    """One exchange, in the quietest of several rounds."""
    decider, asked = Decider(profile(rules, shape), MemoryTally(), seed=42), exchange()
    repeats = max(200, 20_000 // rules)
    decider.decide(asked, elapsed=0.0)
    measured = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(repeats):
            decider.decide(asked, elapsed=1.0)
        measured.append((time.perf_counter() - began) / repeats * 1e6)
    return min(measured)


def main() -> int:
    """Print one line a shape; the exit code is 1 when a rule costs more than the limit."""
    worst = 0.0
    for title, shape in SHAPES.items():
        one, hundred = microseconds(1, shape), microseconds(100, shape)
        worst = max(worst, one, hundred / 100)
        print(f"{title:<36} 1 rule {one:7.2f} µs   100 rules {hundred:8.2f} µs   {hundred / one:6.1f} x")
    print(f"{'the dearest rule':<36} {worst:.2f} µs (limit {LIMIT:g} µs)")
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
