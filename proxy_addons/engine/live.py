"""What can be changed while a run goes on: whether faults are played, what was counted, and the profile.

Nothing here touches a connection: the next call on any, open or new, is decided by what holds then. A call
whose plan is frozen keeps it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from proxy_addons.decide import Decide
from proxy_addons.events.event import Controlled, Event
from proxy_addons.guard import Guard
from proxy_addons.rules.plan import Decider
from proxy_addons.rules.settings import Settings
from proxy_addons.tally import Tally


class RestartNeededError(ValueError):
    """A profile changes what cannot change while the proxy runs."""


class Live:
    """The handles of one run. All of them belong to the proxy's event loop."""

    def __init__(
        self,
        settings: Settings,
        *,
        decider: Decider,
        decide: Decide,
        guard: Guard,
        tally: Tally,
        emit: Callable[[Event], None],
    ) -> None:
        self.settings = settings
        self._decider = decider
        self._decide = decide
        self._guard = guard
        self._tally = tally
        self._emit = emit

    @property
    def paused(self) -> bool:
        """Whether every rule is held back."""
        return self._decider.paused

    def pause(self) -> None:
        """Play no fault from the next call on. Calls are counted all the same."""
        self._decider.paused = True
        self._say("pause")

    def resume(self) -> None:
        """Play faults again."""
        self._decider.paused = False
        self._say("resume")

    def reset(self) -> None:
        """Begin to count anew: ordinals, attempts, caps, token buckets, and the time that windows are measured by.

        Exchanges keep their numbers, and money that was spent stays spent.
        """
        self._tally.reset("exchange", "kept", "spent")
        self._decide.restart()
        self._say("reset")

    def take_over(self, settings: Settings) -> None:
        """Let another profile's rules, budget and seed hold from the next call on; counts go on.

        Raises:
            RestartNeededError: it differs in scope, map or origin.
        """
        mine = self.settings
        if settings.origin != mine.origin or settings.scope != mine.scope:
            raise RestartNeededError(
                "scope, map and origin cannot change while the proxy runs (rules, budget and seed can): restart it"
            )
        self._decider.take_over(settings.profile, settings.seed)
        self._guard.take_over(settings.profile.caps())
        self.settings = settings

    def _say(self, action: str) -> None:
        self._emit(Controlled(time.time(), action))
