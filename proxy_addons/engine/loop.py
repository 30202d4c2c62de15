"""The event loop that a run lives on: uvloop where there is one, asyncio's own elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


def eager_task[T](loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, T], **options: Any) -> asyncio.Task[T]:  # noqa: ANN401
    """Make a task that starts at once, as mitmproxy expects of its loop.

    `asyncio.eager_task_factory` of Python < 3.13.3 does not take the `eager_start` that uvloop >= 0.22 passes.
    """
    options["eager_start"] = True
    return asyncio.Task(coro, loop=loop, **options)


def _factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # not to be had on Windows
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def run_loop[T](main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end on a loop of its own."""
    with asyncio.Runner(loop_factory=_factory()) as runner:
        return runner.run(main)
