"""Agents and books to test with."""

from __future__ import annotations

import pytest

from proxy_addons.sandbox.agents import Agents
from proxy_addons.sandbox.http import Sandbox
from proxy_addons.sandbox.ids import Ids
from proxy_addons.sandbox.ledger import Ledger
from proxy_addons.sandbox.operation import Books
from proxy_addons.sandbox.webhooks import Webhooks
from tests.sandbox.asking import Asking


@pytest.fixture
def ask() -> Asking:
    """An agent and a fresh sandbox."""
    return Asking(Sandbox())


@pytest.fixture
def books() -> Books:
    """Fresh books without a wire."""
    ids = Ids()
    return Books(Ledger(ids), Agents(ids), Webhooks(ids))
