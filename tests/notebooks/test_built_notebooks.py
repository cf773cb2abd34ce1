"""The committed notebooks are what their sources make, and what they show is what a learner will see."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from simlib.course import texts
from simlib.course.build import assemble, build, differences, read_sources, to_text
from simlib.languages import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ROOT / "lessons"
SANITIZE = Path(__file__).with_name("sanitize.cfg")
NOTEBOOKS = sorted(path for lang in LANGUAGES for path in (LESSONS / lang).glob("*.ipynb"))
STEMS = sorted({path.stem for path in NOTEBOOKS})
QUICK_LOOK = LESSONS / "en" / "02-order-flow.ipynb"
"""The one notebook that also runs where the slow tests are left out; CI runs them all."""

# A lesson's three languages in one process: that nbval starts costs as much as a short lesson.
RUNS = [pytest.param([QUICK_LOOK], id="quick look")] + [
    pytest.param(
        [path for path in NOTEBOOKS if path.stem == stem and path != QUICK_LOOK],
        id=stem,
        marks=pytest.mark.slow,
    )
    for stem in STEMS
]
PICTURE = re.compile(r"(?<=data:image/png;base64,)[A-Za-z0-9+/=]+")
CELL_SECONDS = 120
"""Longest time nbval gives a cell, in seconds: for a hanging cell, not a bound on speed."""


def nbval(notebooks: list[Path]) -> subprocess.CompletedProcess[str]:
    """Run notebooks, each in its own kernel, and compare their outputs and pictures with the stored ones."""
    options = [
        f"--nbval-cell-timeout={CELL_SECONDS}",
        f"--nbval-sanitize-with={SANITIZE}",
        "--nbval-current-env",
    ]
    command = [sys.executable, "-m", "pytest", "--nbval", *options, "-q", "-p", "no:cacheprovider"]
    command += ["-p", "tests.notebooks.pictures"]
    return subprocess.run(
        [*command, "-c", os.devnull, "--color=no", "-W", "ignore", *map(str, notebooks)],
        capture_output=True,
        text=True,
        cwd=notebooks[0].parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )


@pytest.mark.parametrize("notebooks", RUNS)
def test_running_a_lesson_gives_its_stored_outputs_in_every_language(notebooks: list[Path]) -> None:
    result = nbval(notebooks)
    assert result.returncode == 0, result.stdout[-6000:]


@pytest.mark.slow
def test_nbval_finds_a_number_and_a_picture_that_are_not_what_the_lesson_gives(tmp_path: Path) -> None:
    notebook = Path(shutil.copy(LESSONS / "en" / "02-order-flow.ipynb", tmp_path))
    text = notebook.read_text(encoding="utf-8")
    assert "218 orders are under way" in text
    text = text.replace("218 orders are under way", "219 orders are under way")
    # The last picture takes the place of the one before.
    *_others, before, last = PICTURE.findall(text)
    notebook.write_text(text.replace(before, last), encoding="utf-8")
    result = nbval([notebook])
    assert result.returncode == 1
    assert "FAILED 02-order-flow.ipynb::Cell 4" in result.stdout
    assert "picture 1 is not the stored one" in result.stdout
    assert "2 failed" in result.stdout


def without_what_running_adds(notebook: Any) -> Any:
    """A notebook's cells and head, but for what comes of running them."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return notebook


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_committed_notebook_has_the_cells_of_its_source_in_its_language(lang: str) -> None:
    for source in read_sources(LESSONS):
        spoken = source if lang == "en" else source.translated(texts.translator(source, LESSONS, lang), lang)
        made = json.loads(to_text(assemble(spoken, lang)))
        there = json.loads((LESSONS / lang / f"{source.stem}.ipynb").read_text(encoding="utf-8"))
        assert without_what_running_adds(there) == without_what_running_adds(made), source.stem


# What running gives is compared by nbval, for every lesson; one shows that the builder gives the same.
@pytest.mark.slow
def test_a_committed_notebook_is_what_its_source_makes() -> None:
    found = [sentence for built in build(LESSONS, [STEMS[0]], ["en"]) for sentence in differences(built)]
    assert found == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_sign_of_emphasis_is_left_for_the_learner_to_read(lang: str) -> None:
    # “*…。*Next” is no emphasis in Markdown where no blank follows, as in Chinese: the full stop belongs outside.
    reader = MarkdownIt("commonmark").enable("table")
    for path in [*(LESSONS / lang).glob("*.ipynb"), *(ROOT / "exercises" / lang).glob("*.ipynb")]:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                shown = reader.render("".join(cell["source"]))
                words = re.sub(r"<code.*?</code>|<[^>]+>", "", shown, flags=re.DOTALL)
                assert "*" not in words, f"{lang}/{path.stem}, {cell['id']}"


def test_every_source_is_built_in_every_language() -> None:
    sources = {path.stem for path in (LESSONS / "src").glob("*.md")}
    assert {(path.parent.name, path.stem) for path in NOTEBOOKS} == {
        (lang, stem) for lang in LANGUAGES for stem in sources
    }


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
