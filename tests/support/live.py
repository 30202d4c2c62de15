"""A real proxy on a thread of its own, so that tests can use any client, blocking ones too."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from proxy_addons.engine.loop import run_loop
from proxy_addons.engine.session import Session, Ways
from proxy_addons.events.event import Event, ExchangeClosed, Noise, PassedThrough, ProxyError
from proxy_addons.events.jsonl import JOURNAL_NAME, read_journal
from proxy_addons.rules.load import parse
from proxy_addons.rules.settings import settle

STOP_SECONDS = 20.0


class LiveProxy:
    """A session that accepts until `stop`. Reading its events stops it first: then the journal is whole."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._ready = threading.Event()
        self._failures: list[BaseException] = []
        self._thread = threading.Thread(target=self._serve, name="live-proxy")
        self._thread.start()
        assert self._ready.wait(STOP_SECONDS)
        if self._failures:
            self._thread.join()
            raise self._failures[0]

    def _serve(self) -> None:
        try:
            run_loop(self._main())
        except BaseException as error:  # noqa: BLE001  # handed to the test's thread
            self._failures.append(error)
            self._ready.set()

    async def _main(self) -> None:
        async with self.session:
            self.loop = asyncio.get_running_loop()
            self._stop = asyncio.Event()
            self._ready.set()
            await self._stop.wait()

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`."""
        return self.session.proxy_url

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for a raw socket."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    @property
    def bundle(self) -> str:
        """The CA bundle that clients are to trust."""
        return str(self.session.bundle)

    def on_loop[T](self, function: Callable[[], T]) -> T:
        """Call a plain function on the proxy's loop and return what it returns."""

        async def call() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(STOP_SECONDS)

    def stop(self) -> None:
        """Stop, and wait until the journal is whole."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(STOP_SECONDS)
            assert not self._thread.is_alive(), "the proxy did not stop"
        if self._failures:
            raise self._failures[0]

    @property
    def events(self) -> list[Event]:
        """All events of the run, in order."""
        self.stop()
        return read_journal(self.session.folder / JOURNAL_NAME).events

    @property
    def exchanges(self) -> list[ExchangeClosed]:
        """The exchanges, in the order in which they started."""
        return sorted((e for e in self.events if isinstance(e, ExchangeClosed)), key=lambda e: e.number)

    @property
    def noise(self) -> list[Noise]:
        """What never became a call."""
        return [event for event in self.events if isinstance(event, Noise)]

    @property
    def passed_through(self) -> list[PassedThrough]:
        """Connections that were let through untouched."""
        return [event for event in self.events if isinstance(event, PassedThrough)]

    @property
    def errors(self) -> list[str]:
        """Crashes of ours."""
        return [event.message for event in self.events if isinstance(event, ProxyError)]


@contextmanager
def live_proxy(  # one keyword an option
    folder: Path,
    ca: Path,
    *,
    rules: str = "[]",
    head: str = "",
    maps: Sequence[str] = (),
    origin: str | None = None,
    hermetic: bool = False,
    seed: int | None = None,
    upstream_ca: Path | None = None,
    insecure: bool = False,
    environ: Mapping[str, str] | None = None,
    crashes: bool = False,
) -> Iterator[LiveProxy]:
    """Run a proxy with a profile of these rules (YAML) and fail when it crashed, unless `crashes`."""
    profile = parse(f"version: 1\nname: test\n{head}\nrules: {rules}\n", "test.yaml")
    settings = settle(profile, environ={}, seed=seed, origin=origin, maps=maps, hermetic=hermetic)
    folder.mkdir(parents=True, exist_ok=True)
    ways = Ways(ca_folder=ca, upstream_ca=upstream_ca, insecure=insecure)
    proxy = LiveProxy(Session(settings, ways, folder, environ=environ or {}))
    try:
        yield proxy
    finally:
        proxy.stop()
    if not crashes:
        assert proxy.errors == []
