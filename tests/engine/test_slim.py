"""The stand-in for mitmproxy's addons package."""

from __future__ import annotations

from mitmproxy import addons

from proxy_addons.engine.slim import install
from tests.engine.test_init import loaded


def test_a_loaded_package_is_left_alone() -> None:
    """Under mitmdump the real package is there first."""
    code = (
        "import mitmproxy.addons as real; import proxy_addons.engine; import mitmproxy.addons as still; real is still"
    )
    assert "flask" in loaded(code)


def test_installing_twice_changes_nothing() -> None:
    """The engine may be imported by several ways."""
    before = addons
    install()
    assert addons is before
