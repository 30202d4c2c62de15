"""Call hooks without looking for them anew each time.

mitmproxy walks all addons for each of the eight or so events of a call, and again for an `update` event
that only its user interfaces hear. Here the handlers of an event are found once. What a handler raises
is treated as mitmproxy treats it: logged as "Addon error", and the next handler runs.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any, override

from mitmproxy import exceptions, flow, hooks
from mitmproxy.addonmanager import AddonManager, traverse

_LOG = logging.getLogger("mitmproxy.addonmanager")

type _Handler = Callable[..., Any]


class FastAddonManager(AddonManager):
    """An addon manager that remembers who handles what."""

    def __init__(self, master: Any) -> None:  # noqa: ANN401  # mitmproxy declares no type
        super().__init__(master)  # type: ignore[no-untyped-call]  # mitmproxy's
        self._handlers: dict[str, tuple[_Handler, ...]] = {}

    @override
    def register(self, addon: Any) -> Any:
        self._handlers.clear()
        return super().register(addon)  # type: ignore[no-untyped-call]  # mitmproxy's

    @override
    def add(self, *addons: Any) -> None:
        super().add(*addons)  # type: ignore[no-untyped-call]  # mitmproxy's
        self._handlers.clear()

    @override
    def remove(self, addon: Any) -> None:
        self._handlers.clear()
        super().remove(addon)  # type: ignore[no-untyped-call]  # mitmproxy's

    @override
    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        await self.trigger_event(event)
        message = event.args()[0]
        if isinstance(message, flow.Flow) and self._of(hooks.UpdateHook.name):
            await self.trigger_event(hooks.UpdateHook([message]))

    @override
    async def trigger_event(self, event: hooks.Hook) -> None:
        arguments = event.args()
        for handler in self._of(event.name):
            try:
                result = handler(*arguments)
                if result is not None and inspect.isawaitable(result):
                    await result
            except exceptions.AddonHalt:
                return
            except exceptions.OptionsError:
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, the other addons still get their turn
                _LOG.exception("Addon error: %s", error)  # as mitmproxy words it

    def _of(self, name: str) -> tuple[_Handler, ...]:
        found = self._handlers.get(name)
        if found is None:
            candidates = (getattr(addon, name, None) for addon in traverse(self.chain))
            found = self._handlers[name] = tuple(handler for handler in candidates if callable(handler))
        return found
