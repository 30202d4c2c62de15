from __future__ import annotations

from proxy_addons.verdicts.attempt import attempts_of
from proxy_addons.verdicts.baseline import Baseline, baseline_of
from proxy_addons.verdicts.chains import signature_of
from tests.support.journal import Log


def test_baseline_counts_effects_and_what_stays_open() -> None:
    """Two identical purchases, one of which is left to the seller."""
    log = Log().create("e-1").create("e-2").release("e-1").call("note", input={}).call("note", input={})
    bought, released, noted = (signature_of(attempts_of(log.exchanges)[number]) for number in (0, 2, 3))
    expected = Baseline({bought: 2, released: 1, noted: 2}, {("buyer", "create_escrow"): 1})
    assert expected == baseline_of(log.events())


def test_baseline_of_nothing_is_empty() -> None:
    """A run without calls says nothing."""
    assert Baseline({}, {}) == baseline_of(Log().events())
