from __future__ import annotations

import pytest

from proxy_addons.events.event import EffectRecord
from proxy_addons.verdicts.attempt import attempts_of
from proxy_addons.verdicts.obligations import Obligation, has_opened, open_obligations, possible_openers
from tests.support.journal import PURCHASE, Log

CLOSES = [EffectRecord("closes", "e-1", "25.0", "CREDITS")]


def left(log: Log) -> list[Obligation]:
    """What is open when a run ends."""
    return open_obligations(attempts_of(log.exchanges))


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(Log().create(), ["e-1"], id="never closed"),
        pytest.param(Log().create().release(), [], id="released"),
        pytest.param(Log().create().release(agent="seller"), [], id="released by the other side"),
        pytest.param(Log().create().release(operation="cancel_escrow", delivered=False), [], id="cancelled, unheard"),
        pytest.param(Log().create().read("get_escrow", CLOSES), [], id="a read shows that it is free"),
        pytest.param(Log().lose("e-1").create("e-2").release("e-2"), ["e-1"], id="the first of two"),
        pytest.param(Log().lose("e-1").create("e-1").release("e-1"), [], id="a replay is no second one"),
        pytest.param(Log().release("e-9"), [], id="opened in an earlier run"),
        pytest.param(Log().fail(), [], id="nothing opened"),
    ],
)
def test_open_is_what_was_opened_and_never_closed(log: Log, expected: list[str]) -> None:
    """Whoever closes it closes it."""
    assert expected == [obligation.resource for obligation in left(log)]


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(Log().create(), True, id="answered"),
        pytest.param(Log().lose(), False, id="answer lost"),
        pytest.param(Log().create(fault="truncate"), False, id="answer spoilt"),
        pytest.param(Log().lose(key="k").call("create_escrow", key="k"), True, id="a marked replay told it"),
        pytest.param(Log().lose().create("e-1"), True, id="a replay told it"),
        pytest.param(
            Log().lose().fail("release_escrow", path="/v1/payments/escrows/e-1/release"), True, id="in a path"
        ),
        pytest.param(Log().lose().read("get_escrow", input={"escrow_id": "e-1"}), True, id="in an input"),
    ],
)
def test_known_is_what_the_agent_learned_of(log: Log, expected: bool) -> None:  # noqa: FBT001
    """By a sound answer, or it could not have named it."""
    assert [expected] == [obligation.known for obligation in left(log)]


def test_obligation_expires_by_itself_when_it_was_asked_to() -> None:
    """GreenHelix takes `timeout_hours`."""
    log = Log().create("e-1", input=PURCHASE | {"timeout_hours": 24}).create("e-2")
    assert [obligation.expires for obligation in left(log)] == [True, False]


def test_closing_call_of_unknown_end_puts_it_in_doubt() -> None:
    """It may be free."""
    log = Log().create("e-1").create("e-2").vanish("release_escrow", input={"escrow_id": "e-1"})
    assert [obligation.in_doubt for obligation in left(log)] == [True, False]


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(Log().create().vanish(), [2], id="an operation that opens"),
        pytest.param(Log().vanish("escrow_v2"), [1], id="never seen, with an amount"),
        pytest.param(Log().vanish("note", input={}), [], id="never seen, without an amount"),
        pytest.param(Log().call("pay").vanish("pay"), [], id="seen to lock nothing"),
        pytest.param(Log().vanish(key="k").create(key="k"), [], id="settled"),
        pytest.param(Log().vanish("release_escrow"), [], id="brings about a state"),
        pytest.param(Log().call("create_escrow", [EffectRecord("opens", "")]), [1], id="opened without a name"),
    ],
)
def test_possible_openers(log: Log, expected: list[int]) -> None:
    """Only what may have locked money."""
    assert expected == [attempt.number for attempt in possible_openers(attempts_of(log.exchanges))]


def test_has_opened() -> None:
    """Money that was set free again had been locked."""
    assert has_opened(attempts_of(Log().create().release().exchanges))
    assert not has_opened(attempts_of(Log().release().exchanges))
