"""What the calls of an exchange did to the provider's books, read from the pristine answer.

Escrows lock money until they are released, cancelled, refunded or expired. The gateway calls the states
`held`, `settled`, `refunded`, `expired`, the guide `pending`, `released`, `cancelled`, `expired`; both are known.
In the REST dialect the answer to a release names the *settlement*: the escrow is the one that was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from proxy_addons.calls.outcome import Outcome, outcomes
from proxy_addons.exchange import JSON, Answer, Call, Commit, Effect

OPENS = frozenset({"create_escrow", "create_performance_escrow"})
CLOSES = frozenset({"release_escrow", "cancel_escrow", "refund_escrow"})
MOVES = frozenset(
    {
        *("deposit", "withdraw", "convert_currency", "create_subscription"),
        *("create_intent", "create_split_intent", "capture_intent", "partial_capture"),
        *("refund_intent", "refund_settlement"),
    }
)
MOVING_PREFIXES = ("send_", "transfer_", "pay_")
SHOWS_ESCROWS = frozenset({"get_escrow", "list_escrows", "check_performance_escrow"})
SHOWS_DISPUTES = frozenset({"get_dispute", "list_disputes", "resolve_dispute"})

_CLOSED = frozenset({"settled", "released", "refunded", "cancelled", "canceled", "expired"})
_LISTS = ("escrows", "disputes", "items", "results")
_AMOUNTS = ("amount", "total_amount", "deposited", "withdrawn")
_PAYERS = ("payer", "payer_id", "payer_agent_id", "from_agent_id", "sender")
_PAYEES = ("payee", "payee_id", "payee_agent_id", "to_agent_id", "recipient")
_MOVED = ("transaction_id", "id", "intent_id", "settlement_id", "subscription_id", "payment_id", "message_id")

type _Fields = dict[str, JSON]


def note_effects(calls: Sequence[Call], answer: Answer) -> Commit:
    """Set `status` and `effects` of each call from the answer as its origin gave it; returns what was committed.

    An answer marked `idempotent-replayed: true` changed nothing, and neither did anything but a 2xx.
    """
    replayed = (answer.header("idempotent-replayed") or "").strip().lower() == "true"
    ended = outcomes(len(calls), answer)
    for call, outcome in zip(calls, ended, strict=True):
        call.status = outcome.status
        call.effects = _effects(call, outcome, replayed=replayed)
    return _commit(calls, ended, reached=True)


def commit_of(calls: Sequence[Call], answer: Answer | None, *, reached: bool) -> Commit:
    """What became of the calls that may change something, given the pristine answer or that there was none.

    A batch is committed when one of them succeeded. A 5xx is ambiguous, and so is a batch's answer that does
    not say; 4xx and 3xx mean that nothing was done.
    """
    if all(call.safe for call in calls):
        return Commit.NONE
    if answer is None:
        return Commit.AMBIGUOUS if reached else Commit.NONE
    return _commit(calls, outcomes(len(calls), answer), reached=reached)


def _commit(calls: Sequence[Call], ended: Sequence[Outcome], *, reached: bool) -> Commit:
    changing = [outcome for call, outcome in zip(calls, ended, strict=True) if not call.safe]
    if any(outcome.succeeded for outcome in changing):
        return Commit.COMMITTED
    unclear = any(outcome.status is None or outcome.status >= 500 for outcome in changing)
    return Commit.AMBIGUOUS if unclear and reached else Commit.NONE


def _effects(call: Call, outcome: Outcome, *, replayed: bool) -> list[Effect]:
    if not outcome.succeeded:
        return []
    if call.operation in SHOWS_ESCROWS:
        return _shown_escrows(call, outcome.content)
    if call.operation in SHOWS_DISPUTES:
        return _shown_disputes(outcome.content)
    if replayed or call.safe:
        return []
    return _changes(call.operation, _fields(call.input), _fields(outcome.content))


def _changes(operation: str, asked: _Fields, told: _Fields) -> list[Effect]:
    """The effects of an operation that succeeded, from what was asked and what the answer told."""
    if operation in OPENS:
        resource = _text(told, "escrow_id", "id")
        closed = [_effect("closes", resource, told, asked)] if _state(told) in _CLOSED else []
        return [_effect("opens", resource, told, asked), *closed]
    if operation in CLOSES:
        resource = _text(asked, "escrow_id", "id") or _text(told, "escrow_id")
        return [_effect("closes", resource, told, asked)]
    if operation in MOVES or operation.startswith(MOVING_PREFIXES):
        return [_move(operation, told, asked)]
    return []


def _move(operation: str, told: _Fields, asked: _Fields) -> Effect:
    effect = _effect("moves", _text(told, *_MOVED), told, asked)
    if effect.payer is None and effect.payee is None:
        wallet = _text(told, "agent_id") or _text(asked, "agent_id") or None
        effect.payee, effect.payer = (wallet, None) if operation == "deposit" else (None, wallet)
    return effect


def _shown_escrows(call: Call, content: JSON) -> list[Effect]:
    """A `closes` for each escrow that the answer shows as no longer held."""
    asked = _text(_fields(call.input), "escrow_id", "id")
    listed = _listed(content)
    if listed is None:
        told = _fields(content)
        if isinstance(told.get("escrow"), dict):
            told = _fields(told["escrow"])
        closed = _state(told) in _CLOSED or told.get("released") is True
        return [_effect("closes", _text(told, "escrow_id", "id") or asked, told, {})] if closed else []
    return [_effect("closes", _text(told, "escrow_id", "id"), told, {}) for told in listed if _state(told) in _CLOSED]


def _shown_disputes(content: JSON) -> list[Effect]:
    """A `closes` for the escrow of each resolved dispute: the gateway settles or refunds it along with that."""
    listed = _listed(content)
    disputes = [_fields(content)] if listed is None else listed
    resolved = [(told, _text(told, "escrow_id")) for told in disputes if _state(told) == "resolved"]
    return [_effect("closes", escrow, told, {}) for told, escrow in resolved if escrow]


def _listed(content: JSON) -> list[_Fields] | None:
    """The objects of an answer that is a list or holds one; None when it is about one thing."""
    if isinstance(content, dict):
        content = next((held for name in _LISTS if isinstance(held := content.get(name), list)), None)
    return [_fields(item) for item in content] if isinstance(content, list) else None


def _effect(kind: str, resource: str, told: _Fields, asked: _Fields) -> Effect:
    """An effect with what the answer told, and what was asked where it is silent."""

    def either(*names: str) -> str | None:
        return _text(told, *names) or _text(asked, *names) or None

    return Effect(
        kind=kind,
        resource=resource,
        amount=either(*_AMOUNTS),
        currency=either("currency"),
        payer=either(*_PAYERS),
        payee=either(*_PAYEES),
    )


def _fields(value: JSON) -> _Fields:
    return value if isinstance(value, dict) else {}


def _state(told: _Fields) -> str:
    return (_text(told, "status") or _text(told, "state")).lower()


def _text(held: _Fields, *names: str) -> str:
    """The first of the fields that is text or a number, as text; empty when there is none."""
    for name in names:
        value = held.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, float):
            return format(Decimal(repr(value)), "f")
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value) if abs(value) < 2**64 else hex(value)
    return ""
