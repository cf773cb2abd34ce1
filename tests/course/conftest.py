"""Two tiny lessons, in a folder that a test may change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from simlib.course.build import assemble, read_sources, to_text

HERE = Path(__file__).parent


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    """A lessons folder with two sources."""
    return Path(shutil.copytree(HERE / "lessons", tmp_path / "lessons"))


@pytest.fixture
def course(lessons: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, as a course to copy from: notebooks put together but not run."""
    for source in read_sources(lessons):
        target = lessons / "en" / f"{source.stem}.ipynb"
        target.parent.mkdir(exist_ok=True)
        target.write_text(to_text(assemble(source, "en")), encoding="utf-8")
    monkeypatch.setenv("SAFESHOP_LESSONS", str(lessons))
    return lessons
