"""One attempt in a short line: `create_escrow 25.00 → committed, answer lost (lost_response)`.

In brackets stands who is to blame for a bad end: the injected faults by their words, `upstream`, or
`guard`. The two are never mixed.
"""

from __future__ import annotations

from collections.abc import Iterable

from proxy_addons.exchange import Origin
from proxy_addons.verdicts.amount import read_amount, show_amount
from proxy_addons.verdicts.attempt import Attempt
from proxy_addons.verdicts.effects import amount_of
from proxy_addons.verdicts.verdict import Evidence


def evidence_of(attempts: Iterable[Attempt]) -> tuple[Evidence, ...]:
    """A line for each attempt, in the order of their start, none twice."""
    ordered = sorted(dict.fromkeys(attempts), key=lambda attempt: (attempt.started_at, attempt.number))
    return tuple(Evidence(attempt.number, describe(attempt)) for attempt in ordered)


def describe(attempt: Attempt) -> str:
    """What was asked, what the provider did, and what the agent got."""
    written, _ = amount_of(attempt)
    amount = read_amount(written)
    asked = f"{attempt.call.operation} {show_amount(amount)}" if amount is not None else attempt.call.operation
    outcome = ", ".join(part for part in (_done(attempt), _got(attempt)) if part)
    blame = blame_of(attempt)
    return f"{asked} → {outcome} ({blame})" if blame else f"{asked} → {outcome}"


def blame_of(attempt: Attempt) -> str:
    """Who is behind it that the attempt did not go well; faults that did no harm are named too."""
    if attempt.repeat_of is not None:
        return ""
    if attempt.faults:
        return ", ".join(dict.fromkeys(attempt.faults))
    if attempt.exchange.origin is Origin.GUARD:
        return "guard"
    if attempt.sound or (attempt.exchange.client_aborted and attempt.exchange.pristine_status is not None):
        return ""
    return "upstream"


def _done(attempt: Attempt) -> str:
    if attempt.call.safe:
        return ""
    if attempt.committed:
        return "committed"
    return "nobody knows if it committed" if attempt.ambiguous else "not committed"


def _got(attempt: Attempt) -> str:
    exchange = attempt.exchange
    if attempt.repeat_of is not None:
        return f"the network's repeat of #{attempt.repeat_of}"
    if not exchange.delivered or exchange.status is None:
        if exchange.client_aborted:
            return "the agent gave up waiting"
        return "answer lost" if exchange.reached_upstream else "no answer"
    if attempt.sound:
        return "answer delivered"
    if exchange.status >= 300:
        return f"told {exchange.status}"
    return f"a spoilt {exchange.status} delivered" if attempt.accepted else f"refused within a {exchange.status}"
