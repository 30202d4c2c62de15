"""Why the gateway refuses a call.

Codes, statuses and the wording of `invalid-state` were observed on gateway 1.4.8. Ours are the titles,
and the codes `budget-exceeded`, `intent-not-found`, `webhook-not-found`, `tool-not-found`, `not-found`
and `not-simulated`: there the gateway's own are not known.
"""

from __future__ import annotations

_KINDS = {
    "budget-exceeded": (402, "Budget exceeded"),
    "endpoint-removed": (410, "Endpoint removed"),
    "escrow-not-found": (404, "Escrow not found"),
    "idempotency_key_reused": (409, "Idempotency key reused"),
    "insufficient-balance": (402, "Insufficient balance"),
    "intent-not-found": (404, "Intent not found"),
    "invalid-state": (409, "Invalid state"),
    "not-found": (404, "Not found"),
    "not-simulated": (501, "Not simulated"),
    "payload-too-large": (413, "Payload too large"),
    "tool-not-found": (404, "Tool not found"),
    "validation-error": (422, "Validation error"),
    "webhook-not-found": (404, "Webhook not found"),
}


class SandboxError(Exception):
    """A call that was refused, and changed nothing.

    `code` ends the problem's type URL, `status` is HTTP's, `title` is the same for every problem of the
    code and `detail` is about this one. `context` holds the detail's parts for a dialect that words it
    differently: `verb`, `thing` and `state` of an `invalid-state`, `tool` of a `tool-not-found`.
    """

    def __init__(self, code: str, detail: str, **context: str) -> None:
        super().__init__(detail)
        self.code = code
        self.status, self.title = _KINDS[code]
        self.detail = detail
        self.context = context


def invalid(detail: str) -> SandboxError:
    """The caller's input breaks a rule: 422 `validation-error`."""
    return SandboxError("validation-error", detail)


def invalid_state(verb: str, thing: str, state: str, *allowed: str) -> SandboxError:
    """The thing's life has moved on: 409, worded as gateway 1.4.8 does."""
    must_be = " or ".join(f"'{name}'" for name in allowed)
    detail = f"Cannot {verb} {thing} in state '{state}'; must be {must_be}"
    return SandboxError("invalid-state", detail, verb=verb, thing=thing, state=state)
