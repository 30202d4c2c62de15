"""The events of a run. One JSON object a line in `journal.jsonl`, told apart by `event`.

Times are seconds since the epoch. Everything that a verdict needs is in here: checks read the
journal alone, never a flow.
"""

from __future__ import annotations

from typing import Any

import msgspec

from proxy_addons.exchange import Commit, Origin, Phase

SCHEMA_VERSION = 1


class RunStarted(msgspec.Struct, tag="run_started", tag_field="event", omit_defaults=True):
    """The first line: what was asked for."""

    at: float
    crosswind: str
    schema: int
    seed: int
    profile: str
    profile_digest: str
    origin: str
    command: list[str] = []
    scope: list[str] = []
    rules: list[str] = []
    insecure: bool = False


class EffectRecord(msgspec.Struct, omit_defaults=True):
    """See `exchange.Effect`."""

    kind: str
    resource: str
    amount: str | None = None
    currency: str | None = None
    payer: str | None = None
    payee: str | None = None


class CallRecord(msgspec.Struct, omit_defaults=True):
    """One logical call. `input` has its secrets removed."""

    operation: str
    safe: bool
    fingerprint: str
    digest: str
    ordinal: int
    nth: int
    attempt: int
    key: str | None = None
    input: Any = None  # JSON; msgspec cannot read a recursive alias
    status: int | None = None
    effects: list[EffectRecord] = []


class DecisionRecord(msgspec.Struct, omit_defaults=True):
    """One rule that matched: fired or not, with the draw and the reason."""

    rule: str
    fault: str
    call: int
    fired: bool
    reason: str
    draw: float | None = None


class InjectionRecord(msgspec.Struct):
    """One fault that was selected. `delivered` says whether it took place, `detail` what happened."""

    rule: str
    fault: str
    at: Phase
    delivered: bool
    detail: str


class ExchangeClosed(msgspec.Struct, tag="exchange", tag_field="event", omit_defaults=True):
    """One exchange, from its request to the end of its answer.

    `status` is what the agent saw (None: no answer), `pristine_status` what the origin said.
    `committed` is true, false, or null where nobody can know (`commit` says it in a word).
    `retry_after` is in seconds, as the agent was told. `duplicate_of` is the number of the exchange whose
    request the network repeated: no agent asked for this one, nor got its answer.
    """

    number: int
    agent: str
    protocol: str
    method: str
    host: str
    path: str
    http_version: str
    started_at: float
    closed_at: float
    calls: list[CallRecord]
    reached_upstream: bool
    committed: bool | None
    commit: Commit
    delivered: bool
    answered_at: float | None = None
    status: int | None = None
    pristine_status: int | None = None
    origin: Origin | None = None
    decisions: list[DecisionRecord] = []
    injections: list[InjectionRecord] = []
    refusal: str = ""
    retry_after: float | None = None
    client_aborted: bool = False
    error: str = ""
    request_bytes: int = 0
    response_bytes: int = 0
    duplicate_of: int | None = None


class PassedThrough(msgspec.Struct, tag="passed_through", tag_field="event", omit_defaults=True):
    """A connection to a host outside the scope: forwarded without a look inside."""

    at: float
    host: str
    port: int
    agent: str = "default"


class WebhookDropped(msgspec.Struct, tag="webhook_dropped", tag_field="event"):
    """A webhook of the sandbox's that never was delivered, and why. `id` is its event's."""

    at: float
    id: str
    webhook: str
    event_type: str
    reason: str


class ProfileReloaded(msgspec.Struct, tag="profile_reloaded", tag_field="event", omit_defaults=True):
    """The profile's file changed on disk: taken over, or refused for these reasons and the old one stays."""

    at: float
    ok: bool
    digest: str
    problems: list[str] = []


class Controlled(msgspec.Struct, tag="controlled", tag_field="event"):
    """Somebody paused, resumed or reset the run: `action`."""

    at: float
    action: str


class Noise(msgspec.Struct, tag="noise", tag_field="event", omit_defaults=True):
    """Something on the port that never became a call: a broken handshake, bytes that are no HTTP."""

    at: float
    client: str
    reason: str
    host: str = ""


class ProxyError(msgspec.Struct, tag="proxy_error", tag_field="event"):
    """A fault of ours. One of these makes the run end with exit code 4."""

    at: float
    message: str


class RunEnded(msgspec.Struct, tag="run_ended", tag_field="event", omit_defaults=True):
    """The last line. Its absence means the run was cut short.

    `child_status` is what the command under test returned (None: there was no command).
    """

    at: float
    child_status: int | None = None


type Event = (
    RunStarted
    | ExchangeClosed
    | PassedThrough
    | WebhookDropped
    | ProfileReloaded
    | Controlled
    | Noise
    | ProxyError
    | RunEnded
)

encoder = msgspec.json.Encoder()
decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
