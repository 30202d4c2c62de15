"""Prefer HTTP/2 where the client offers it, as nearly every server does.

mitmproxy takes the client's first choice instead; httpx names HTTP/1.1 first, and would never get HTTP/2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mitmproxy.tls import ClientHelloData

_H2 = b"h2"
_HTTP_1_1 = b"http/1.1"


class PreferHttp2:
    """Fixes the choice before the handshake."""

    def tls_clienthello(self, data: ClientHelloData) -> None:
        """Choose h2, when it is offered inside a tunnel and mitmproxy's `http2` option is on."""
        if data.context.server.address is None:  # TLS with the proxy itself: it takes CONNECT over HTTP/1.1 alone
            data.context.client.alpn = _HTTP_1_1
        elif _H2 in data.client_hello.alpn_protocols and data.context.options.http2:
            data.context.client.alpn = _H2
