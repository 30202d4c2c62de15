from __future__ import annotations

from proxy_addons.sandbox.errors import SandboxError, invalid, invalid_state


def test_the_code_brings_status_and_title() -> None:
    """Whoever refuses names the code alone."""
    error = SandboxError("insufficient-balance", "1.0 available")
    assert (error.status, error.title, error.detail) == (402, "Insufficient balance", "1.0 available")


def test_an_invalid_input_is_422() -> None:
    """As observed on the gateway."""
    error = invalid("amount must be greater than 0")
    assert (error.code, error.status) == ("validation-error", 422)


def test_an_invalid_state_is_worded_as_on_the_gateway() -> None:
    """Agents match on this sentence."""
    error = invalid_state("release", "escrow", "settled", "held")
    assert error.detail == "Cannot release escrow in state 'settled'; must be 'held'"
    assert error.status == 409


def test_an_invalid_state_names_every_state_that_would_do() -> None:
    """There may be more than one."""
    assert invalid_state("refund", "intent", "refunded", "pending", "settled").detail.endswith("'pending' or 'settled'")
