"""A fresh vault for each test that asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vault.sample import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """An empty vault with its owner olga."""
    return Lab(tmp_path / "vault").create()
