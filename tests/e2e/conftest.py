"""What the tests of the whole share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.invoke import Crosswind


@pytest.fixture
def crosswind(tmp_path: Path, ca: Path) -> Crosswind:
    """The command, in an empty folder."""
    return Crosswind(tmp_path, ca)
