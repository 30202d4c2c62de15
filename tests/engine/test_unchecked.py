from __future__ import annotations

from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.utils import typecheck

from tests.support.live import live_proxy
from tests.support.sockets import exchange, tunnel


def test_no_message_has_its_types_compared(tmp_path: Path, ca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when it is made, and not on its way through the proxy."""
    compared: list[object] = []
    monkeypatch.setattr(typecheck, "check_option_type", lambda *given: compared.append(given))
    http.Response.make(200, b"x", {"a": "b"})
    with live_proxy(tmp_path, ca) as proxy, tunnel(proxy.address, proxy.bundle) as client:
        compared.clear()
        assert exchange(client, "GET", "/v1/pricing").status == 200
    assert compared == []
