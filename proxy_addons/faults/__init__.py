"""The faults, one file each. The file's name is the word that a profile uses.

`words()` lists them without importing any; `load(word)` imports the one file that is asked for.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache

from proxy_addons.faults.base import Fault

_NOT_FAULTS = frozenset({"answers", "base", "cut", "delay", "drift", "json_edit", "plausible", "streams"})


@cache
def words() -> tuple[str, ...]:
    """Every fault's word, sorted."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in _NOT_FAULTS))


@cache
def load(word: str) -> type[Fault]:
    """The settings type of one fault.

    Raises:
        KeyError: there is no such fault.
    """
    if word not in words():
        raise KeyError(word)
    module = importlib.import_module(f"{__name__}.{word}")
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, Fault) and found.__module__ == module.__name__:
            return found
    raise TypeError(f"{module.__name__} defines no Fault")
