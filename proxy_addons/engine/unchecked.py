"""Leave out a check that mitmproxy makes of its own code, not of the wire.

Each message that it builds has the types of its fields compared with their annotations, unless Python runs
with `-O` (`http.MessageData.__post_init__`, under `if __debug__`). That is a tenth of the time of a call. Here
it is left out always; what comes from the wire is checked elsewhere, as before.
"""

from __future__ import annotations

from mitmproxy.http import MessageData


def install() -> None:
    """Leave it out. Idempotent."""
    MessageData.__post_init__ = _unchecked  # type: ignore[method-assign]  # on purpose


def _unchecked(_self: MessageData) -> None:
    pass
