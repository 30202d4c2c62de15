"""Import a few of mitmproxy's addons without importing all of them.

`import mitmproxy.addons.core` runs the package's `__init__`, which imports all 34 default addons with
flask, ldap3 and more: over half of the start-up time. A stand-in package with the same path lets the
four modules that are used be imported by themselves. Where the real package is loaded already
(`mitmdump -s`), nothing is done.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

_PACKAGE = "mitmproxy.addons"


def install() -> None:
    """Put the stand-in in place. Must run before anything imports `mitmproxy.addons` or `mitmproxy.master`."""
    if _PACKAGE in sys.modules:
        return
    spec = importlib.util.find_spec("mitmproxy")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("mitmproxy is not installed")
    package = ModuleType(_PACKAGE)
    package.__path__ = [f"{spec.submodule_search_locations[0]}/addons"]
    sys.modules[_PACKAGE] = package
