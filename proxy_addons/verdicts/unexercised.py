"""Why a run shows nothing, and what to do about it: a run without a delivered fault proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from proxy_addons.verdicts.summary import Counted, RuleCount, Summary
from proxy_addons.verdicts.wording import plural, was

IGNORES_THE_PROXY = (
    "aiohttp: ClientSession(trust_env=True); its default ignores the proxy variables",
    "Node.js: fetch needs Node 22.21 or 24 with NODE_USE_ENV_PROXY=1; Node 20's ignores them",
    "urllib3 by itself: ProxyManager(os.environ['HTTPS_PROXY']) in place of PoolManager",
    "Go: never proxies localhost and 127.0.0.1; call the API by another name",
    "curl: reads only the lower-case http_proxy for http:// addresses",
    "any client: NO_PROXY must not name the API's host",
)
"""Clients that do not take the way through the proxy by themselves, and what to tell them."""

IGNORES_THE_CA = (
    "requests, pip: REQUESTS_CA_BUNDLE. httpx, urllib, aiohttp, Go: SSL_CERT_FILE. curl: CURL_CA_BUNDLE",
    "Node.js: NODE_EXTRA_CA_CERTS. boto3: AWS_CA_BUNDLE. Deno: DENO_CERT. git: GIT_SSL_CAINFO",
    "Java and clients that pin certificates: add the CA to their own trust store",
)
"""Where clients look for the CA that they trust."""

_SHOWN = 5
_HANDSHAKE = ("handshake", "certificate", "tls", "ssl")


@dataclass(frozen=True, slots=True)
class Unexercised:
    """Why nothing was shown: one word, one sentence, and what to look at or do, a line each."""

    cause: str
    sentence: str
    advice: tuple[str, ...]


def unexercised(summary: Summary) -> Unexercised | None:
    """The first cause that applies; None when a fault took place."""
    if summary.delivered:
        return None
    return next(found for cause in _CAUSES if (found := cause(summary)))


def _untrusted(summary: Summary) -> Unexercised | None:
    broken = [reason for reason in summary.noise if any(word in reason.lower() for word in _HANDSHAKE)]
    if summary.exchanges or not broken:
        return None
    sentence = "Clients came, but would not speak TLS with the proxy: they do not trust its CA."
    return Unexercised("untrusted", sentence, (*broken[:_SHOWN], *IGNORES_THE_CA))


def _out_of_scope(summary: Summary) -> Unexercised | None:
    if summary.exchanges or not summary.passed_through:
        return None
    hosts = ", ".join(islice(summary.passed_through, _SHOWN))
    more = len(summary.passed_through) - _SHOWN
    sentence = f"Only hosts outside the scope came by: {hosts}{f' and {more} more' if more > 0 else ''}."
    inside = ", ".join(summary.scope) or "no host"
    return Unexercised(
        "out_of_scope", sentence, (f"The scope holds {inside}: add the host that you mean to scope.hosts.",)
    )


def _no_traffic(summary: Summary) -> Unexercised | None:
    if summary.exchanges:
        return None
    sentence = "Nothing came through the proxy: the client does not use it, or made no call."
    seen = tuple(f"On the port, but no call: {reason}" for reason in islice(summary.noise, _SHOWN))
    return Unexercised("no_traffic", sentence, (*seen, *IGNORES_THE_PROXY))


def _undelivered(summary: Summary) -> Unexercised | None:
    if not summary.selected:
        return None
    due = [count for count in summary.rules if count.selected and not count.idle]
    advice = (f"{count.rule}: {count.fault} did not take place: {_reasons(count.undelivered)}" for count in due)
    faults = f"{plural(summary.selected, 'fault')} {was(summary.selected)}"
    return Unexercised("undelivered", f"{faults} due, and none took place.", tuple(advice))


def _never_fired(summary: Summary) -> Unexercised:
    silent = [_silence(count) for count in summary.rules]
    silent += [f"{rule}: matched no call" for rule in summary.unmatched_rules]
    names = ", ".join(islice(summary.operations, _SHOWN))
    if not silent:
        silent = [f"No rule of the profile {summary.profile} matched.", "List others: crosswind profile list"]
    sentence = f"{plural(summary.calls, 'call')} came by, and no rule fired."
    if any(count.idle and count.delivered for count in summary.rules):
        sentence = f"{plural(summary.calls, 'call')} came by, and only faults that do nothing were played."
    return Unexercised("never_fired", sentence, (*silent, f"Operations that came by: {names}"))


_CAUSES: tuple[Callable[[Summary], Unexercised | None], ...] = (
    _untrusted,
    _out_of_scope,
    _no_traffic,
    _undelivered,
    _never_fired,
)
"""The last one always applies."""


def _silence(count: RuleCount) -> str:
    if count.idle and count.delivered:
        return f"{count.rule}: {count.fault} was played on {plural(count.delivered, 'call')}"
    return f"{count.rule}: matched {plural(count.matched, 'call')} and never fired: {_reasons(count.held_back)}"


def _reasons(counted: Counted) -> str:
    most = islice(counted.items(), _SHOWN)
    return "; ".join(f"{reason} ({count} times)" if count > 1 else reason for reason, count in most)
