"""The gate opens and closes with the answers that it minds. The real thing is in tests/faults/test_bandwidth.py."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import cast

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.test import tflow

from proxy_addons.engine.gate import GatedReader, gate
from proxy_addons.engine.stream import ShapedStream


@dataclass
class Reader:
    """An upstream that always has another byte."""

    reads: int = 0

    async def read(self, _count: int = -1) -> bytes:
        """Give it."""
        self.reads += 1
        return b"x"

    def at_eof(self) -> bool:
        """It never is."""
        return False


@dataclass(eq=False)
class Answer:
    """As much of a stream as the gate looks at."""

    behind: bool = False
    progress: asyncio.Event = field(default_factory=asyncio.Event)

    def catch_up(self) -> None:
        """Let the gate look again."""
        self.behind = False
        self.progress.set()


def gated() -> tuple[Reader, GatedReader, Answer]:
    """A gate that minds one answer."""
    reader, answer = Reader(), Answer()
    gate = GatedReader(cast("asyncio.StreamReader", reader))
    gate.watch(cast("ShapedStream", answer))
    return reader, gate, answer


async def test_an_open_gate_reads() -> None:
    """And stands in for the reader in everything else."""
    _, gate, _ = gated()
    assert await gate.read(1) == b"x"
    assert gate.at_eof() is False


async def test_the_gate_waits_until_the_answer_has_caught_up() -> None:
    """However often it is told that a piece went out."""
    reader, gate, answer = gated()
    answer.behind = True
    reading = asyncio.ensure_future(gate.read(1))
    for _ in range(3):
        await asyncio.sleep(0)
        answer.progress.set()
    await asyncio.sleep(0)
    assert (reader.reads, reading.done()) == (0, False)
    answer.catch_up()
    assert await reading == b"x"


async def test_the_gate_opens_when_the_answer_is_over() -> None:
    """Whatever was left of it."""
    _, gate, answer = gated()
    answer.behind = True
    reading = asyncio.ensure_future(gate.read(1))
    await asyncio.sleep(0)
    gate.forget(cast("ShapedStream", answer))
    assert await asyncio.wait_for(reading, 1) == b"x"


def test_there_is_no_gate_where_there_is_no_connection() -> None:
    """The sandbox has none."""
    flow = tflow.tflow()
    assert gate(Proxyserver(), flow.client_conn, flow.server_conn) is None
