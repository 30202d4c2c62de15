"""Turn the engine's silent failures into loud ones.

mitmproxy logs an exception in an addon ("Addon error") or a layer ("has crashed!") and carries on, so
that a broken fault becomes "no fault". This handler hears such records, hands them to the run, which
then ends with exit code 4, and aborts the connection that would otherwise hang for ever.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import override

_SIGNS = ("has crashed", "Addon error", "Unhandled error in task", "Unhandled asyncio error")


class CrashWatch(logging.Handler):
    """Listens on mitmproxy's loggers from `install` to `remove`."""

    def __init__(self, report: Callable[[str], None], on_crashed_client: Callable[[object], None]) -> None:
        super().__init__(logging.ERROR)
        self._report = report
        self._on_crashed_client = on_crashed_client

    def install(self) -> None:
        """Start to listen. Below WARNING nothing is formatted: that costs ~100 µs a call."""
        root = logging.getLogger()
        root.addHandler(self)
        logging.getLogger("mitmproxy").setLevel(logging.WARNING)

    def remove(self) -> None:
        """Stop to listen."""
        logging.getLogger().removeHandler(self)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if not any(sign in message for sign in _SIGNS):
            return
        cause = record.exc_info[1] if record.exc_info else None
        place = ""
        if cause is not None and cause.__traceback__ is not None:
            last = cause.__traceback__
            while last.tb_next is not None:
                last = last.tb_next
            place = f" at {last.tb_frame.f_code.co_filename}:{last.tb_lineno}"
        self._report(f"{message}{f' ({type(cause).__name__}: {cause})' if cause else ''}{place}")
        if "has crashed" in message:
            self._on_crashed_client(getattr(record, "client", None))
