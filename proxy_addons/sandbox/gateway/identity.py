"""Registration and identity: `/v1/register`, `/v1/identity/agents…`.

`register` and `get_agent_identity` were observed on gateway 1.4.8, `register_agent` follows its
official client 1.4.5.
"""

from __future__ import annotations

from urllib.parse import quote

from proxy_addons.sandbox.gateway.timestamp import timestamp
from proxy_addons.sandbox.operation import Agent, Books, Input, Operation, Output, Reply, Situation, Text, Tools


class AgentId(Input):
    """One agent."""

    agent_id: Agent


class NewIdentity(Input):
    """An agent and its public key; without one the sandbox makes one up."""

    agent_id: Agent
    public_key: Text | None = None


class Registration(Output):
    """`balance` is a number here, alone among the gateway's amounts."""

    agent_id: str
    api_key: str
    tier: str
    balance: float
    created_at: str


class RegisteredIdentity(Output):
    """An agent's public key."""

    agent_id: str
    public_key: str | None
    created_at: str


class AgentIdentity(Output):
    """An agent that never registered is `found` once its wallet has moved."""

    agent_id: str
    public_key: str | None
    created_at: str | None
    org_id: str | None
    found: bool


def register(books: Books, asked: AgentId, situation: Situation) -> Reply:
    """Register an agent: 200, not 201."""
    api_key = books.agents.register(asked.agent_id, situation.now)
    balance = float(books.ledger.balance(asked.agent_id, situation.now))
    return Reply(Registration(asked.agent_id, api_key, "free", balance, _since(books, asked.agent_id, situation) or ""))


def register_agent(books: Books, asked: NewIdentity, situation: Situation) -> Reply:
    """Give an agent a public key."""
    identity = books.agents.identify(asked.agent_id, asked.public_key, situation.now)
    body = RegisteredIdentity(identity.agent, identity.public_key, timestamp(identity.created_at))
    return Reply(body, 201, f"/v1/identity/agents/{quote(identity.agent, safe='')}")


def get_agent_identity(books: Books, asked: AgentId, situation: Situation) -> Reply:
    """Tell what is known of an agent: 200 even when that is nothing."""
    identity = books.agents.identity(asked.agent_id)
    since = _since(books, asked.agent_id, situation)
    public_key = None if identity is None else identity.public_key
    return Reply(AgentIdentity(asked.agent_id, public_key, since, None, since is not None))


def _since(books: Books, agent: str, situation: Situation) -> str | None:
    identity = books.agents.identity(agent)
    if identity is not None:
        return timestamp(identity.created_at)
    moved = books.ledger.transactions(agent, situation.now)
    return timestamp(moved[0].created_at) if moved else None


TOOLS: Tools = {
    "register": Operation(AgentId, register, Registration, "identity", "Register an agent and get its API key."),
    "register_agent": Operation(
        NewIdentity, register_agent, RegisteredIdentity, "identity", "Register an agent's public key."
    ),
    "get_agent_identity": Operation(
        AgentId, get_agent_identity, AgentIdentity, "identity", "Tell what is known of an agent."
    ),
}
