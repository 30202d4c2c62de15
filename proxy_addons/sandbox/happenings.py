"""What happens in the books, for those who want to be told.

The books hand each happening to one listener at the moment it takes place. Types follow the gateway's event
bus: `escrow.created`, `escrow.released`, `escrow.cancelled`, `escrow.expired`, `billing.deposit` and
`billing.withdrawal` (`escrow.…` from its samples, `billing.deposit` from its client 1.4.5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proxy_addons.exchange import JSON


@dataclass(frozen=True, slots=True)
class Happening:
    """One change of the books. `agents` it concerns, `subject` names the escrow or transaction, `at` is when."""

    type: str
    agents: tuple[str, ...]
    subject: str
    payload: Mapping[str, JSON]
    at: float


type Listener = Callable[[Happening], None]


def nobody(_happening: Happening) -> None:
    """Listen to nothing."""
