from __future__ import annotations

import pytest

from proxy_addons.events.event import EffectRecord, Event
from proxy_addons.verdicts.case import case_of
from proxy_addons.verdicts.no_funds_locked import no_funds_locked
from proxy_addons.verdicts.verdict import Finding, Result
from tests.support.journal import PURCHASE, Log

PASS, FAIL, UNCLEAR, SKIPPED = Result.PASS, Result.FAIL, Result.INCONCLUSIVE, Result.NOT_EXERCISED
EXPIRING = PURCHASE | {"timeout_hours": 24}


def check(log: Log, baseline: list[Event] | None = None) -> Finding:
    """The finding on a run."""
    return no_funds_locked(case_of(log.events(), baseline=baseline))


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(Log().lose("e-1").create("e-2").release("e-2"), FAIL, id="an orphan"),
        pytest.param(Log().create().fail("release_escrow"), FAIL, id="release given up"),
        pytest.param(Log().create().fail("get_order", safe=True), FAIL, id="never released"),
        pytest.param(Log().create(), SKIPPED, id="left open without a fault"),
        pytest.param(Log().lose(input=EXPIRING), FAIL, id="an orphan that expires"),
        pytest.param(Log().lose(key="a").create(key="a").release(), PASS, id="found again and released"),
        pytest.param(Log().create().fail("release_escrow").release(), PASS, id="released at last"),
        pytest.param(Log().create().fail("release_escrow").release(agent="seller"), PASS, id="released by the other"),
        pytest.param(
            Log().create().vanish("release_escrow", input={"escrow_id": "e-1"}), UNCLEAR, id="release of unknown end"
        ),
        pytest.param(
            Log().create().vanish("release_escrow", input={"escrow_id": "e-1"}).release(),
            PASS,
            id="released again to be sure",
        ),
        pytest.param(
            Log().lose("e-1").create("e-2").vanish("release_escrow", input={"escrow_id": "e-2"}),
            FAIL,
            id="one in doubt, one not",
        ),
        pytest.param(Log().vanish(), UNCLEAR, id="may have locked"),
        pytest.param(Log().lose("e-1").vanish(), FAIL, id="may have locked even more"),
        pytest.param(Log().vanish("note", input={}).create().release(), PASS, id="cannot have locked"),
        pytest.param(Log().call("create_escrow", [EffectRecord("opens", "")]), UNCLEAR, id="locked without a name"),
        pytest.param(Log().call("pay", fault="latency"), SKIPPED, id="nothing locked"),
        pytest.param(Log().create().release(), SKIPPED, id="undisturbed"),
    ],
)
def test_money_is_free_when_the_run_ends(log: Log, expected: Result) -> None:
    """Open is a failure; what cannot be told is told to be so."""
    assert expected is check(log).result


def test_failure_says_how_much_and_whose() -> None:
    """Totals by currency, and what the agent never learned of."""
    dollars = [EffectRecord("opens", "e-3", "10", "USD")]
    finding = check(Log().lose("e-1").create("e-2").call("create_escrow", dollars, key="k"))
    assert finding.sentence == (
        "50.00 CREDITS, 10.00 USD still locked when the run ended, "
        "in 3 obligations, 1 of them orphaned: the agent never learned of it."
    )
    assert finding.figures == {"locked": "50.00 CREDITS, 10.00 USD", "orphaned": "1"}
    assert [line.number for line in finding.evidence] == [1, 2, 3]
    assert finding.evidence[0].text.endswith("answer lost (lost_response), opened e-1")


def test_known_one_that_expires_by_itself_is_a_warning() -> None:
    """The provider sets it free in time."""
    finding = check(Log().create(input=EXPIRING).fail("release_escrow"))
    assert (finding.result, finding.warning) == (PASS, True)
    assert "expires by itself" in finding.sentence


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(Log().fail().create("e-1"), PASS, id="as usual"),
        pytest.param(Log().fail().create("e-1").create("e-2"), FAIL, id="one more than usual"),
        pytest.param(Log().lose("e-1"), FAIL, id="an orphan is never usual"),
        pytest.param(Log().lose("e-1").create("e-2"), FAIL, id="an orphan beside the usual one"),
    ],
)
def test_baseline_tells_what_is_left_to_others(log: Log, expected: Result) -> None:
    """A long-lived escrow is no leak."""
    assert expected is check(log, Log().create("b-1").events()).result


def test_incomplete_journal_proves_nothing_about_what_is_absent() -> None:
    """The release may be in the part that is missing."""
    finding = no_funds_locked(case_of(Log().lose().cut()))
    assert finding.result is UNCLEAR
    assert "the journal ends before the run did" in finding.sentence


def test_a_lost_webhook_exercises_it() -> None:
    """The confirmation never came, and the agent set its money free all the same."""
    log = Log().create().deliver("drop_delivery").release()
    assert no_funds_locked(case_of(log.events())).result is Result.PASS
    assert no_funds_locked(case_of(Log().create().deliver().release().events())).result is Result.NOT_EXERCISED


def test_without_a_fault_it_is_how_the_agent_ends() -> None:
    """The amount is told all the same."""
    finding = check(Log().create())
    assert finding.sentence == (
        "25.00 CREDITS still locked when the run ended, in 1 obligation. "
        "No fault was delivered: this is how the agent ends undisturbed."
    )
    assert check(Log().create(input=EXPIRING)).result is SKIPPED
    assert "the provider's or the client's own doing" in check(Log().create(delivered=False)).sentence
