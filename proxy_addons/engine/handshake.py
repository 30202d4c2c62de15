"""Plays the faults that spoil the TLS handshake of a new connection. An addon of the chain, behind `inject`.

mitmproxy sends no alert of its own, only a FIN, so it is written to the client's socket as it is. A certificate
with a flaw takes the place of the one that TlsConfig chose.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mitmproxy import ctx
from mitmproxy.flow import Error

from proxy_addons.engine.flawed_cert import flawed_certificate
from proxy_addons.exchange import Exchange, Injection, Phase
from proxy_addons.identify import exchange_of

if TYPE_CHECKING:
    from mitmproxy.addons.proxyserver import Proxyserver
    from mitmproxy.addons.tlsconfig import TlsConfig
    from mitmproxy.connection import Client
    from mitmproxy.http import HTTPFlow
    from mitmproxy.tls import ClientHelloData, TlsData

    from proxy_addons.faults.base import Flaw

HANDSHAKE_FAILURE = b"\x15\x03\x03\x00\x02\x02\x28"
"""A fatal TLS alert (RFC 8446, 6): handshake_failure."""

_PRESENTED = {
    "wrong_host": "a certificate for another host",
    "expired": "an expired certificate",
    "untrusted": "a certificate of an unknown CA",
}


@dataclass(slots=True)
class _Due:
    flow: HTTPFlow
    exchange: Exchange
    rule: str
    flaw: Flaw
    injection: Injection


class SpoilHandshake:
    """Spoils the handshakes that the plans of new connections want spoilt."""

    def __init__(self, proxyserver: Proxyserver) -> None:
        self._proxyserver = proxyserver
        self._due: dict[str, _Due] = {}

    def http_connect(self, flow: HTTPFlow) -> None:
        """Remember what is to come. Of several flaws the first one counts."""
        exchange = exchange_of(flow)
        for decision in exchange.plan.flawed if exchange is not None and exchange.plan else ():
            assert exchange is not None  # noqa: S101  # it has a plan
            injection = Injection(decision.rule, decision.word, Phase.CONNECT, detail="no TLS handshake followed")
            exchange.injections.append(injection)
            if exchange.ended_by:
                injection.detail = f"not played: {exchange.ended_by} had ended the exchange"
            elif (first := self._due.get(flow.client_conn.id)) is not None:
                injection.detail = f"not played: {first.rule} spoils the handshake already"
            elif decision.fault.flaw is not None:
                self._due[flow.client_conn.id] = _Due(flow, exchange, decision.rule, decision.fault.flaw, injection)

    def tls_clienthello(self, data: ClientHelloData) -> None:
        """Send the alert instead of an answer."""
        due = self._due.get(data.context.client.id)
        if due is None or due.flaw != "alert" or data.context.server.address is None:
            return
        if _say_last(self._proxyserver, data.context.client, HANDSHAKE_FAILURE):
            due.injection.delivered, due.injection.detail = True, "alert handshake_failure sent"

    def tls_start_client(self, data: TlsData) -> None:
        """Present a certificate with the flaw."""
        due = self._due.get(data.context.client.id)
        if due is None or due.flaw == "alert" or data.context.server.address is None:
            return
        config: TlsConfig = ctx.master.addons.get("tlsconfig")
        config.tls_start_client(data)  # where TlsConfig comes behind us; where it was before, this does nothing
        assert data.ssl_conn is not None  # noqa: S101  # made just now
        host = data.context.client.sni or data.context.server.address[0]
        ca = config.certstore.default_ca.to_cryptography()
        certificate, key = flawed_certificate(ca, config.certstore.default_privatekey, host, due.flaw)
        data.ssl_conn.use_certificate(certificate)
        data.ssl_conn.use_privatekey(key)
        due.injection.delivered, due.injection.detail = True, f"{_PRESENTED[due.flaw]} presented"

    def tls_failed_client(self, data: TlsData) -> None:
        """The client minded."""
        due = self._due.pop(data.context.client.id, None)
        if due is None:
            return
        due.flow.error = Error("the TLS handshake failed")
        if due.injection.delivered:
            due.exchange.ended_by = due.rule
            due.injection.detail += "" if due.flaw == "alert" else ", and the client refused it"

    def tls_established_client(self, data: TlsData) -> None:
        """The client did not mind."""
        due = self._due.pop(data.context.client.id, None)
        if due is not None and due.injection.delivered:
            due.injection.detail += ", and the client accepted it: it does not verify certificates"

    def client_disconnected(self, client: Client) -> None:
        """Forget a client that never began its handshake."""
        self._due.pop(client.id, None)


def _say_last(proxyserver: Proxyserver, client: Client, data: bytes) -> bool:
    """Write to the client past all layers, and close its connection. False when it has gone."""
    handler = proxyserver.connections.get(client.id)
    io = handler.transports.get(handler.client) if handler is not None else None
    writer = io.writer if io is not None else None
    if not isinstance(writer, asyncio.StreamWriter) or writer.is_closing():
        return False
    writer.write(data)
    writer.close()
    return True
