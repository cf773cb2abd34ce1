"""A fresh vault for each test that asks for one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vault.sample import Lab

MEMORY = Path("/dev/shm")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory where there is such a thing: a vault flushes often, and these tests make hundreds."""
    folder = Path(tempfile.mkdtemp(prefix="safeshop-", dir=MEMORY if MEMORY.is_dir() else None)).resolve()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """An empty vault with its owner olga."""
    return Lab(tmp_path / "vault").create()
