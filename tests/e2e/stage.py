"""Where a shipped profile is played, and what its journal says afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from proxy_addons.engine.session import Session, Ways
from proxy_addons.events.event import ExchangeClosed
from proxy_addons.rules.load import load
from proxy_addons.rules.settings import settle
from proxy_addons.verdicts.judge import judge
from proxy_addons.verdicts.verdict import Result
from tests.e2e.invoke import ROOT
from tests.support.live import LiveProxy


class Stage:
    """Where a test plays profiles, each in a folder of its own."""

    def __init__(self, folder: Path, ca: Path) -> None:
        self._folder = folder
        self._ca = ca
        self._count = 0

    @contextmanager
    def play(self, name: str, maps: Sequence[str] = ()) -> Iterator[LiveProxy]:
        """A proxy that plays a shipped profile as it is; fails when the proxy crashed."""
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        settings = settle(load(ROOT / "profiles" / f"{name}.yaml"), environ={}, maps=maps)
        proxy = LiveProxy(Session(settings, Ways(ca_folder=self._ca), folder, environ={}))
        try:
            yield proxy
        finally:
            proxy.stop()
        assert proxy.errors == []


def delivered(proxy: LiveProxy) -> Counter[str]:
    """How often each rule's fault took place."""
    return Counter(i.rule for exchange in proxy.exchanges for i in exchange.injections if i.delivered)


def of(proxy: LiveProxy, operation: str) -> list[ExchangeClosed]:
    """The exchanges of one operation."""
    return [exchange for exchange in proxy.exchanges if exchange.calls[0].operation == operation]


def results(proxy: LiveProxy) -> dict[str, Result]:
    """What each check says, and under "" the verdict as a whole."""
    verdict = judge(proxy.events)
    return {finding.check: finding.result for finding in verdict.findings} | {"": verdict.result}
