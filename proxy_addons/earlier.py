"""Earlier answers: what an agent was told last about the same operation.

Rules it keeps:
- Successful answers alone.
- At most `MOST_BYTES` of bodies and `MOST` operations of agents; what was answered longest ago is forgotten first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy_addons.exchange import Answer, Exchange

MOST = 1000
MOST_BYTES = 32_000_000

type _Key = tuple[str, ...]


class EarlierAnswers:
    """The memory of one run."""

    def __init__(self) -> None:
        self._answers: dict[_Key, Answer] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._answers)

    def answer(self, exchange: Exchange) -> Answer | None:
        """The last answer to the same operation of the same agent."""
        return self._answers.get(_key(exchange))

    def note(self, exchange: Exchange, answer: Answer) -> None:
        """Remember a success, in the place of the one before."""
        if not 200 <= answer.status < 300 or len(answer.body) > MOST_BYTES:
            return
        key = _key(exchange)
        if key in self._answers:
            self._forget(key)
        self._answers[key] = answer
        self._bytes += len(answer.body)
        while len(self._answers) > MOST or self._bytes > MOST_BYTES:
            self._forget(next(iter(self._answers)))

    def _forget(self, key: _Key) -> None:
        self._bytes -= len(self._answers.pop(key).body)


def _key(exchange: Exchange) -> _Key:
    """Agent and operation; a batch is one operation of its own."""
    return (exchange.agent, exchange.request.host, *(call.operation for call in exchange.calls))
