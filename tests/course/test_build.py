"""A built notebook is the same bytes each time and shows nothing that a learner should not see."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from PIL import Image, ImageDraw

from simlib.course import build as builder
from simlib.course import texts
from simlib.course.build import Built, assemble, build, clean, differences, read_sources, to_text, write
from simlib.course.source import LessonSource, read_source
from simlib.errors import SafeShopError
from simlib.writing import write_whole
from tests.course.conftest import HERE

SOURCES = HERE / "lessons"
WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "IntSlider()"}


@pytest.fixture
def source(lessons: Path) -> LessonSource:
    """The first lesson."""
    return read_source(lessons / "src" / "01-first-steps.md")


def run_notebook(source: LessonSource, **outputs: Any) -> nbformat.NotebookNode:
    """The lesson's notebook as if it had been run, with these outputs in the named cells."""
    notebook = assemble(source, "en")
    for number, (cell, node) in enumerate(zip(source.cells, notebook.cells, strict=True)):
        if cell.code:
            node.execution_count = number
            node.outputs = [
                builder._notebook(output) for output in outputs.get(cell.name.replace("-", "_"), [])
            ]
    return notebook


def shown(**data: Any) -> dict[str, Any]:
    """An output with these data, by the second half of their type."""
    kinds = {"plain": "text/plain", "html": "text/html", "png": "image/png"}
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {kinds[kind]: text for kind, text in data.items()},
    }


@cache
def built_once() -> dict[str, str]:
    """The two lessons, built as they lie there: file name → notebook. The kernels are started once for all tests."""
    return {built.path.name: built.text for built in build(SOURCES, [])}


@pytest.mark.slow
def test_the_same_source_gives_the_same_bytes(lessons: Path) -> None:
    assert {built.path.name: built.text for built in build(lessons, [])} == built_once()


@pytest.mark.slow
def test_a_built_lesson_has_counts_outputs_and_no_trace_of_the_machine() -> None:
    notebook = json.loads(built_once()["02-second-steps.ipynb"])
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [1, 2, 3]
    assert all(cell["metadata"]["jupyter"] == {"source_hidden": True} for cell in code)
    assert code[0]["outputs"][0]["data"]["text/plain"] == ["Lesson 02: Second steps (4 minutes)"]
    # The guess is a widget, whose model has a random number: it is left out, and skipped, so the result shows.
    assert code[1]["outputs"] == []
    assert "image/png" in code[2]["outputs"][0]["data"]
    assert "widgets" not in notebook["metadata"]
    assert "version" not in notebook["metadata"]["language_info"]


def nbval(notebooks: Path) -> subprocess.CompletedProcess[str]:
    """Run notebooks and compare what they show with what is stored in them."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    return subprocess.run(
        [*command, str(notebooks)], cwd=notebooks.parent, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_built_lessons_pass_nbval_and_broken_ones_do_not(
    lessons: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in built_once().items():
        write_whole(lessons / "en" / name, text)
    monkeypatch.setenv("SAFESHOP_LESSONS", str(lessons))
    done = nbval(lessons / "en")
    assert done.returncode == 0, done.stdout
    assert "7 passed" in done.stdout
    # Nobody compares what a panel shows, so that it stops must be seen otherwise.
    path = lessons / "en" / "01-first-steps.ipynb"
    path.write_text(path.read_text("utf-8").replace("low=0, high=600", "low=600, high=0"), "utf-8")
    done = nbval(path)
    assert done.returncode == 1
    assert "needs low < high" in done.stdout


@pytest.mark.slow
def test_a_translated_lesson_is_built_in_its_language(
    lessons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import polib

    monkeypatch.setattr(texts, "CATALOGUES", tmp_path)
    units = [(None, text, ()) for text in ("orders", "It rises", "It falls")]
    texts.refresh(tmp_path / "zh-Hant" / "simlib.po", "zh-Hant", units)
    for source in read_sources(lessons):
        texts.refresh_lesson(source, lessons, "zh-Hant")
    for path in [*lessons.glob("po/*/*.po"), tmp_path / "zh-Hant" / "simlib.po"]:
        file = polib.pofile(str(path))
        for entry in file:
            entry.msgstr = f"譯：{entry.msgid}"
        file.save()
    built = next(iter(build(lessons, ["01"], ["zh-Hant"])))
    assert built.path == lessons / "zh-Hant" / "01-first-steps.ipynb"
    cells = json.loads(built.text)["cells"]
    assert cells[0]["source"][0] == "譯：# How many orders are open?\n"
    assert "譯：First steps" in cells[1]["outputs"][0]["data"]["text/plain"][0]
    assert "譯：Second steps" in cells[-1]["outputs"][0]["data"]["text/plain"][0]


@pytest.mark.slow
def test_a_cell_that_stops_is_named_with_its_reason(lessons: Path) -> None:
    path = lessons / "src" / "01-first-steps.md"
    path.write_text(path.read_text("utf-8").replace("lesson.finish()", "1 / 0"), "utf-8")
    with pytest.raises(SafeShopError) as refused:
        list(build(lessons, ["first-steps"]))
    assert refused.value.sentence == (
        "01-first-steps.md, line 71, cell “done”, must not be shown to a learner: ZeroDivisionError: division by "
        "zero."
    )


def test_an_unknown_lesson_is_refused_with_the_list(lessons: Path) -> None:
    with pytest.raises(SafeShopError) as refused:
        next(build(lessons, ["07"]))
    assert (
        refused.value.sentence == "There is no lesson “07”; the lessons are 01-first-steps, 02-second-steps."
    )


def test_two_lessons_cannot_share_a_number(lessons: Path) -> None:
    (lessons / "src" / "02-third.md").write_text(
        (lessons / "src" / "02-second-steps.md").read_text("utf-8"), "utf-8"
    )
    with pytest.raises(SafeShopError) as refused:
        read_sources(lessons)
    assert refused.value.sentence == (
        "02-second-steps.md and 02-third.md have the same number; give one of them another."
    )


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (
            {"output_type": "stream", "name": "stderr", "text": "UserWarning: old"},
            "a warning or message on stderr: UserWarning: old.",
        ),
        (
            {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": []},
            "KeyError: 'x'.",
        ),
        (shown(plain="<object at 0x7f00>"), "a raw object: <object at 0x7f00>."),
        (shown(plain="x", html="<b>[&lt;]</b><Thing at 0xAB>"), "a raw object: <Thing at 0xAB>."),
        (
            {"output_type": "stream", "name": "stdout", "text": "got <Box object at 0x1f>"},
            "a raw object: <Box object at 0x1f>.",
        ),
        (shown(plain="<Axes: title='x'>"), "a raw object: <Axes: title='x'>."),
        (
            {"output_type": "display_data", "metadata": {}, "data": WIDGET},
            "a widget in a cell without the tag nbval-ignore-output.",
        ),
    ],
)
def test_what_no_learner_should_see_stops_the_build(
    source: LessonSource, output: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SafeShopError) as refused:
        clean(run_notebook(source, look=[output]), source)
    assert refused.value.sentence == (
        f"01-first-steps.md, line 56, cell “look”, must not be shown to a learner: {reason}"
    )


def test_a_picture_may_have_its_plain_spare_and_prose_may_have_signs(source: LessonSource) -> None:
    outputs = [
        shown(plain="<Figure size 300x200 with 1 Axes>", png="iVBO"),
        {"output_type": "stream", "name": "stdout", "text": "a < b > c"},
    ]
    notebook = run_notebook(source, look=outputs)
    clean(notebook, source)
    assert len(notebook.cells[3].outputs) == 2


def test_widgets_and_times_are_left_out(source: LessonSource) -> None:
    widget = {"output_type": "display_data", "metadata": {}, "data": WIDGET}
    notebook = run_notebook(source, guess=[widget])
    notebook.metadata["widgets"] = {"state": {}}
    notebook.cells[2].metadata["execution"] = {"iopub.execute_input": "2026-01-01"}
    clean(notebook, source)
    assert notebook.cells[2].outputs == []
    assert to_text(notebook) == to_text(run_notebook(source))


def picture(shift: int = 0, shade: int = 0, size: tuple[int, int] = (300, 200)) -> str:
    """A picture with one bar, as base64."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle([50 + shift, 20, 150 + shift, 180], fill="black")
    draw.line([0, 5, 299, 5], fill=(255 - shade,) * 3)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def committed(source: LessonSource, lessons: Path, **outputs: Any) -> Built:
    """A built lesson with these outputs, already written."""
    built = Built(
        source, "en", lessons / "en" / "01-first-steps.ipynb", to_text(run_notebook(source, **outputs))
    )
    write(built)
    return built


def inline(png: str) -> dict[str, Any]:
    """A picture inside HTML."""
    return shown(html=f'<img alt="a bar" src="data:image/png;base64,{png}">')


@pytest.mark.parametrize("wrap", [lambda png: shown(png=png), inline], ids=["alone", "inside HTML"])
@pytest.mark.parametrize(
    ("other", "same"),
    [
        (picture(), True),
        (picture(shade=90), True),
        (picture(size=(301, 200)), True),
        (picture(shift=2), False),
        (picture(size=(310, 200)), False),
    ],
    ids=["same", "letters smoothed", "a pixel wider", "bar moved", "ten pixels wider"],
)
def test_pictures_compare_by_what_one_sees(
    source: LessonSource, lessons: Path, wrap: Any, other: str, same: bool
) -> None:
    built = committed(source, lessons, look=[wrap(picture())])
    fresh = replace(built, text=to_text(run_notebook(source, look=[wrap(other)])))
    found = differences(fresh)
    assert found == ([] if same else ["en/01-first-steps.ipynb: cell “look” differs (its picture)."])


def test_a_difference_names_the_cell(source: LessonSource, lessons: Path) -> None:
    built = committed(source, lessons, look=[shown(plain="200")])
    assert differences(built) == []
    fresh = replace(built, text=to_text(run_notebook(source, look=[shown(plain="201")])))
    assert differences(fresh) == ["en/01-first-steps.ipynb: cell “look” differs (its output)."]
    fresh = replace(built, text=built.text.replace("Arrivals times", "Arrivals multiplied by"))
    assert differences(fresh) == ["en/01-first-steps.ipynb: cell “what-we-saw” differs (its text)."]
    built.path.unlink()
    assert differences(built) == ["en/01-first-steps.ipynb was never built; run “safeshop build”."]
    built.path.write_text("{", "utf-8")
    assert differences(built) == ["en/01-first-steps.ipynb is not a notebook; run “safeshop build”."]


def test_an_interrupted_write_leaves_the_old_file(
    source: LessonSource, lessons: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = committed(source, lessons)
    before = built.path.read_bytes()

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("simlib.writing.os.fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        write(replace(built, text=built.text.replace("Arrivals", "Departures")))
    assert built.path.read_bytes() == before
    assert [path.name for path in built.path.parent.iterdir()] == [built.path.name]


def test_pixel_tolerance_is_below_what_a_moved_line_changes() -> None:
    # A line of two pixels across a picture of 640 × 480 that moves by its own width.
    assert builder.PIXEL_SHARE < 2 * 2 * 640 / (640 * 480)
