"""From one text source to three things: the learner's exercises, the instructor's solutions, and the key.

An author writes an exercise whole, with its solution, three hints and the mistakes people make. What the learner gets
is derived by rule and never kept by hand:

* a cell named ``q3-hint-1``, ``q3-mistake-…``, ``q3-right``, ``q3-key`` or ``q3-solution`` is left out;
* of a code cell, the lines between ``#: solution`` and ``#: end`` become a stub (`stub_of`): the same names, with
  ``...`` in place of what was worked out.

The instructor's notebook shows everything except the key. The key (program text that judges an answer, and the
texts in every language) is a file of the installed package. It is written in base64, so that nobody reads an answer
by accident while looking for something else; that is a curtain and no lock, and nothing more is claimed for it.
"""

from __future__ import annotations

import ast
import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from simlib.course import texts
from simlib.course.build import Built, OnCell, assemble, clean, execute, to_text
from simlib.course.source import Cell, LessonSource, read_source
from simlib.errors import SafeShopError
from simlib.languages import LANGUAGES, _

HINTS = 3
"""Hints of a question: where to look, how to go about it, nearly there."""
MISTAKES = 1
"""Least number of mistakes that a question knows by name."""

_PART = re.compile(
    r"(?P<question>q\d+)-(?P<part>hint-(?P<hint>\d)|mistake-(?P<mistake>[a-z0-9-]+)|right|key|solution|answer)"
)
_QUESTION = re.compile(r"q\d+")
_BLOCK = re.compile(
    r"^(?P<indent>[ ]*)#: solution\n(?P<code>.*?)^[ ]*#: end(?:\n|\Z)", flags=re.DOTALL | re.MULTILINE
)
_FOR_LEARNERS = {"answer"}
_LINE = 100


@dataclass(frozen=True)
class Question:
    """One question of an exercise, as its author wrote it.

    Attributes
    ----------
    name
        Such as ``q3``.
    title
        Its heading, in the language of the source.
    hints
        In order.
    mistakes
        Name → explanation.
    right
        What is said when the answer is right.
    code
        The key's program text.
    answer
        The cell in which the learner answers.
    """

    name: str
    title: str
    hints: tuple[str, ...]
    mistakes: Mapping[str, str]
    right: str
    code: str
    answer: Cell


def read_exercises(folder: Path) -> list[LessonSource]:
    """All exercise sources, by number; none when the folder has none.

    Raises
    ------
    SafeShopError
        If one is wrong.
    """
    sources = [read_source(path, "practise") for path in sorted((folder / "src").glob("*.md"))]
    for source in sources:
        questions(source)
    return sources


def questions(source: LessonSource) -> list[Question]:
    """The questions of a source, complete or refused.

    Raises
    ------
    SafeShopError
        If a question lacks a part, or a part has no question.
    """
    found: dict[str, dict[str, Cell]] = {
        cell.name: {} for cell in source.cells if _QUESTION.fullmatch(cell.name) and not cell.code
    }
    titles = {cell.name: cell for cell in source.cells if cell.name in found}
    for cell in source.cells:
        part = _PART.fullmatch(cell.name)
        if part is None:
            continue
        if part["question"] not in found:
            raise _wrong(source, cell, _("there is no question of this name"))
        found[part["question"]][part["part"]] = cell
    return [_question(source, titles[name], parts) for name, parts in found.items()]


def _question(source: LessonSource, title: Cell, parts: Mapping[str, Cell]) -> Question:
    hints = [parts.get(f"hint-{number}") for number in range(1, HINTS + 1)]
    mistakes = {name[8:]: cell.text for name, cell in parts.items() if name.startswith("mistake-")}
    for part in ("answer", "key", "right", *(f"hint-{number}" for number in range(1, HINTS + 1))):
        if part not in parts:
            raise _wrong(
                source, title, _("the question has no cell “{part}”").format(part=f"{title.name}-{part}")
            )
    if len(mistakes) < MISTAKES:
        raise _wrong(source, title, _("the question knows no mistake by name"))
    answer = parts["answer"]
    if f'"{source.head.number}-{title.name}"' not in answer.text:
        raise _wrong(source, answer, _("the answer is not asked for by the question’s name"))
    if not _BLOCK.search(answer.text) and "solution" not in parts:
        raise _wrong(source, answer, _("the question has no solution"))
    heading = next((line for line in title.text.split("\n") if line.startswith("#")), title.text)
    return Question(
        title.name,
        heading.lstrip("# ").strip(),
        tuple(cell.text for cell in hints if cell),
        mistakes,
        parts["right"].text,
        parts["key"].text,
        answer,
    )


def _wrong(source: LessonSource, cell: Cell, reason: str) -> SafeShopError:
    return SafeShopError(_("{where}: {reason}.").format(where=source.where(cell), reason=reason))


# ---------------------------------------------------------------------------------------------------------------
# what each reader gets


def for_learners(source: LessonSource) -> LessonSource:
    """The exercises without anything that answers them."""
    cells = []
    for cell in source.cells:
        part = _PART.fullmatch(cell.name)
        if part is None or part["part"] in _FOR_LEARNERS:
            cells.append(replace(cell, text=with_stubs(cell.text)) if cell.code else cell)
    return replace(source, cells=tuple(cells))


def for_instructors(source: LessonSource) -> LessonSource:
    """The exercises with solutions, hints and mistakes; only the key's program text stays out."""
    cells = []
    for cell in source.cells:
        part = _PART.fullmatch(cell.name)
        if part is not None and part["part"] == "key":
            continue
        if cell.code:
            text = _BLOCK.sub(lambda block: block["code"], cell.text)
        elif part is not None and part["hint"]:
            text = _("**Hint {number}.** {text}").format(number=part["hint"], text=cell.text)
        elif part is not None and part["mistake"]:
            text = _("**Mistake “{name}”.** {text}").format(name=part["mistake"], text=cell.text)
        elif part is not None:
            text = _("**When the answer is right.** {text}").format(text=cell.text)
        else:
            text = cell.text
        cells.append(replace(cell, text=text))
    return replace(source, cells=tuple(cells))


def with_stubs(code: str) -> str:
    """A code cell with its solutions replaced by stubs.

    Parameters
    ----------
    code
        With blocks between ``#: solution`` and ``#: end``, or without any.
    """
    return _BLOCK.sub(lambda block: _indented(stub_of(_dedented(block)), block["indent"]), code)


def _dedented(block: re.Match[str]) -> str:
    indent = block["indent"]
    return "\n".join(line.removeprefix(indent) for line in block["code"].split("\n"))


def _indented(code: str, indent: str) -> str:
    return "".join(f"{indent}{line}\n" if line else "\n" for line in code.split("\n")) if code else ""


def stub_of(code: str) -> str:
    """What is left of a solution: the names it makes, each still to be worked out.

    A name becomes ``name = ...``; a function keeps its first line and its docstring; everything else goes.

    Parameters
    ----------
    code
        Statements of Python.
    """
    lines: dict[str, None] = {}
    for statement in ast.parse(code).body:
        if isinstance(statement, ast.FunctionDef):
            kept = statement.body[:1] if ast.get_docstring(statement) else []
            statement.body = [*kept, ast.Expr(ast.Constant(...))]
            lines[ast.unparse(ast.fix_missing_locations(statement))] = None
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                lines[f"{ast.unparse(target)} = ..."] = None
    # A name worked out in several steps is asked for once, and its steps not at all.
    return "\n".join(lines)


# ---------------------------------------------------------------------------------------------------------------
# the key


def key_file(spoken: Mapping[str, LessonSource]) -> str:
    """The key file of exercises, given in each language they exist in."""
    source = spoken["en"]
    tree = {
        "number": source.head.number,
        "titles": {lang: lesson.head.title for lang, lesson in spoken.items()},
        "code": {question.name: question.code for question in questions(source)},
        "texts": {
            lang: {
                question.name: {
                    "title": question.title,
                    "hints": list(question.hints),
                    "mistakes": dict(question.mistakes),
                    "right": question.right,
                }
                for question in questions(lesson)
            }
            for lang, lesson in spoken.items()
        },
    }
    # Not compressed: other versions of zlib would write other bytes.
    text = base64.b64encode(json.dumps(tree, ensure_ascii=False, sort_keys=True).encode()).decode()
    return "".join(f"{text[at : at + _LINE]}\n" for at in range(0, len(text), _LINE))


# ---------------------------------------------------------------------------------------------------------------
# building


def build_exercises(
    folder: Path, names: list[str], langs: list[str] | None = None, on_cell: OnCell | None = None
) -> Iterator[Built]:
    """Build exercises, solutions and keys, without writing them.

    Parameters
    ----------
    folder
        Holds ``src/`` and ``po/``.
    names
        Numbers, slugs or file names; empty for all. Names that fit nothing here are passed over: they may be lessons.
    langs
        Language tags; by default English and each language that has PO files.
    on_cell
        Told of every cell that was run.

    Yields
    ------
    Built
        For each source the key; then, for each language, the learner's notebook (not run: it is to be filled in) and
        the instructor's.

    Raises
    ------
    SafeShopError
        At the first thing that cannot be shown to a reader.
    """
    sources = read_exercises(folder)
    stems = {Path(name).stem for name in names}
    wanted = [one for one in sources if not stems or stems & {one.stem, one.head.number, one.stem[3:]}]
    known = ["en", *texts.languages_begun(folder)]
    for tag in langs or []:
        if tag not in LANGUAGES:
            raise SafeShopError(
                _("The language must be one of {tags}, not {tag}.").format(tags=", ".join(LANGUAGES), tag=tag)
            )
    code = [text for source in wanted for _cell, text in source.code_strings()]
    for tag in known:
        if tag != "en" and wanted:
            texts.check_library(tag, code)
    for source in wanted:
        spoken = {tag: _in_language(source, folder, tag) for tag in known}
        yield Built(source, "en", folder / "keys" / f"{source.stem}.key", key_file(spoken))
        for tag in langs or known:
            yield _learners(spoken[tag], folder, tag)
        for tag in langs or known:
            yield _instructors(spoken[tag], folder, tag, on_cell)


def _in_language(source: LessonSource, folder: Path, lang: str) -> LessonSource:
    return source if lang == "en" else source.translated(texts.translator(source, folder, lang), lang)


def _learners(spoken: LessonSource, folder: Path, lang: str) -> Built:
    shown = for_learners(spoken)
    notebook = assemble(shown, lang)
    about = notebook.metadata["safeshop"]
    about["kind"] = "exercises"
    about["questions"] = [question.name for question in questions(spoken)]
    for cell, node in zip(shown.cells, notebook.cells, strict=True):
        if cell.code and _is_written_in(spoken, cell):
            # The one kind of cell in which a learner writes must lie open.
            del node.metadata["jupyter"]
    return Built(shown, lang, folder / lang / f"{spoken.stem}.ipynb", to_text(notebook))


def _is_written_in(spoken: LessonSource, cell: Cell) -> bool:
    original = next(known for known in spoken.cells if known.name == cell.name)
    return _BLOCK.search(original.text) is not None


def _instructors(spoken: LessonSource, folder: Path, lang: str, on_cell: OnCell | None) -> Built:
    from simlib.languages import current_language, set_language

    before = current_language()
    set_language(lang)
    try:
        shown = for_instructors(spoken)
    finally:
        set_language(before)
    notebook = assemble(shown, lang)
    execute(notebook, shown, lang, [], on_cell, {"SAFESHOP_EXERCISES": str(folder.absolute())})
    clean(notebook, shown)
    return Built(shown, lang, folder / "solutions" / lang / f"{spoken.stem}.ipynb", to_text(notebook))
