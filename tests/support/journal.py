"""The events of a run in a few words, for tests of what is concluded from them."""

from __future__ import annotations

from typing import Self, TypedDict, Unpack

from proxy_addons.events.event import (
    SCHEMA_VERSION,
    CallRecord,
    DecisionRecord,
    EffectRecord,
    Event,
    ExchangeClosed,
    InjectionRecord,
    Noise,
    PassedThrough,
    ProxyError,
    RunEnded,
    RunStarted,
)
from proxy_addons.exchange import Commit, Origin, Phase

START = 1000.0
HOST = "sandbox.greenhelix.net"
PURCHASE = {"payer": "buyer", "payee": "seller", "amount": "25.00", "description": "report"}


class Facts(TypedDict, total=False):
    """What may be said about one exchange."""

    fault: str
    status: int | None
    pristine: int | None
    commit: Commit
    delivered: bool
    key: str | None
    input: object
    digest: str
    safe: bool
    agent: str
    gap: float
    takes: float
    method: str
    path: str
    retry_after: float | None
    client_aborted: bool
    origin: Origin
    refusal: str


class AllFacts(Facts, total=True):
    """What has to be said about one exchange."""


USUAL: AllFacts = {
    "fault": "",
    "status": 201,
    "pristine": 201,
    "commit": Commit.COMMITTED,
    "delivered": True,
    "key": None,
    "input": PURCHASE,
    "digest": "",
    "safe": False,
    "agent": "buyer",
    "gap": 1.0,
    "takes": 0.1,
    "method": "POST",
    "path": "/v1/payments/escrows",
    "retry_after": None,
    "client_aborted": False,
    "origin": Origin.UPSTREAM,
    "refusal": "",
}


class Log:
    """A run's events. Each call is an exchange, `gap` seconds after the end of the one before."""

    def __init__(self) -> None:
        self.now = START
        self.exchanges: list[ExchangeClosed] = []
        self._others: list[Event] = []

    def call(self, operation: str, effects: list[EffectRecord] | None = None, **facts: Unpack[Facts]) -> Self:
        """Add an exchange of one call."""
        fact = USUAL | facts
        fault, commit, key = fact["fault"], fact["commit"], fact["key"]
        asked, pristine, digest = fact["input"], fact["pristine"], fact["digest"] or f"{operation} {fact['input']}"
        call = CallRecord(operation, fact["safe"], "f", digest, 1, 1, 1, key, asked, pristine, effects or [])
        self.now += fact["gap"]
        self.exchanges.append(
            ExchangeClosed(
                number=len(self.exchanges) + 1,
                agent=fact["agent"],
                protocol="greenhelix",
                method=fact["method"],
                host=HOST,
                path=fact["path"],
                http_version="HTTP/1.1",
                started_at=self.now,
                closed_at=self.now + fact["takes"],
                calls=[call],
                reached_upstream=pristine is not None or commit is not Commit.NONE,
                committed={Commit.COMMITTED: True, Commit.NONE: False}.get(commit),
                commit=commit,
                delivered=fact["delivered"],
                status=fact["status"] if fact["delivered"] else None,
                pristine_status=pristine,
                origin=fact["origin"],
                decisions=[DecisionRecord("rule", fault, 0, fired=True, reason="")] if fault else [],
                injections=[InjectionRecord("rule", fault, Phase.AFTER, delivered=True, detail="")] if fault else [],
                refusal=fact["refusal"],
                retry_after=fact["retry_after"],
                client_aborted=fact["client_aborted"],
            )
        )
        self.now += fact["takes"]
        return self

    def create(self, resource: str = "e-1", **facts: Unpack[Facts]) -> Self:
        """An escrow is created, and the agent learns of it."""
        return self.call("create_escrow", [EffectRecord("opens", resource, "25.0", "CREDITS")], **facts)

    def lose(self, resource: str = "e-1", **facts: Unpack[Facts]) -> Self:
        """An escrow is created, and the answer is lost."""
        return self.create(resource, **(Facts(fault="lost_response", delivered=False) | facts))

    def fail(self, operation: str = "create_escrow", **facts: Unpack[Facts]) -> Self:
        """A call is answered 503 before it reaches the provider."""
        usual = Facts(fault="status", status=503, pristine=None, commit=Commit.NONE, origin=Origin.FAULT)
        return self.call(operation, **(usual | facts))

    def vanish(self, operation: str = "create_escrow", **facts: Unpack[Facts]) -> Self:
        """A call reaches the provider, of whom nothing is heard again."""
        usual = Facts(delivered=False, pristine=None, commit=Commit.AMBIGUOUS)
        return self.call(operation, **(usual | facts))

    def release(self, resource: str = "e-1", operation: str = "release_escrow", **facts: Unpack[Facts]) -> Self:
        """An escrow is released."""
        path = f"/v1/payments/escrows/{resource}/{operation.partition('_')[0]}"
        usual = Facts(status=200, pristine=200, input={"escrow_id": resource}, path=path)
        return self.call(operation, [EffectRecord("closes", resource, "25.0", "CREDITS")], **(usual | facts))

    def read(
        self, operation: str = "get_balance", effects: list[EffectRecord] | None = None, **facts: Unpack[Facts]
    ) -> Self:
        """Something is read."""
        usual = Facts(safe=True, method="GET", commit=Commit.NONE, status=200, pristine=200, input={}, path="/v1/read")
        return self.call(operation, effects, **(usual | facts))

    def repeat(self, resource: str = "e-2", **facts: Unpack[Facts]) -> Self:
        """The network repeats the latest call, and another escrow is created."""
        original = self.exchanges[-1].number
        self.create(resource, **(Facts(delivered=False, gap=0.0, takes=0.0) | facts))
        self.exchanges[-1].duplicate_of = original
        return self

    def deliver(self, fault: str = "") -> Self:
        """The sandbox sends a webhook."""
        self.call("webhook.escrow.created", agent="sandbox", fault=fault, status=200, pristine=200)
        self.exchanges[-1].protocol = "webhook"
        return self

    def pass_through(self, host: str) -> Self:
        """A host out of scope is called."""
        self._others.append(PassedThrough(self.now, host, 443))
        return self

    def noise(self, reason: str, host: str = "") -> Self:
        """Something comes that is no call."""
        self._others.append(Noise(self.now, "127.0.0.1:4711", reason, host))
        return self

    def crash(self, message: str = "KeyError: 'x'") -> Self:
        """Crosswind itself breaks."""
        self._others.append(ProxyError(self.now, message))
        return self

    def started(self, *, insecure: bool = False) -> RunStarted:
        """The first event."""
        return RunStarted(
            START, "0.1.0", SCHEMA_VERSION, 42, "lost-response", "d", "sandbox", scope=[HOST], insecure=insecure
        )

    def cut(self) -> list[Event]:
        """The events of a run that has no end."""
        return [self.started(), *self.exchanges, *self._others]

    def events(self, child_status: int | None = 0, *, insecure: bool = False) -> list[Event]:
        """The events of the whole run."""
        ended = RunEnded(self.now, child_status)
        return [self.started(insecure=insecure), *self.exchanges, *self._others, ended]
