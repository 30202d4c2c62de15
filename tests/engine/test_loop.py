"""The loop: uvloop, with tasks that start at once."""

from __future__ import annotations

import asyncio

import pytest

from proxy_addons.engine.loop import eager_task, run_loop


def test_it_is_uvloop_where_there_is_one() -> None:
    """The whole chain is faster on it."""

    async def loop_module() -> str:
        return type(asyncio.get_running_loop()).__module__

    pytest.importorskip("uvloop", reason="not to be had on Windows")
    assert run_loop(loop_module()) == "uvloop"


def test_tasks_start_at_once() -> None:
    """Mitmproxy counts on it: a hook that never waits is over before its task is handed back."""

    async def started() -> bool:
        asyncio.get_running_loop().set_task_factory(eager_task)

        async def short() -> None:
            pass

        task = asyncio.create_task(short())
        done = task.done()
        await task
        return done

    assert run_loop(started()) is True
