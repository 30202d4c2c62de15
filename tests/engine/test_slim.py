"""The slim import: only the addons that are used."""

from __future__ import annotations

import subprocess
import sys


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after running the code."""
    script = f"{code}\nimport sys; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(found.stdout.split())


def test_the_engine_does_not_import_all_default_addons() -> None:
    """They cost more than half of the start-up time."""
    modules = loaded("import proxy_addons.engine.master")
    assert "mitmproxy.addons.tlsconfig" in modules
    assert modules & {"flask", "ldap3", "mitmproxy.addons.view", "tornado"} == set()


def test_a_loaded_package_is_left_alone() -> None:
    """Under mitmdump the real package is there first."""
    modules = loaded(
        "import mitmproxy.addons; import proxy_addons.engine.slim; import mitmproxy.addons as a; a.default_addons"
    )
    assert "flask" in modules
