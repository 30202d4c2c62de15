"""The proxy for the length of one run: what every command that starts one shares."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from proxy_addons.chain import Chain
from proxy_addons.engine import certs
from proxy_addons.engine.master import Listen, ProxyMaster
from proxy_addons.engine.recorder import Recorder
from proxy_addons.engine.reload import Reload, Source
from proxy_addons.engine.wire import abort_peer, self_check
from proxy_addons.rules.settings import Settings


@dataclass(frozen=True)
class Ways:
    """How a session reaches the world. `host` and `port` are where it listens; port 0 takes any free one."""

    host: str = "127.0.0.1"
    port: int = 0
    ca_folder: Path | None = None
    ephemeral_ca: bool = False
    upstream_ca: Path | None = None
    insecure: bool = False


class Session:
    """`async with Session(…)`: inside the proxy accepts; outside it has stopped and its journal is whole.

    Set `child_status` before it ends, where there was a command. `source` is watched for changes.
    """

    def __init__(
        self,
        settings: Settings,
        ways: Ways,
        folder: Path,
        *,
        environ: Mapping[str, str],
        command: Sequence[str] = (),
        source: Source | None = None,
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.proxy_url = ""
        self.child_status: int | None = None
        self._ways = ways
        self._environ = environ
        self._command = command
        self._source = source
        self._reload: Reload | None = None

    async def __aenter__(self) -> Self:
        """Bind, and accept.

        Raises:
            EngineError: the installed mitmproxy is not one that we know how to drive.
            CertificateError: the CA cannot be made, or a given one not be read.
            ListenError: the port cannot be had.
        """
        self_check()
        ways, folder = self._ways, self.folder
        ca_folder = folder / "ca" if ways.ephemeral_ca else ways.ca_folder or certs.default_folder(self._environ)
        self.ca_certificate = certs.ensure_ca(ca_folder).absolute()
        self.bundle = certs.merged_bundle(folder / "ca-bundle.pem", self.ca_certificate, self._environ).absolute()
        upstream_ca = certs.upstream_bundle(folder / "upstream-ca.pem", ways.upstream_ca) if ways.upstream_ca else None
        self.master = ProxyMaster(Listen(ways.host, ways.port, ca_folder, upstream_ca, ways.insecure))
        self.recorder = Recorder(folder, lambda peer: abort_peer(self.master.proxyserver, peer))
        self.chain = Chain(self.settings, self.master.proxyserver, self.recorder.emit)
        self.master.add(self.chain.addons)
        self.recorder.start(self.settings, command=self._command, insecure=ways.insecure)
        try:
            host, port = await self.master.start()
        except BaseException:
            self.recorder.end()
            raise
        if self._source is not None:
            self._reload = Reload(self._source, self.chain.live, self.recorder.emit)
            self._reload.start()
        self.proxy_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and write the last event."""
        with contextlib.suppress(Exception) if error is not None else contextlib.nullcontext():
            if self._reload is not None:
                self._reload.stop()
            await self.chain.courier.close()
            await self.master.stop(lambda: self.chain.observe.open_exchanges)
        self.recorder.end(self.child_status)
