"""What the books tell their listener, once each and after the fact."""

from __future__ import annotations

from decimal import Decimal

import pytest

from proxy_addons.sandbox.errors import SandboxError
from proxy_addons.sandbox.escrow import EscrowOrder
from proxy_addons.sandbox.happenings import Happening, nobody
from proxy_addons.sandbox.ids import Ids
from proxy_addons.sandbox.ledger import Ledger
from proxy_addons.sandbox.wallet import CashOrder

ORDER = EscrowOrder(payer="a", payee="b", amount=Decimal(25), timeout_hours=1)


def test_an_escrow_is_told_at_each_change() -> None:
    """Created, released, cancelled, expired; the expiry at its own time."""
    told: list[Happening] = []
    books = Ledger(Ids(), listener=told.append)
    released, cancelled, expired = (books.create_escrow(ORDER, float(now)).value.id for now in range(3))
    books.release_escrow(released, 10.0)
    books.cancel_escrow(cancelled, 11.0)
    books.balance("a", 1e6)
    assert [(one.type, one.subject, one.at) for one in told] == [
        ("escrow.created", released, 0.0),
        ("escrow.created", cancelled, 1.0),
        ("escrow.created", expired, 2.0),
        ("escrow.released", released, 10.0),
        ("escrow.cancelled", cancelled, 11.0),
        ("escrow.expired", expired, 3602.0),
    ]
    assert [one.payload["state"] for one in told[3:]] == ["settled", "refunded", "expired"]
    assert {one.agents for one in told} == {("a", "b")}
    assert "settlement_id" in told[3].payload
    assert "settlement_id" not in told[4].payload


def test_money_in_and_out_is_told() -> None:
    """With the balance after it."""
    told: list[Happening] = []
    books = Ledger(Ids(), listener=told.append)
    books.deposit(CashOrder("a", Decimal(10), "x"), 1.0)
    books.withdraw(CashOrder("a", Decimal(3), ""), 2.0)
    assert [(one.type, one.agents, one.payload["amount"], one.payload["new_balance"]) for one in told] == [
        ("billing.deposit", ("a",), "10.0", "510.0"),
        ("billing.withdrawal", ("a",), "3.0", "507.0"),
    ]


def test_what_did_not_happen_is_not_told() -> None:
    """Neither a replay under a key nor a refused call."""
    told: list[Happening] = []
    books = Ledger(Ids(), listener=told.append)
    escrow = books.create_escrow(ORDER, 0.0, "k").value.id
    books.create_escrow(ORDER, 1.0, "k")
    books.release_escrow(escrow, 2.0)
    with pytest.raises(SandboxError):
        books.release_escrow(escrow, 3.0)
    assert [one.type for one in told] == ["escrow.created", "escrow.released"]


def test_nobody_may_listen() -> None:
    """Then nothing comes of it."""
    nobody(Happening("escrow.created", ("a",), "e", {}, 0.0))
