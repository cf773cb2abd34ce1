"""The committed notebooks are what their sources make, and what they show is what a learner will see."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simlib.course.build import build, differences
from simlib.languages import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ROOT / "lessons"
SANITIZE = Path(__file__).with_name("sanitize.cfg")
NOTEBOOKS = sorted(path for lang in LANGUAGES for path in (LESSONS / lang).glob("*.ipynb"))
SOME_SLOW = [
    pytest.param(
        path,
        id=f"{path.parent.name}/{path.stem}",
        # English is enough for a quick look; CI runs them all.
        marks=() if path.parent.name == "en" else pytest.mark.slow,
    )
    for path in NOTEBOOKS
]
CELL_SECONDS = 120
"""Longest time nbval gives a cell, in seconds: for a hanging cell, not a bound on speed."""


def nbval(notebook: Path) -> subprocess.CompletedProcess[str]:
    """Run a notebook and compare its outputs with the stored ones."""
    options = [
        f"--nbval-cell-timeout={CELL_SECONDS}",
        f"--nbval-sanitize-with={SANITIZE}",
        "--nbval-current-env",
    ]
    command = [sys.executable, "-m", "pytest", "--nbval", *options, "-q", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "-c", os.devnull, "--color=no", "-W", "ignore", str(notebook)],
        capture_output=True,
        text=True,
        cwd=notebook.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )


@pytest.mark.parametrize("notebook", SOME_SLOW)
def test_running_a_lesson_gives_its_stored_outputs(notebook: Path) -> None:
    result = nbval(notebook)
    assert result.returncode == 0, result.stdout[-6000:]


def test_nbval_finds_a_number_that_is_not_what_the_lesson_gives(tmp_path: Path) -> None:
    notebook = shutil.copy(LESSONS / "en" / "02-order-flow.ipynb", tmp_path)
    text = Path(notebook).read_text(encoding="utf-8")
    assert "218 orders are under way" in text
    Path(notebook).write_text(
        text.replace("218 orders are under way", "219 orders are under way"), encoding="utf-8"
    )
    result = nbval(Path(notebook))
    assert result.returncode == 1
    assert "FAILED 02-order-flow.ipynb::Cell 4" in result.stdout
    assert "1 failed" in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_committed_notebook_is_what_its_source_makes(notebook: Path) -> None:
    found = [
        sentence
        for built in build(LESSONS, [notebook.stem], [notebook.parent.name])
        for sentence in differences(built)
    ]
    assert found == []


def test_every_source_is_built_in_every_language() -> None:
    sources = {path.stem for path in (LESSONS / "src").glob("*.md")}
    assert {(path.parent.name, path.stem) for path in NOTEBOOKS} == {
        (lang, stem) for lang in LANGUAGES for stem in sources
    }


@pytest.mark.slow
def test_the_same_source_makes_the_same_bytes_in_every_language() -> None:
    once = {built.path: built.text for built in build(LESSONS, ["02"])}
    again = {built.path: built.text for built in build(LESSONS, ["02"])}
    assert once == again


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_lesson_asks_before_it_shows_and_ends_in_the_learners_own_shop(notebook: Path) -> None:
    names = [cell["metadata"]["name"] for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]]
    first = {
        part: next(position for position, name in enumerate(names) if name.startswith(part))
        for part in ("question", "predict", "run", "look", "what-if", "in-your-shop", "key-points", "finish")
    }
    assert names[0] == "question"
    assert first["predict"] < first["look"]
    assert first["run"] < first["look"] < first["what-if"] < first["in-your-shop"] < first["key-points"]
    assert names[-1] == "finish"
