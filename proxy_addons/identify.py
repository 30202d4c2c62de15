"""identify: who calls, and what for. Everything later reads the `Exchange` that is born here."""

from __future__ import annotations

import base64
import binascii
import time
from typing import TYPE_CHECKING

from proxy_addons.calls.agent import agent_name
from proxy_addons.calls.naming import name
from proxy_addons.engine.wire import body_of, fields_of
from proxy_addons.exchange import METADATA_KEY, Exchange, Request

if TYPE_CHECKING:
    from mitmproxy.connection import Client
    from mitmproxy.http import Headers, HTTPFlow

    from proxy_addons.rules.scope import Scope
    from proxy_addons.tally import Tally


_NO_REQUEST = Request("", "", "", 0, "")


def exchange_of(flow: HTTPFlow) -> Exchange | None:
    """The exchange of a flow, once `identify` saw it."""
    found = flow.metadata.get(METADATA_KEY)
    return found if isinstance(found, Exchange) else None


def request_of(flow: HTTPFlow) -> Request:
    """The flow's request as plain data."""
    request = flow.request
    return Request(
        method=request.method.upper(),
        scheme=request.scheme,
        host=request.host.lower(),
        port=request.port,
        path=request.path.partition("?")[0],
        query=tuple(request.query.items(multi=True)) if "?" in request.path else (),
        headers=fields_of(request.headers),
        body=body_of(request),
    )


class Identify:
    """Names agent, protocol, operation, input, key, fingerprint and attempt."""

    def __init__(self, tally: Tally, scope: Scope) -> None:
        self._tally = tally
        self._scope = scope
        self._users: dict[str, str] = {}

    def http_connect(self, flow: HTTPFlow) -> None:
        """Keep the user name of the proxy URL for the calls inside the tunnel."""
        self._keep_user(flow)

    def client_disconnected(self, client: Client) -> None:
        """Forget the connection."""
        self._users.pop(client.id, None)

    def agent_of(self, client: Client) -> str:
        """The agent that a client's proxy URL names, whatever its calls say."""
        return agent_name(self._users.get(client.id), _NO_REQUEST)

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Take what is meant for us alone, before anything is sent on; let bodies that are out of scope stream by."""
        if METADATA_KEY in flow.metadata:
            return  # of our own making: a repeat, or a webhook
        self._keep_user(flow)
        if not self._scope.covers(flow.request.host.lower()):
            flow.request.stream = True

    def request(self, flow: HTTPFlow) -> None:
        """Give the flow its exchange."""
        if METADATA_KEY in flow.metadata:
            return
        now = time.time()
        user = self._users.get(flow.client_conn.id)
        if not self._scope.covers(flow.request.host.lower()):
            flow.metadata[METADATA_KEY] = self._outsider(flow, user, now)
            return
        request = request_of(flow)
        named = name(request)
        agent = agent_name(user, request)
        for call in named.calls:
            call.ordinal = self._tally.next("call", agent, call.operation, call.fingerprint)
            call.nth = self._tally.next("operation", agent, call.operation)
            call.attempt = self._tally.begin_attempt(agent, call.operation, call.digest, now=now)
        flow.metadata[METADATA_KEY] = Exchange(
            number=self._tally.next("exchange"),
            agent=agent,
            protocol=named.protocol,
            request=request,
            calls=named.calls,
            started_at=now,
            http_version=flow.request.http_version,
        )

    def _keep_user(self, flow: HTTPFlow) -> None:
        if user := _take_proxy_user(flow.request.headers):
            self._users[flow.client_conn.id] = user

    def _outsider(self, flow: HTTPFlow, user: str | None, now: float) -> Exchange:
        request = flow.request
        seen = Request(
            request.method, request.scheme, request.host.lower(), request.port, request.path.partition("?")[0]
        )
        return Exchange(
            number=0,
            agent=agent_name(user, seen),
            protocol="none",
            request=seen,
            calls=[],
            started_at=now,
            in_scope=False,
        )


def _take_proxy_user(headers: Headers) -> str | None:
    """Read and remove `Proxy-Authorization`: it is meant for us and never for the upstream."""
    value = headers.pop("proxy-authorization", None)
    if value is None:
        return None
    scheme, _, credentials = value.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(credentials, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
    return decoded.partition(":")[0] or None
