from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.verdicts.verdict import Finding, Result, exit_code, overall

PASS, FAIL, UNCLEAR, SKIPPED = Result.PASS, Result.FAIL, Result.INCONCLUSIVE, Result.NOT_EXERCISED


def findings(*results: Result) -> list[Finding]:
    """Findings with these results."""
    return [Finding("check", result, "sentence") for result in results]


@pytest.mark.parametrize(
    ("results", "child_status", "faults", "expected"),
    [
        pytest.param([PASS, PASS], 0, 1, 0, id="all pass"),
        pytest.param([PASS, PASS], None, 1, 0, id="no command"),
        pytest.param([PASS, SKIPPED], 0, 1, 0, id="one pass is enough"),
        pytest.param([PASS, FAIL, UNCLEAR], 0, 1, 1, id="a failure counts most"),
        pytest.param([FAIL], 1, 0, 1, id="a failure without a fault is one"),
        pytest.param([PASS, PASS], 1, 1, 2, id="the command failed"),
        pytest.param([PASS, SKIPPED], -9, 1, 2, id="the command was killed"),
        pytest.param([PASS, UNCLEAR], 0, 1, 3, id="inconclusive"),
        pytest.param([PASS, UNCLEAR], 1, 1, 3, id="inconclusive, and the command failed"),
        pytest.param([SKIPPED, SKIPPED], 0, 1, 3, id="nothing was exercised"),
        pytest.param([PASS, PASS], 0, 0, 3, id="no fault was delivered"),
        pytest.param([], 0, 1, 3, id="no checks"),
    ],
)
def test_exit_code(results: list[Result], child_status: int | None, faults: int, expected: int) -> None:
    """0 pass, 1 a check failed, 2 the agent's own command failed, 3 nothing was proven."""
    assert expected == exit_code(findings(*results), child_status, faults)


def test_crash_of_ours_is_exit_code_4() -> None:
    """Even a failed check may be our own doing then."""
    assert exit_code(findings(FAIL), 0, 1, crashed=True) == 4
    assert overall(findings(FAIL), delivered_faults=1, crashed=True) is UNCLEAR


@pytest.mark.parametrize(("results", "expected"), [([PASS], 3), ([FAIL], 1)])
def test_incomplete_journal_is_never_green(results: list[Result], expected: int) -> None:
    """What is missing may have been anything."""
    assert expected == exit_code(findings(*results), 0, 1, complete=False)


@given(
    st.lists(st.sampled_from(Result)),
    st.none() | st.integers(-64, 255),
    st.integers(0, 9),
    st.booleans(),
    st.booleans(),
)
def test_green_needs_a_fault_and_a_pass(
    results: list[Result],
    child_status: int | None,
    faults: int,
    crashed: bool,  # noqa: FBT001
    complete: bool,  # noqa: FBT001
) -> None:
    """Nothing passes vacuously."""
    code = exit_code(findings(*results), child_status, faults, crashed=crashed, complete=complete)
    if code in {0, 2}:
        assert faults > 0
        assert PASS in results
        assert set(results) <= {PASS, SKIPPED}
        assert complete
        assert not crashed
    assert (code == 0) <= (not child_status)
