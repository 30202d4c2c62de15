from __future__ import annotations

import pytest

from proxy_addons.verdicts.attempt import attempts_of
from proxy_addons.verdicts.knowledge import Knowledge
from tests.support.journal import PURCHASE, Log


@pytest.mark.parametrize(
    ("log", "learned", "looked"),
    [
        pytest.param(Log().lose(), False, False, id="nothing after it"),
        pytest.param(Log().lose().release(), True, False, id="released"),
        pytest.param(Log().lose().release(agent="seller"), False, False, id="released by another"),
        pytest.param(Log().lose().read("get_escrow", path="/x/e-1"), True, True, id="looked at it"),
        pytest.param(Log().lose().read("list_escrows"), False, True, id="looked"),
        pytest.param(Log().lose().read("search", path="/v1/payments/escrows"), False, True, id="by the path"),
        pytest.param(Log().lose().read(), False, False, id="looked at something else"),
        pytest.param(Log().lose().read("list_escrows", delivered=False), False, False, id="the look was lost"),
        pytest.param(
            Log().lose(input=PURCHASE | {"id": "e-1"}).fail(input=PURCHASE | {"id": "e-1"}),
            False,
            False,
            id="its own name",
        ),
    ],
)
def test_knowledge(log: Log, learned: bool, looked: bool) -> None:  # noqa: FBT001
    """To name it is to know it; to look is perhaps to know it."""
    attempts = attempts_of(log.exchanges)
    knowledge = Knowledge(attempts)
    assert (learned, looked) == (knowledge.learned(attempts[:1]), knowledge.looked(attempts[0], log.now))
    assert not knowledge.learned(attempts[:1], attempts[0].ended_at)
