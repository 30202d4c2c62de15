"""Whoever imports the engine gets the slim one."""

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


def test_neither_does_the_command() -> None:
    """Nor the chain that it builds, nor the console that it prints on."""
    modules = loaded("import proxy_addons.cli.proxy, proxy_addons.cli.run")
    assert modules & {"flask", "ldap3", "mitmproxy.addons.view", "tornado", "jsonschema", "rich", "fastapi"} == set()
