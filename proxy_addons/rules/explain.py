"""What a profile will do, and to whom, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from proxy_addons.exchange import Phase
from proxy_addons.rules.match import Match
from proxy_addons.rules.problem import listed
from proxy_addons.rules.profile import Profile, Rule
from proxy_addons.rules.scope import SANDBOX_HOST
from proxy_addons.rules.span import Span, nth
from proxy_addons.rules.when import When


def explain(profile: Profile) -> list[str]:
    """What the profile as a whole sets up: who is touched, who answers, what may be spent."""
    scope = profile.reach()
    hosts = [*dict.fromkeys((*scope.hosts, *profile.map))]
    if profile.origin == "sandbox" and SANDBOX_HOST not in hosts and scope.covers(SANDBOX_HOST):
        hosts.append(SANDBOX_HOST)
    lines = [f"Touches calls to {listed(hosts)}" + (f", never to {listed(scope.deny)}" if scope.deny else "") + "."]
    if scope.covers(SANDBOX_HOST) and SANDBOX_HOST not in profile.map:
        who = "the embedded sandbox" if profile.origin == "sandbox" else "the real gateway"
        lines.append(f"{SANDBOX_HOST} is answered by {who}.")
    lines += [f"{host} is answered by {url}." for host, url in profile.map.items()]
    if budget := profile.budget:
        caps = [(budget.per_call, "a call"), (budget.per_run, "a run")]
        said = [
            f"{amount}{f' {budget.currency}' if budget.currency else ''} {what}"
            for amount, what in caps
            if amount is not None
        ]
        lines.append(f"Refuses what would spend more than {listed(said)}.")
    return lines


def explain_rule(rule: Rule) -> str:
    """One rule as a sentence: how many of which calls by whom, and what happens to them."""
    if rule.when.probability == 0:
        return f"Never (probability 0): {rule.fault.settings.describe()}."
    if rule.fault.settings.at is Phase.CONNECT:
        share = _share(rule.when)
        what = share.replace("call", "new connection") if "call" in share else f"{share} to connect"
        what += _by(rule.match)
    else:
        what = f"{_share(rule.when)} of {_target(rule.match)}"
    parts = [what, *_conditions(rule.match), *_limits(rule.when)]
    sentence = f"{', '.join(parts)}: {rule.fault.settings.describe()}."
    return sentence[0].upper() + sentence[1:]


def _share(when: When) -> str:
    """`Every call`, `30% of the first attempts`, `attempts 2 to 4`."""
    first = when.attempts == (Span(1, 1),)
    if when.probability < 1:
        share = f"{when.probability * 100:.10g}% of"
        tries = "first attempts" if first else "calls"
        return f"{share} {_spans('attempt', when.attempts)}" if when.attempts and not first else f"{share} the {tries}"
    if when.attempts and not first:
        return _spans("attempt", when.attempts)
    return "every first attempt" if first else "every call"


def _target(match: Match) -> str:
    return (listed(match.operation) if match.operation else "any operation") + _by(match)


def _by(match: Match) -> str:
    return f" by {'agent' if len(match.agent) == 1 else 'agents'} {listed(match.agent)}" if match.agent else ""


def _conditions(match: Match) -> Iterator[str]:
    for words, patterns in (
        ("to", match.host),
        ("with method", match.method),
        ("at path", match.path),
        ("over", match.protocol),
    ):
        if patterns:
            yield f"{words} {listed(patterns, 'or')}"
    for kind, named in (("header", match.header), ("query", match.query)):
        for name, patterns in named.items():
            yield f"with {kind} {name} {listed(patterns, 'or')}"
    for path, predicate in match.input.items():
        yield f"where {path} {predicate}"
    if match.status:
        yield f"when the answer has status {listed(map(str, match.status), 'or')}"
    for path, predicate in match.body.items():
        yield f"when the answer's {path} {predicate}"


def _limits(when: When) -> Iterator[str]:
    if when.calls:
        yield f"but only {_spans('call', when.calls)} of the operation"
    if when.burst is not None:
        yield f"but only {when.burst}"
    if when.window is not None:
        yield str(when.window)
    if when.max is not None:
        yield f"at most {when.max} {'time' if when.max == 1 else 'times'} per call"


def _spans(noun: str, spans: Iterable[Span]) -> str:
    """`call 3`, `calls 3 to 5`, `every 3rd call`, joined."""
    said = []
    for span in spans:
        if span.step > 1:
            said.append(f"every {nth(span.step)} {noun}")
        elif span.last is None:
            said.append(f"{noun}s from the {nth(span.first)} on")
        elif span.last == span.first:
            said.append(f"{noun} {span.first}")
        else:
            said.append(f"{noun}s {span.first} to {span.last}")
    return listed(said)
