"""Which attempts belong together: chains of retries, and the intents behind them.

A *chain* is one call and its retries: attempts of the same agent at the same operation, each starting
after one that did not succeed, at most `CHAIN_GAP` later. They are recognised by the idempotency key,
by the digest of the input, or by what they buy (payer, payee, amount, currency, reference). A client
that makes up a new key for each retry does not get out of its chain that way.

An *intent* is what the agent meant to happen once: a chain, or all chains under one idempotency key.

False links that are avoided:
- Identical calls in flight together do not follow one another, unless the first one's answer never
  arrived and the key is the same, or none: an agent may have given up on it without our noticing (HTTP/2).
- A call with another key does not continue a chain whose own key is used again later: that client
  keeps its keys, so the other one is another purchase.
- A call whose key was used before goes on with that call and with no other.
- Calls in flight together under different keys do not follow one another, answered or not.
- A call that comes after the agent named what the chain brought about is another purchase (`knowledge.py`).
- A call after a success is a new intent, however alike, also when a fault edited that success.
- A repeat that the network made of a request is no retry: it belongs to the chain of that request.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from proxy_addons.tally import CHAIN_GAP
from proxy_addons.verdicts.amount import read_amount
from proxy_addons.verdicts.attempt import Attempt
from proxy_addons.verdicts.knowledge import Knowledge

type Link = tuple[str, ...]

_PAYER = ("payer", "payer_id", "from", "sender", "source")
_PAYEE = ("payee", "payee_id", "to", "recipient", "destination")
_REFERENCE = ("reference", "reference_id", "order_id", "invoice_id", "description", "memo")


@dataclass(slots=True, eq=False)
class Chain:
    """One call and its retries, in the order in which they started. Never empty.

    `repeats` are those that the network made of them.
    """

    attempts: list[Attempt]
    repeats: list[Attempt] = field(default_factory=list)

    @property
    def first(self) -> Attempt:
        """The call itself."""
        return self.attempts[0]

    @property
    def last(self) -> Attempt:
        """The latest retry, or the call itself."""
        return self.attempts[-1]


@dataclass(slots=True, eq=False)
class Intent:
    """What the agent meant to happen once. Never empty."""

    chains: list[Chain] = field(default_factory=list)

    @property
    def attempts(self) -> list[Attempt]:
        """All attempts at it, the network's among them, in the order in which they started."""
        found = [attempt for chain in self.chains for attempt in (*chain.attempts, *chain.repeats)]
        return sorted(found, key=lambda attempt: (attempt.started_at, attempt.number))


def purchase_of(attempt: Attempt) -> Link | None:
    """What a call buys, as far as its input says so: None when payer, payee or amount are not in it."""
    asked = attempt.call.input
    if not isinstance(asked, dict):
        return None
    amount = read_amount(asked.get("amount"))
    if amount is None:
        return None
    payer, payee = _text(asked, _PAYER), _text(asked, _PAYEE)
    if not payer or not payee:
        return None
    references = (_text(asked, (name,)) for name in _REFERENCE)
    return (payer, payee, str(amount.normalize()), _text(asked, ("currency",)), *references)


def signature_of(attempt: Attempt) -> Link:
    """What tells one kind of intent from another across runs: agent, operation, and what is asked for."""
    bought = purchase_of(attempt)
    return (attempt.exchange.agent, attempt.call.operation, *(bought or (attempt.call.digest,)))


def transfer_of(signature: Link) -> Link | None:
    """What is left of a purchase's signature without its references: agent, operation, payer, payee, amount, currency.

    None for what buys nothing.
    """
    return signature[: -len(_REFERENCE)] if len(signature) > 3 else None


def chains_of(attempts: Sequence[Attempt]) -> list[Chain]:
    """Sort attempts, given in the order of their start, into chains."""
    going_on = _GoingOn(attempts)
    chains: list[Chain] = []
    holder: dict[tuple[int | None, str, str], Chain] = {}
    for attempt in attempts:
        original = holder.get((attempt.repeat_of, attempt.call.operation, attempt.call.digest))
        if original is not None:
            original.repeats.append(attempt)
            continue
        links = _links_of(attempt)
        chain = going_on.continued_by(attempt, links)
        if chain is None:
            chain = Chain([])
            chains.append(chain)
        chain.attempts.append(attempt)
        holder[attempt.number, attempt.call.operation, attempt.call.digest] = chain
        going_on.note(chain, links)
    return chains


def intents_of(chains: Iterable[Chain]) -> list[Intent]:
    """Join the chains that share an idempotency key."""
    intents: list[Intent] = []
    by_key: dict[Link, Intent] = {}
    for chain in chains:
        keys = [link for attempt in chain.attempts if (link := _key_link(attempt))]
        intent = next((by_key[key] for key in keys if key in by_key), None)
        if intent is None:
            intent = Intent()
            intents.append(intent)
        intent.chains.append(chain)
        by_key.update(dict.fromkeys(keys, intent))
    return intents


class _GoingOn:
    """The chains that may still go on, by everything that a retry could be recognised by."""

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        self._knowledge = Knowledge(attempts)
        self._open: dict[Link, list[Chain]] = {}
        self._key_uses: dict[Link, list[float]] = {}
        for attempt in attempts:
            if link := _key_link(attempt):
                self._key_uses.setdefault(link, []).append(attempt.started_at)

    def note(self, chain: Chain, links: Iterable[Link]) -> None:
        """Let the chain be found by these too."""
        for link in links:
            known = self._open.setdefault(link, [])
            if chain not in known:
                known.append(chain)

    def continued_by(self, attempt: Attempt, links: Sequence[Link]) -> Chain | None:
        """The chain that this attempt retries: the one that has waited longest, same key before same input."""
        for link in links[: 1 if self._has_old_key(attempt) else None]:
            known = self._open.get(link)
            if known is None:
                continue
            known[:] = [chain for chain in known if _may_go_on(chain, attempt.started_at)]
            found = [chain for chain in known if self._follows(chain, attempt)]
            if found:
                return min(found, key=lambda chain: chain.last.ended_at)
        return None

    def _follows(self, chain: Chain, attempt: Attempt) -> bool:
        before = chain.last
        if before.number == attempt.number or before.succeeded:
            return False
        same_key = before.call.key == attempt.call.key
        if attempt.started_at < before.ended_at and (before.exchange.delivered or not same_key):
            return False
        if same_key and attempt.call.key:
            return True
        if self._knowledge.learned(chain.attempts, attempt.started_at):
            return False
        return same_key or not attempt.call.key or not self._is_used_again(before, attempt)

    def _has_old_key(self, attempt: Attempt) -> bool:
        """Whether its key was used before: then it goes on with that, whatever else looks alike."""
        uses = self._key_uses.get(_key_link(attempt) or ())
        return uses is not None and uses[0] < attempt.started_at

    def _is_used_again(self, before: Attempt, attempt: Attempt) -> bool:
        """Whether the client still uses the key of the earlier attempt after the later one."""
        uses = self._key_uses.get(_key_link(before) or (), [])
        return bisect_right(uses, attempt.started_at) < len(uses)


def _may_go_on(chain: Chain, now: float) -> bool:
    return not chain.last.succeeded and now - chain.last.ended_at <= CHAIN_GAP


def _links_of(attempt: Attempt) -> list[Link]:
    """What a retry of this attempt could be recognised by, the surest first."""
    agent, operation = attempt.exchange.agent, attempt.call.operation
    links: list[Link] = []
    if key := _key_link(attempt):
        links.append(key)
    if attempt.call.digest:
        links.append(("digest", agent, operation, attempt.call.digest))
    if bought := purchase_of(attempt):
        links.append(("purchase", agent, operation, *bought))
    return links


def _key_link(attempt: Attempt) -> Link | None:
    if not attempt.call.key:
        return None
    return ("key", attempt.exchange.agent, attempt.call.operation, attempt.call.key)


def _text(asked: dict[str, object], names: Iterable[str]) -> str:
    """The first of these fields that holds a word."""
    return next((value for name in names if isinstance(value := asked.get(name), str) and value), "")
