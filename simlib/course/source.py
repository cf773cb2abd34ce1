"""A lesson's text source: one Markdown file, read into named cells, with a sentence for every mistake.

The source is the only thing an author edits. Names are given by hand, because cell ids, translations and
progress all hang on them, and must survive a paragraph being moved.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from markdown_it import MarkdownIt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simlib.errors import SafeShopError
from simlib.languages import _

LABEL = "# ▶ "
"""How the first line of every code cell begins: JupyterLab shows that line of a collapsed cell."""
LABEL_LENGTH = 60
"""Longest first line of a code cell, in characters."""
OPENING = re.compile(r'\b(?P<call>start|practise)\("(?P<number>\d\d)", lang="en"\)')
"""The call that opens a lesson or its exercises; its language is the one piece of code that differs between
languages."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FILE = re.compile(r"(?P<number>\d\d)-[a-z0-9-]+")

Translate = Callable[[str, str], str]
"""(context, text) → text in another language."""


class Section(BaseModel):
    """A stretch of a lesson with the minutes it takes.

    Attributes
    ----------
    name
        Name of the cell it starts with.
    minutes
        Time a learner needs, in minutes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    minutes: Annotated[int, Field(gt=0, le=240)]


class Head(BaseModel):
    """What the front matter of a lesson says about it.

    Attributes
    ----------
    number
        Two digits, as in the file name.
    title
        In English.
    sections
        In the order of the lesson.
    objectives
        What the learner can do afterwards, in English.
    rows
        The rows of the course's plan that the lesson carries, such as ``A1``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[str, Field(pattern=r"^\d\d$")]
    title: Annotated[str, Field(min_length=1)]
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]
    objectives: Annotated[tuple[str, ...], Field(min_length=1)]
    rows: tuple[Annotated[str, Field(pattern=r"^[A-F]\d{1,2}$")], ...] = ()

    @property
    def minutes(self) -> int:
        """Minutes of all sections."""
        return sum(section.minutes for section in self.sections)


@dataclass(frozen=True)
class Cell:
    """One cell of a lesson.

    Attributes
    ----------
    name
        Unique within the lesson.
    code
        Whether it is code (else prose).
    text
        Its source.
    line
        Line in the source file, counted from 1.
    tags
        Jupyter cell tags.
    """

    name: str
    code: bool
    text: str
    line: int
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class LessonSource:
    """A lesson as its author wrote it, or the same lesson in another language."""

    path: Path
    head: Head
    cells: tuple[Cell, ...]

    @property
    def stem(self) -> str:
        """File name without ending, such as ``02-order-flow``."""
        return self.path.stem

    def cell_id(self, cell: Cell) -> str:
        """The notebook's id of a cell: the same on every machine and in every language."""
        return f"{self.head.number}-{cell.name}"

    def where(self, cell: Cell) -> str:
        """File, line and cell, for a sentence."""
        return _("{file}, line {line}, cell “{cell}”").format(
            file=self.path.name, line=cell.line, cell=cell.name
        )

    def translated(self, translate: Translate, lang: str) -> LessonSource:
        """The same lesson in another language.

        Prose goes paragraph by paragraph. Of code, only the first line goes with it: of a collapsed cell it
        is all that a person who does not program can read.

        Parameters
        ----------
        translate
            Asked once per unit; the context is lesson number and cell name.
        lang
            Written into the opening call.
        """
        number = self.head.number
        head = self.head.model_copy(
            update={
                "title": translate(f"{number} (title)", self.head.title),
                "objectives": tuple(
                    translate(f"{number} (objectives)", text) for text in self.head.objectives
                ),
            }
        )
        cells = []
        for cell in self.cells:
            context = f"{number} {cell.name}"
            if cell.code:
                label, newline, code = cell.text.partition("\n")
                label = LABEL + translate(context, label.removeprefix(LABEL))
                code = OPENING.sub(rf'\g<call>("{number}", lang="{lang}")', code)
                cells.append(replace(cell, text=label + newline + code))
            else:
                cells.append(replace(cell, text=translate_prose(cell.text, context, translate)))
        return replace(self, head=head, cells=tuple(cells))

    def units(self) -> list[tuple[str, str]]:
        """Every (context, text) to translate, in reading order, each once."""
        seen: dict[tuple[str, str], None] = {}

        def note(context: str, text: str) -> str:
            seen[context, text] = None
            return text

        self.translated(note, "en")
        return list(seen)

    def code_strings(self) -> Iterator[tuple[Cell, str]]:
        """Strings that code cells pass through ``_()``: they belong to the library's catalogue."""
        for cell in self.cells:
            if cell.code:
                for call in _calls(cell.text):
                    if isinstance(call.func, ast.Name) and call.func.id == "_":
                        for argument in call.args:
                            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                                yield cell, argument.value


def translate_prose(text: str, context: str, translate: Translate) -> str:
    """Translate Markdown block by block; what holds no words (code, formulas, rules) stays as it is.

    Parameters
    ----------
    text
        Markdown.
    context
        Passed on to `translate`.
    translate
        Gives the text in the other language.

    Returns
    -------
    str
        Markdown with the same blocks in the same places.
    """
    lines = text.split("\n")
    result: list[str] = []
    done = 0
    for token in _blocks().parse(text):
        if token.level or token.map is None or token.nesting < 0:
            continue
        first, after = token.map
        while after > first and not lines[after - 1].strip():
            after -= 1
        result += lines[done:first]
        block = "\n".join(lines[first:after])
        if _has_words(token.type, block):
            unit = _one_line(block) if token.type in {"paragraph_open", "heading_open"} else block
            answer = translate(context, unit)
            result.append(block if answer == unit else answer)
        else:
            result.append(block)
        done = after
    return "\n".join(result + lines[done:])


@cache
def _blocks() -> MarkdownIt:
    """Reads the blocks of a text and leaves what is in them alone; making it costs more than reading a paragraph."""
    return MarkdownIt("commonmark").enable("table").disable("inline", True)


def _has_words(kind: str, block: str) -> bool:
    if kind in {"fence", "code_block", "hr"} or (block.startswith("$$") and block.endswith("$$")):
        return False
    if kind == "html_block":
        block = re.sub(r"<!--.*?-->|<[^>]*>", "", block, flags=re.DOTALL)
    return any(sign.isalpha() for sign in block)


def _one_line(block: str) -> str:
    # A re-wrapped paragraph is the same text, and a line break within a Chinese sentence shows as a space.
    return re.sub(r"(?<! {2})(?<!\\)\n[ \t]*", " ", block)


def read_source(path: Path, opening: str = "start") -> LessonSource:
    """Read and check a lesson's text source, or that of its exercises.

    Parameters
    ----------
    path
        ``NN-slug.md``.
    opening
        The call that must open it: ``start`` or ``practise``.

    Raises
    ------
    SafeShopError
        With file, line and reason, at the first thing that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        raise SafeShopError(
            _("{file}: cannot be read as UTF-8 text ({reason}).").format(file=path, reason=reason)
        ) from None
    return _checked(path, text, opening)


@lru_cache(maxsize=64)
def _checked(path: Path, text: str, opening: str) -> LessonSource:
    """The source, kept by its text: run sheets, slides and builds ask for the same few files over and over."""
    head = _read_head(path, text)
    named = _FILE.fullmatch(path.stem)
    if named is None or named["number"] != head.number:
        raise SafeShopError(
            _("{file}: a lesson's file is named by its number and a slug, here {number}-….md.").format(
                file=path.name, number=head.number
            )
        )
    source = LessonSource(path, head, tuple(_read_cells(path, text)))
    _check_names(source)
    _check_code(source)
    _check_opening(source, opening)
    return source


def _read_head(path: Path, text: str) -> Head:
    match = re.match(r"---\n(.*?)\n---\n", text, flags=re.DOTALL)
    if match is None:
        raise SafeShopError(
            _("{file}, line 1: the front matter between two lines of --- is missing.").format(file=path.name)
        )
    try:
        tree = yaml.compose(match[1], Loader=yaml.SafeLoader)
        known = yaml.safe_load(match[1])
    except yaml.MarkedYAMLError as wrong:
        line = (wrong.problem_mark.line if wrong.problem_mark else 0) + 2
        raise SafeShopError(
            _("{file}, line {line}: the front matter is not YAML ({reason}).").format(
                file=path.name, line=line, reason=wrong.problem
            )
        ) from None
    if not isinstance(known, dict) or "safeshop" not in known:
        raise SafeShopError(
            _("{file}, line 1: the front matter has no “safeshop” mapping.").format(file=path.name)
        )
    try:
        return Head.model_validate(known["safeshop"])
    except ValidationError as wrong:
        first = wrong.errors(include_url=False)[0]
        field = ("safeshop", *first["loc"])
        raise SafeShopError(
            _("{file}, line {line}, field {field}: {reason}.").format(
                file=path.name,
                line=_line_of(tree, field) + 2,
                field=".".join(map(str, field)),
                reason=first["msg"],
            )
        ) from None


def _line_of(node: Any, field: tuple[Any, ...]) -> int:
    """Line of a field in a YAML tree, or of the nearest thing around it that exists."""
    line = int(node.start_mark.line)
    for key in field:
        if isinstance(node, yaml.MappingNode):
            found = [(name, value) for name, value in node.value if name.value == str(key)]
            if not found:
                return line
            line, node = int(found[0][0].start_mark.line), found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = int(node.start_mark.line)
    return line


def _read_cells(path: Path, text: str) -> Iterator[Cell]:
    from jupytext.myst import MystMetadataParsingError, myst_to_notebook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = myst_to_notebook(text, add_source_map=True)
    except MystMetadataParsingError as wrong:
        raise SafeShopError(
            _("{file}: a cell's options cannot be read ({reason}).").format(
                file=path.name, reason=" ".join(str(wrong).split())
            )
        ) from None
    lines = text.splitlines()
    for cell, start in zip(notebook.cells, notebook.metadata["source_map"], strict=True):
        line = start
        if cell.cell_type == "markdown":
            # The map says where the text begins, blank lines included.
            while line < len(lines) and not lines[line].strip():
                line += 1
            line += 1
        if cell.cell_type == "raw":
            raise SafeShopError(
                _("{file}, line {line}: raw cells are not for learners; use prose or code.").format(
                    file=path.name, line=line
                )
            )
        name = cell.metadata.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise SafeShopError(
                _(
                    "Every cell needs a name of small letters, digits and hyphens; "
                    '{file}, line {line} has none. Put +++ {{"name": "…"}} above prose '
                    "and :name: … on the first line of a code cell."
                ).format(file=path.name, line=line)
            )
        unknown = set(cell.metadata) - {"name", "tags"}
        if unknown:
            raise SafeShopError(
                _("{file}, line {line}: cell option {option} is unknown; name and tags exist.").format(
                    file=path.name, line=line, option=sorted(unknown)[0]
                )
            )
        yield Cell(name, cell.cell_type == "code", cell.source, line, tuple(cell.metadata.get("tags", ())))


def _check_names(source: LessonSource) -> None:
    lines: dict[str, int] = {}
    for cell in source.cells:
        if cell.name in lines:
            raise SafeShopError(
                _(
                    "{file}, line {line}: the cell name “{cell}” was already used on line {first}; "
                    "give it another."
                ).format(file=source.path.name, line=cell.line, cell=cell.name, first=lines[cell.name])
            )
        if len(source.cell_id(cell)) > 64:
            raise SafeShopError(
                _("{where}: the name is too long; 60 characters are the most.").format(
                    where=source.where(cell)
                )
            )
        lines[cell.name] = cell.line
    for section in source.head.sections:
        if section.name not in lines:
            raise SafeShopError(
                _("{file}: the section “{section}” of the front matter is not the name of a cell.").format(
                    file=source.path.name, section=section.name
                )
            )


def _calls(code: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))


def _check_code(source: LessonSource) -> None:
    for cell in source.cells:
        if not cell.code:
            continue
        where = source.where(cell)
        label = cell.text.partition("\n")[0]
        if not label.startswith(LABEL) or not label.removeprefix(LABEL).strip():
            raise SafeShopError(
                _(
                    "{where}: the first line must be a label such as “# ▶ Run ninety days”; "
                    "it is all that shows of the collapsed cell."
                ).format(where=where)
            )
        if len(label) > LABEL_LENGTH:
            raise SafeShopError(
                _("{where}: the label has {length} characters; {most} are the most.").format(
                    where=where, length=len(label), most=LABEL_LENGTH
                )
            )
        try:
            calls = list(_calls(cell.text))
        except SyntaxError as wrong:
            raise SafeShopError(
                _("{where}: not Python ({reason}).").format(where=where, reason=wrong.msg)
            ) from None
        for call in calls:
            for word in filter(_shown_untranslated, call.keywords):
                raise SafeShopError(
                    _('{where}: a learner reads {option}; write its texts as _("…").').format(
                        where=where, option=word.arg
                    )
                )


def _shown_untranslated(word: ast.keyword) -> bool:
    """Whether a keyword of `predict` or `choose` shows a learner a text that no translator ever sees."""
    if word.arg not in {"unit", "options", "reasons"}:
        return False
    texts = word.value.elts if isinstance(word.value, ast.List | ast.Tuple) else [word.value]
    if isinstance(word.value, ast.Dict):
        texts = list(word.value.values)
    return any(isinstance(text, ast.Constant | ast.JoinedStr) for text in texts)


def _check_opening(source: LessonSource, opening: str) -> None:
    openings = [
        (match["call"], match["number"])
        for cell in source.cells
        if cell.code
        for match in OPENING.finditer(cell.text)
    ]
    if openings != [(opening, source.head.number)]:
        raise SafeShopError(
            _(
                '{file}: exactly one code cell must open the lesson with {call}("{number}", lang="en").'
            ).format(file=source.path.name, call=opening, number=source.head.number)
        )
