from __future__ import annotations

import re
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from rich.console import Console

from proxy_addons.console.render import Outcome, render_side_by_side, render_summary
from proxy_addons.events.event import Event
from proxy_addons.verdicts.judge import judge
from proxy_addons.verdicts.summary import summarise
from tests.support.journal import Log

RUN = Path(".crosswind/runs/1")
NAIVE = Log().read().lose("e-1").create("e-2").release("e-2").pass_through("api.openai.com")
CAREFUL = Log().read().lose("e-1", key="a").create("e-1", key="a").release("e-1")


def outcome(events: list[Event], trouble: str = "", unknown: int = 0) -> Outcome:
    """A run, counted and judged."""
    return Outcome(summarise(events, trouble=trouble, unknown_events=unknown), judge(events, trouble=trouble))


def rendered(events: list[Event], width: int = 80, trouble: str = "", unknown: int = 0) -> str:
    """The end of a run as it is printed without a terminal."""
    file = StringIO()
    render_summary(*outcome(events, trouble, unknown), RUN, Console(file=file, width=width))
    return file.getvalue()


def side_by_side(width: int) -> str:
    """Two runs next to one another."""
    file = StringIO()
    console = Console(file=file, width=width)
    render_side_by_side("naive [buyer]", outcome(NAIVE.events()), "careful", outcome(CAREFUL.events()), console)
    return file.getvalue()


def test_failed_run() -> None:
    """Findings first, then what happened, then what it comes to and where it is."""
    assert rendered(NAIVE.events()) == (
        "crosswind · profile lost-response · seed 42 · sandbox · 4.4 s\n"
        "\n"
        "✗ no_duplicate_effect: create_escrow took effect 2 times for one intent: it was\n"
        "  sent again without an idempotency key after #2 (lost_response).\n"
        "    #2 create_escrow 25.00 → committed, answer lost (lost_response)\n"
        "    #3 create_escrow 25.00 → committed, answer delivered\n"
        "  Not ruled out: That the repetition was meant: a baseline run of the same agent\n"
        "  settles it.\n"
        "\n"
        "✗ no_funds_locked: 25.00 CREDITS still locked when the run ended, in 1\n"
        "  obligation, orphaned: the agent never learned of it.\n"
        "    #2 create_escrow 25.00 → committed, answer lost (lost_response), opened e-1\n"
        "  Not ruled out: That somebody sets it free later, or did so past the proxy: a\n"
        "  baseline run tells what this agent leaves open.\n"
        "\n"
        "\N{EN DASH} bounded_retries: Every failed call succeeded when it was tried again: no\n"
        "  failure lasted.\n"
        "\n"
        "4 calls · 1 fault delivered\n"
        "  rule: lost_response on 1 of 1 matching call\n"
        "let through untouched: api.openai.com\n"
        "\n"
        "FAIL: no_duplicate_effect and no_funds_locked failed\n"
        "run: .crosswind/runs/1\n"
    )


def test_passed_run() -> None:
    """Marks are ✓, and what was not exercised says so."""
    text = rendered(CAREFUL.events())
    assert "✓ no_duplicate_effect: 1 mutating call was disturbed, and nothing took effect\n" in text
    assert "PASS: 2 checks passed, 1 was not exercised\n" in text


def test_run_that_showed_nothing_says_why() -> None:
    """And what to do about it."""
    text = rendered(Log().events())
    assert "Nothing came through the proxy: the client does not use it, or made no call.\n  · aiohttp:" in text
    assert "NOT EXERCISED: no fault was delivered, so nothing was shown\n" in text


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(
            Log().lose().vanish().events(), "? no_duplicate_effect: create_escrow may have", id="inconclusive"
        ),
        pytest.param(
            Log().fail().fail().fail().fail().fail().events(), "! bounded_retries: create_escrow was", id="warning"
        ),
        pytest.param(
            NAIVE.events(insecure=True), "INSECURE: upstream TLS certificates were not verified.", id="insecure"
        ),
        pytest.param(NAIVE.cut(), "The run was cut short: its journal has no end.", id="cut short"),
        pytest.param(Log().crash("KeyError: 'x'").events(), "Crosswind broke: KeyError: 'x'", id="crash"),
        pytest.param(Log().call("pay", refusal="too much").events(), "refused: too much", id="refused"),
        pytest.param(Log().noise("no HTTP").noise("no HTTP").events(), "never became a call: no HTTP (2)", id="noise"),
        pytest.param(Log().create().create("e-2", agent="b").events(), "2 calls by b, buyer · 0 faults", id="agents"),
    ],
)
def test_what_must_not_be_overlooked(events: list[Event], expected: str) -> None:
    """Each in a line of its own."""
    assert expected in rendered(events)


def test_trouble_of_the_journal_is_told() -> None:
    """The reader knows that something is missing."""
    text = rendered(NAIVE.events(), trouble="its last line was cut off", unknown=2)
    assert "The journal is not whole: its last line was cut off.\n" in text
    assert "2 events of a kind that this version does not know.\n" in text


def test_batch_and_undelivered_faults_are_counted() -> None:
    """Calls and exchanges are told apart, and so are selected and delivered."""
    log = Log().lose().create("e-2", fault="reset")
    log.exchanges[0].calls *= 2
    log.exchanges[1].injections[0].delivered = False
    text = rendered(log.events())
    assert "3 calls in 2 exchanges · 1 fault of 2 selected delivered\n" in text
    assert "  rule: reset on 0 of 1 matching call, 1 selected but not delivered\n" in text


def test_long_evidence_is_shortened() -> None:
    """The journal has all of it."""
    log = Log()
    for _ in range(20):
        log.fail()
    text = rendered(log.events())
    assert "    #6 +5.5 s" in text
    assert "    … 12 more, all in the journal\n    #19 +19.8 s" in text
    assert "#7 " not in text


def test_many_hosts_are_shortened() -> None:
    """The rest is counted."""
    log = Log().lose()
    for number in range(9):
        log.pass_through(f"h{number}")
    assert "let through untouched: h0, h1, h2, h3, h4, h5 and 3 more\n" in rendered(log.events())


@pytest.mark.parametrize("width", [40, 80, 200])
def test_lines_fit_the_terminal(width: int) -> None:
    """But for the path at the end, which stays whole."""
    lines = rendered(NAIVE.events(), width).splitlines()[:-1]
    assert max(map(len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []


def test_hostile_names_are_defused() -> None:
    """An operation is whatever a path said."""
    text = rendered(Log().lose(path="x").call("[red]\x1b[2Jevil\u202e", fault="reset", delivered=False).events())
    assert "\x1b" not in text
    assert "[red]" in text


def test_two_runs_side_by_side() -> None:
    """Check by check, with what each comes to."""
    text = side_by_side(100)
    assert "│ naive [buyer]" in text
    heads = [line for line in text.splitlines() if "no_duplicate_effect:" in line]
    assert len(heads) == 1
    assert re.match(r"│ ✗ no_duplicate_effect: .*│ ✓ no_duplicate_effect: ", heads[0])
    assert "FAIL: no_duplicate_effect" in text
    assert "PASS: 2 checks passed" in text
    assert max(map(len, text.splitlines())) <= 100


def test_two_runs_one_above_the_other_where_there_is_no_room() -> None:
    """A narrow terminal shows the same."""
    text = side_by_side(60)
    assert text.index("naive [buyer]") < text.index("FAIL:") < text.index("careful") < text.index("PASS:")


def test_side_by_side_without_unicode() -> None:
    """Lines are drawn with what there is."""
    raw = BytesIO()
    console = Console(file=TextIOWrapper(raw, "ascii", write_through=True), width=100)
    render_side_by_side("a", outcome(NAIVE.events()), "b", outcome([]), console)
    assert b"| x no_duplicate_effect: " in raw.getvalue()
