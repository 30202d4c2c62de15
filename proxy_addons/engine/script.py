"""The chain under a mitmdump of the user's own: options, checks, and the run around it.

mitmdump -s proxy_addons/chain.py --set crosswind_profile=profiles/lost-response.yaml
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mitmproxy import ctx, exceptions

from proxy_addons.engine.recorder import Recorder, RunFolderError, make_folder
from proxy_addons.engine.reload import Reload, Source
from proxy_addons.engine.wire import EngineError, abort_peer, self_check
from proxy_addons.rules.find import find
from proxy_addons.rules.load import load
from proxy_addons.rules.problem import ProfileError
from proxy_addons.rules.settings import Settings, settle

if TYPE_CHECKING:
    from mitmproxy.addonmanager import Loader
    from mitmproxy.addons.proxyserver import Proxyserver

    from proxy_addons.chain import Chain

_PREFIX = "crosswind_"
OPTIONS = tuple(f"{_PREFIX}{name}" for name in ("profile", "seed", "origin", "map", "hermetic", "run"))


class Script:
    """Builds the chain when mitmdump starts; ends its run when mitmdump does."""

    name = "crosswind"

    def __init__(self) -> None:
        self.addons: list[object] = []
        self._asked: dict[str, object] | None = None
        self._recorder: Recorder | None = None
        self._chain: Chain | None = None
        self._reload: Reload | None = None

    def load(self, loader: Loader) -> None:
        """Declare the options, and set what the chain needs of mitmproxy's own."""
        loader.add_option(f"{_PREFIX}profile", str, "", "Chaos profile: a YAML file, or the name of a shipped one.")
        loader.add_option(
            f"{_PREFIX}seed", cast("type", int | None), None, "Overrides the profile's seed and CHAOS_SEED."
        )
        loader.add_option(f"{_PREFIX}origin", str, "", "Who answers for the sandbox host: sandbox or upstream.")
        loader.add_option(f"{_PREFIX}map", Sequence[str], [], "Send a host's calls elsewhere: HOST=URL.")
        loader.add_option(f"{_PREFIX}hermetic", bool, default=False, help="Refuse hosts neither in scope nor mapped.")
        loader.add_option(f"{_PREFIX}run", str, "", "The run's folder; default: a new one under .crosswind/runs.")
        ctx.options.update(connection_strategy="lazy", upstream_cert=False)

    def configure(self, updated: set[str]) -> None:
        """Build the chain, once. mitmproxy calls this before the first connection is accepted.

        Raises:
            OptionsError: an option is wrong (mitmdump then ends with exit code 1), or changes under way.
        """
        if not any(name.startswith(_PREFIX) for name in updated) or not ctx.options.crosswind_profile:
            return
        asked = {name: getattr(ctx.options, name) for name in OPTIONS}
        if self._asked is None:
            self._asked = asked
            self._start()
        elif asked != self._asked:
            raise exceptions.OptionsError("crosswind options cannot change while the proxy runs; restart it")

    def running(self) -> None:
        """Refuse to run without a chain: mitmproxy ignores misspelt `--set` names in silence."""
        unknown = [name for name in ctx.options.deferred if name.startswith(_PREFIX)]
        if unknown or self._recorder is None:
            problem = f"no such option: {', '.join(unknown)}" if unknown else "name a profile"
            sys.stderr.write(f"crosswind: {problem}; options are {', '.join(OPTIONS)}\n")
            sys.exit(1)
        if self._reload is not None:
            self._reload.start()

    def done(self) -> None:
        """Write the last event, and print the summary."""
        if self._reload is not None:
            self._reload.stop()
        if self._chain is not None:
            self._chain.courier.drop()
        if self._recorder is not None:
            self._recorder.end()
            from proxy_addons.console.conclude import conclude  # Rich is not needed before the end

            conclude(self._recorder.folder)

    @staticmethod
    def _settings() -> Settings:
        options = ctx.options
        return settle(
            load(options.crosswind_profile),
            environ=os.environ,
            seed=options.crosswind_seed,
            origin=options.crosswind_origin or None,
            maps=options.crosswind_map,
            hermetic=options.crosswind_hermetic,
        )

    def _start(self) -> None:
        from proxy_addons.chain import Chain  # chain.py loads this file

        options = ctx.options
        emudhra = [name for name in options.keys() if "emudhra" in name and getattr(options, name)]  # noqa: SIM118  # not a dict
        if emudhra:
            raise exceptions.OptionsError(f"{emudhra[0]} is not reviewed and must not be set")
        try:
            self_check()
            settings = self._settings()
            path = find(options.crosswind_profile)
            folder = make_folder(Path(options.crosswind_run) if options.crosswind_run else None, settings.profile.name)
        except (EngineError, ProfileError, RunFolderError, ValueError) as error:
            sys.stderr.write(f"crosswind: {error}\n")  # mitmdump tells it on stdout, at the end of a traceback
            raise exceptions.OptionsError(str(error)) from None
        proxyserver: Proxyserver = ctx.master.addons.get("proxyserver")
        self._recorder = Recorder(folder, lambda peer: abort_peer(proxyserver, peer))
        self._chain = Chain(settings, proxyserver, self._recorder.emit)
        self.addons = self._chain.addons
        self._reload = Reload(Source(path, self._settings), self._chain.live, self._recorder.emit)
        self._recorder.start(settings, insecure=options.ssl_insecure)
