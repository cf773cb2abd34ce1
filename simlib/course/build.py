"""From text sources to the notebooks that are committed: same input, same bytes, in every language.

A built notebook carries real outputs, because readers look at it before they run it and nbval compares with
it. Whatever differs from run to run (widget models, times, random ids) is therefore kept out, and whatever a
learner should never see (warnings, tracebacks, raw object reprs) stops the build.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import itertools
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

import simlib
from simlib.course import texts
from simlib.course.source import Cell, LessonSource, read_source
from simlib.errors import SafeShopError
from simlib.languages import LANGUAGES, _
from simlib.writing import write_whole

CELL_SECONDS = 300
"""Longest time a cell may take, in seconds."""
PIXEL_STEP = 96
"""A pixel counts as different when a channel differs by more than this, of 255."""
PIXEL_SHARE = 0.005
"""Share of pixels that may be different. FreeType versions smooth the edges of letters differently, by less
than `PIXEL_STEP` nearly everywhere; a line or bar that moves changes more than this share."""
PIXEL_MARGIN = 2
"""Pixels by which a picture's width or height may differ: tight boxes follow the width of letters."""

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_IGNORE = "nbval-ignore-output"
_INLINE_PICTURE = re.compile(r"(?<=data:image/png;base64,)[A-Za-z0-9+/=]+")
_METADATA: dict[str, Any] = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    # Without a patch version: the text of a lesson does not change with the interpreter that built it.
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}

_LEARNERS_OWN = {"SAFESHOP_FOLDER", "SAFESHOP_SEED"}
"""Variables that would bring something of one learner into everybody's notebook."""

OnCell = Callable[[str, str, int, int], None]
"""(lesson, language, cells done, cells in all): called as a build proceeds."""


@dataclass(frozen=True)
class Built:
    """One built file, not yet written.

    Attributes
    ----------
    source
        The lesson in its language.
    lang
        Language tag.
    path
        Where it belongs.
    text
        The file: a notebook, or the key of exercises.
    """

    source: LessonSource
    lang: str
    path: Path
    text: str


def read_sources(lessons: Path) -> list[LessonSource]:
    """All lesson sources, by number.

    Parameters
    ----------
    lessons
        Folder that holds ``src/``.

    Raises
    ------
    SafeShopError
        If one is wrong, or two share a number.
    """
    sources = [read_source(path) for path in sorted((lessons / "src").glob("*.md"))]
    for first, second in itertools.pairwise(sources):
        if first.head.number == second.head.number:
            raise SafeShopError(
                _("{first} and {second} have the same number; give one of them another.").format(
                    first=first.path.name, second=second.path.name
                )
            )
    return sources


def chosen(sources: list[LessonSource], names: list[str]) -> list[LessonSource]:
    """The sources meant by numbers, slugs or file names; all of them when no name is given.

    Raises
    ------
    SafeShopError
        If a name fits no lesson.
    """
    if not sources:
        raise SafeShopError(_("There are no lesson sources (lessons/src/NN-….md) yet."))
    picked = []
    for name in names:
        stem = Path(name).stem
        found = [source for source in sources if stem in {source.stem, source.head.number, source.stem[3:]}]
        if not found:
            raise SafeShopError(
                _("There is no lesson “{name}”; the lessons are {lessons}.").format(
                    name=name, lessons=", ".join(source.stem for source in sources)
                )
            )
        picked += found
    return picked if names else sources


def build(
    lessons: Path, names: list[str], langs: list[str] | None = None, on_cell: OnCell | None = None
) -> Iterator[Built]:
    """Build lessons one after the other, without writing them.

    Parameters
    ----------
    lessons
        Folder that holds ``src/`` and ``po/``.
    names
        Lessons to build; empty for all.
    langs
        Language tags; by default English and each language that has PO files.
    on_cell
        Told of every cell that was run.

    Yields
    ------
    Built
        In the order of languages, then lessons.

    Raises
    ------
    SafeShopError
        At the first cell that cannot be built as a learner should see it.
    """
    sources = read_sources(lessons)
    wanted = chosen(sources, names)
    for lang in langs or ["en", *texts.languages_begun(lessons)]:
        if lang not in LANGUAGES:
            raise SafeShopError(
                _("The language must be one of {tags}, not {tag}.").format(
                    tags=", ".join(LANGUAGES), tag=lang
                )
            )
        if lang != "en":
            texts.check_library(lang, [text for source in wanted for _cell, text in source.code_strings()])
        spoken = {source.stem: _in_language(source, lessons, lang) for source in sources}
        order = [spoken[source.stem] for source in sources]
        for source in wanted:
            lesson = spoken[source.stem]
            after = order[order.index(lesson) + 1 : order.index(lesson) + 2]
            notebook = assemble(lesson, lang)
            execute(notebook, lesson, lang, after, on_cell)
            clean(notebook, lesson)
            yield Built(lesson, lang, lessons / lang / f"{source.stem}.ipynb", to_text(notebook))


def _in_language(source: LessonSource, lessons: Path, lang: str) -> LessonSource:
    if lang == "en":
        return source
    return source.translated(texts.translator(source, lessons, lang), lang)


def write(built: Built) -> bool:
    """Write a built notebook whole; tell whether it changed."""
    if built.path.is_file() and built.path.read_bytes() == built.text.encode("utf-8"):
        return False
    write_whole(built.path, built.text)
    return True


def assemble(source: LessonSource, lang: str) -> NotebookNode:
    """The notebook of a lesson, not yet run.

    Parameters
    ----------
    source
        The lesson in its language.
    lang
        Language tag.
    """
    cells = []
    for cell in source.cells:
        metadata: dict[str, Any] = {"name": cell.name}
        if cell.tags:
            metadata["tags"] = list(cell.tags)
        if cell.code:
            # Collapsed under its label: a person who does not program reads the label and presses Run.
            metadata["jupyter"] = {"source_hidden": True}
        kind = "code" if cell.code else "markdown"
        run: dict[str, Any] = {"execution_count": None, "outputs": []} if cell.code else {}
        cells.append(
            {
                "cell_type": kind,
                "id": source.cell_id(cell),
                "metadata": metadata,
                "source": cell.text,
                **run,
            }
        )
    about = {
        "lang": lang,
        "minutes": source.head.minutes,
        "number": source.head.number,
        "objectives": list(source.head.objectives),
        "title": source.head.title,
    }
    metadata = {**_METADATA, "safeshop": about}
    return _notebook({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def _notebook(tree: dict[str, Any]) -> NotebookNode:
    notebook: NotebookNode = nbformat.from_dict(tree)  # type: ignore[no-untyped-call]
    return notebook


def _read_notebook(text: str) -> NotebookNode:
    notebook: NotebookNode = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def execute(
    notebook: NotebookNode,
    source: LessonSource,
    lang: str,
    after: list[LessonSource],
    on_cell: OnCell | None,
    told: Mapping[str, str] | None = None,
) -> None:
    """Run a notebook's cells in place.

    Parameters
    ----------
    notebook
        From `assemble`.
    source, lang
        What it was made from, for the sentence when a cell stops.
    after
        The lesson that follows, if there is one.
    on_cell
        Told of every cell that was run.
    told
        Further environment variables for the kernel.

    Raises
    ------
    SafeShopError
        If a cell stops or takes too long.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    total = len(source.cells)

    def cell_done(cell: NotebookNode, cell_index: int, **__: Any) -> None:
        if on_cell:
            on_cell(source.stem, lang, cell_index + 1, total)

    # No kernel folders: what remains is the interpreter that runs us, whatever else is called “python3” here.
    kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    with tempfile.TemporaryDirectory(prefix="safeshop-build-", ignore_cleanup_errors=True) as folder:
        client = NotebookClient(
            notebook,
            km=kernel,
            timeout=CELL_SECONDS,
            store_widget_state=False,
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": folder}},
            on_cell_complete=cell_done,
        )
        try:
            # The kernel's own log is nobody's concern; what a cell writes to stderr comes as an output.
            environment = _environment(source, after, Path(folder)) | dict(told or {})
            client.execute(cleanup_kc=True, env=environment, stderr=subprocess.DEVNULL)
        except CellExecutionError as wrong:
            raise _refused(source, _stopped_at(notebook, source), f"{wrong.ename}: {wrong.evalue}") from None
        except CellTimeoutError:
            raise _refused(
                source,
                _stopped_at(notebook, source),
                _("not done after {seconds} seconds").format(seconds=CELL_SECONDS),
            ) from None
        except DeadKernelError:
            raise _refused(source, _stopped_at(notebook, source), _("Python itself ended")) from None


def _environment(source: LessonSource, after: list[LessonSource], folder: Path) -> dict[str, str]:
    """What the kernel is told: nothing of the builder's own settings may reach a notebook."""
    environment = {name: value for name, value in os.environ.items() if name not in _LEARNERS_OWN}
    following = {"title": after[0].head.title, "file": f"{after[0].stem}.ipynb"} if after else None
    environment |= {
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        # The notebook runs the same simlib as the builder, be it installed or a checkout.
        "PYTHONPATH": str(Path(simlib.__file__).parents[1]),
        "SAFESHOP_BUILDING": json.dumps(
            {"title": source.head.title, "minutes": source.head.minutes, "next": following}
        ),
        "SAFESHOP_PREDICT": "skip",
        "SAFESHOP_TRACEBACK": "1",
        "TZ": "UTC",
    }
    matplotlib = importlib.util.find_spec("matplotlib")
    if matplotlib and matplotlib.submodule_search_locations:
        defaults = Path(matplotlib.submodule_search_locations[0]) / "mpl-data" / "matplotlibrc"
        environment["MATPLOTLIBRC"] = str(defaults)
    return environment


def _stopped_at(notebook: NotebookNode, source: LessonSource) -> Cell:
    """The last code cell that was begun."""
    last = source.cells[0]
    for cell, node in zip(source.cells, notebook.cells, strict=True):
        if cell.code and (node.execution_count is not None or node.outputs):
            last = cell
    return last


def _refused(source: LessonSource, cell: Cell, reason: str) -> SafeShopError:
    return SafeShopError(
        _("{where}, must not be shown to a learner: {reason}.").format(
            where=source.where(cell), reason=" ".join(reason.split())[:300].rstrip(".")
        )
    )


def clean(notebook: NotebookNode, source: LessonSource) -> None:
    """Take out of a run notebook what changes from run to run, and refuse what no learner should see.

    Parameters
    ----------
    notebook
        Changed in place.
    source
        The lesson it was made from.

    Raises
    ------
    SafeShopError
        At a warning or other text on stderr, a traceback, a raw object repr, or a widget in a cell that is
        not tagged ``nbval-ignore-output``.
    """
    notebook.metadata = _notebook({**_METADATA, "safeshop": notebook.metadata["safeshop"]})
    for cell, node in zip(source.cells, notebook.cells, strict=True):
        if not cell.code:
            continue
        node.metadata.pop("execution", None)
        kept = []
        for output in node.outputs:
            if _WIDGET_VIEW in output.get("data", {}):
                if _IGNORE not in cell.tags:
                    raise _refused(
                        source, cell, _("a widget in a cell without the tag {tag}").format(tag=_IGNORE)
                    )
                continue
            _check_output(source, cell, output)
            if "execution_count" in output:
                output["execution_count"] = node.execution_count
            kept.append(output)
        node.outputs = kept


def _check_output(source: LessonSource, cell: Cell, output: NotebookNode) -> None:
    if output.output_type == "error" and "raises-exception" not in cell.tags:
        raise _refused(source, cell, f"{output.ename}: {output.evalue}")
    if output.output_type == "stream":
        if output.name == "stderr":
            raise _refused(source, cell, _("a warning or message on stderr: {text}").format(text=output.text))
        shown = {"text/plain": output.text}
    else:
        shown = dict(output.get("data", {}))
    # The plain text beside a picture or a table is a spare that nobody sees, unless it carries an address.
    alone = set(shown) == {"text/plain"}
    for kind, text in shown.items():
        if not isinstance(text, str) or not kind.startswith("text/"):
            continue
        raw = re.search(r"<[^<>\n]* at 0x[0-9a-fA-F]+[^<>\n]*>", text)
        if raw is None and alone and output.output_type != "stream":
            raw = re.fullmatch(r"\s*\[?<[^<>]*>\]?\s*", text)
        if raw is not None:
            raise _refused(source, cell, _("a raw object: {text}").format(text=raw[0]))


def to_text(notebook: NotebookNode) -> str:
    """The notebook as the text of its file: keys sorted, characters as they are, one line end at the end."""
    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook, version=4)  # type: ignore[no-untyped-call]
    return text.rstrip("\n") + "\n"


def differences(built: Built) -> list[str]:
    """What differs between a built notebook and the file that is there, in sentences; empty if nothing does.

    Everything counts byte for byte, except pictures: those are compared by their pixels, within a tolerance
    for how letters are smoothed (see `PIXEL_SHARE`).

    Parameters
    ----------
    built
        The fresh one.
    """
    place = f"{built.path.parent.name}/{built.path.name}"
    if not built.path.is_file():
        return [_("{file} was never built; run “safeshop build”.").format(file=place)]
    if built.path.suffix != ".ipynb":
        there_text = built.path.read_bytes()
        return [] if there_text == built.text.encode() else [_("{file} differs.").format(file=place)]
    try:
        there = _read_notebook(built.path.read_text(encoding="utf-8"))
    except (ValueError, nbformat.ValidationError):
        return [_("{file} is not a notebook; run “safeshop build”.").format(file=place)]
    fresh = _read_notebook(built.text)
    was, now = (
        {cell.metadata.get("name", cell.id): cell for cell in notebook.cells} for notebook in (there, fresh)
    )
    found = [
        _("{file}: cell “{cell}” differs ({what}).").format(file=place, cell=name, what=what)
        for name in dict.fromkeys([*now, *was])
        if (what := _cell_difference(was.get(name), now.get(name)))
    ]
    if not found and (list(was) != list(now) or there.metadata != fresh.metadata):
        found = [_("{file}: the order of cells or the notebook's head differs.").format(file=place)]
    return found


def _cell_difference(was: NotebookNode | None, now: NotebookNode | None) -> str | None:
    if was is None:
        return _("it is new")
    if now is None:
        return _("it is gone")
    if was.source != now.source:
        return _("its text")
    if len(was.get("outputs", [])) != len(now.get("outputs", [])):
        return _("its number of outputs")
    for before, after in zip(was.get("outputs", []), now.get("outputs", []), strict=True):
        first, second = take_pictures(before), take_pictures(after)
        if before != after or len(first) != len(second):
            return _("its output")
        if not all(same_picture(*pair) for pair in zip(first, second, strict=True)):
            return _("its picture")
    for node in (was, now):
        node.pop("outputs", None)
    return None if was == now else _("its tags or counts")


def take_pictures(output: NotebookNode) -> list[str]:
    """Take the pictures out of a cell's output: those that stand alone and those inside HTML.

    Parameters
    ----------
    output
        Changed in place.

    Returns
    -------
    list of str
        PNG as base64, in the order in which they are shown.
    """
    data = output.get("data", {})
    pictures = [data.pop("image/png")] if "image/png" in data else []
    for kind in [kind for kind in data if isinstance(data[kind], str)]:
        pictures += _INLINE_PICTURE.findall(data[kind])
        data[kind] = _INLINE_PICTURE.sub("", data[kind])
    return pictures


def same_picture(was: str, now: str) -> bool:
    """Whether two pictures show the same, within a tolerance for how letters are smoothed.

    Parameters
    ----------
    was, now
        PNG as base64.
    """
    if was == now:
        return True
    import numpy as np
    from PIL import Image

    first, second = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA"), dtype=np.int16)
        for png in (was, now)
    )
    if any(abs(a - b) > PIXEL_MARGIN for a, b in zip(first.shape, second.shape, strict=True)):
        return False
    height, width = (min(a, b) for a, b in zip(first.shape[:2], second.shape[:2], strict=True))
    steps = np.abs(first[:height, :width] - second[:height, :width]).max(axis=2)
    return bool((steps > PIXEL_STEP).mean() <= PIXEL_SHARE)
