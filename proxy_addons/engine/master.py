"""Our own slim mitmproxy master: Core, Proxyserver, NextLayer, TlsConfig and the chain. Nothing else.

mitmdump's 34 default addons cost about 420 µs a flow, these four about 55 µs.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mitmproxy import options
from mitmproxy.addons.core import Core
from mitmproxy.addons.next_layer import NextLayer
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.addons.tlsconfig import TlsConfig
from mitmproxy.master import Master

from proxy_addons.engine import unchecked
from proxy_addons.engine.clients import Clients
from proxy_addons.engine.dispatch import FastAddonManager
from proxy_addons.engine.loop import eager_task
from proxy_addons.engine.wire import disconnect_all

DRAIN_SECONDS = 2.0
"""How long exchanges that are still open may take to end by themselves when the proxy stops."""


class ListenError(Exception):
    """The port cannot be had."""


@dataclass(frozen=True)
class Listen:
    """Where the proxy listens and whom it trusts upstream. Port 0 takes any free one."""

    host: str
    port: int
    ca_folder: Path
    upstream_ca: Path | None = None
    insecure: bool = False


class ProxyMaster(Master):
    """The engine of one run. `start`, then `stop`; both belong to the running event loop."""

    def __init__(self, listen: Listen) -> None:
        super().__init__(options.Options())
        unchecked.install()
        self._legacy_log_events.uninstall()  # it re-formats each log record for every addon
        self.addons = FastAddonManager(self)
        self.listen = listen
        self.proxyserver = Proxyserver()
        self.addons.add(Core(), self.proxyserver, NextLayer(), TlsConfig())
        self.options.update(
            listen_host=listen.host,
            listen_port=listen.port,
            confdir=str(listen.ca_folder),
            connection_strategy="lazy",  # an answer of the sandbox's needs no upstream
            upstream_cert=False,
            ssl_insecure=listen.insecure,
            ssl_verify_upstream_trusted_ca=str(listen.upstream_ca) if listen.upstream_ca else None,
        )

    def add(self, chain: Sequence[object]) -> None:
        """Append the chain of addons, in order."""
        self.addons.add(*chain)

    async def start(self) -> tuple[str, int]:
        """Bind and accept. Returns host and port.

        Raises:
            ListenError: the port is in use, or the address is not this machine's.
        """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._asyncio_exception_handler)
        loop.set_task_factory(eager_task)
        server_log = logging.getLogger("mitmproxy.addons.proxyserver")
        server_log.disabled = True  # the failure is raised, with a message of our own
        try:
            bound = await self.proxyserver.setup_servers()
        finally:
            server_log.disabled = False
        if not bound:
            cause = next((server.last_exception for server in self.proxyserver.servers), None)
            in_use = isinstance(cause, OSError) and "in use" in str(cause)
            where = f"{self.listen.host}:{self.listen.port}"
            hint = "port in use; stop what holds it, or choose another with --listen" if in_use else str(cause)
            raise ListenError(f"cannot listen on {where}: {hint}")
        await self.running()
        gc.collect()
        gc.freeze()  # what start-up made stays; later collections need not walk it
        host, port, *_ = self.proxyserver.listen_addrs()[0]
        return host, port

    async def stop(self, busy: Callable[[], int]) -> None:
        """Stop accepting, let what is under way end, cut the rest, and run every addon's `done`.

        `busy` tells how many exchanges are still open.
        """
        await self.proxyserver.servers.update([])
        await self._settle(lambda: busy() == 0)
        disconnect_all(self.proxyserver, self.addons.get(Clients.name))
        await self._settle(lambda: busy() == 0 and not self.proxyserver.connections)
        await self.done()
        asyncio.get_running_loop().set_task_factory(None)

    @staticmethod
    async def _settle(done: Callable[[], bool]) -> None:
        deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
        while not done() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110  # mitmproxy has no event
            await asyncio.sleep(0.005)
