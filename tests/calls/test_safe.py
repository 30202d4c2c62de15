import pytest

from proxy_addons.calls.safe import is_read


@pytest.mark.parametrize(
    "tool",
    [
        *("get_balance", "list_escrows", "search_services", "check_sla_compliance", "estimate_cost", "verify_proof"),
        *("query_metrics", "getBalance", "search-agents", "List", "GET_BALANCE"),
    ],
)
def test_tools_that_read(tool: str) -> None:
    """In any spelling of their first word."""
    assert is_read(tool)


@pytest.mark.parametrize(
    "tool", ["create_escrow", "deposit", "checkout", "getaway", "listing", "verification_start", "", "_get", "7"]
)
def test_tools_that_may_change_something(tool: str) -> None:
    """What is in doubt is one of them."""
    assert not is_read(tool)


def test_checking_a_performance_escrow_releases_it() -> None:
    """The gateway does so when the metric is met."""
    assert not is_read("check_performance_escrow")
