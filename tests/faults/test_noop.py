from typing import cast

from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Wire
from proxy_addons.faults.noop import Noop
from proxy_addons.rules.draw import Draw, seed_key


async def test_noop_touches_nothing_and_counts_as_delivered() -> None:
    """It never looks at the wire: there is none here."""
    played = await Noop().play(cast("Wire", None), Draw(seed_key(0), "r", "a", "o", "f", 1))

    assert (played.delivered, played.ends) == (True, False)


def test_noop_can_stand_on_either_side() -> None:
    """As a baseline for faults before and after."""
    assert Noop().at is Phase.BEFORE
    assert Noop(at=Phase.AFTER).at is Phase.AFTER
    assert not Noop().fatal
