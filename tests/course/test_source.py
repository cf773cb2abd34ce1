"""A lesson's text source is read as written, and every mistake in it has a sentence with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.course.source import read_source, translate_prose
from simlib.errors import SafeShopError

FIRST = "01-first-steps.md"


def changed(lessons: Path, old: str, new: str, name: str = FIRST) -> Path:
    """The first lesson with one piece of its text replaced."""
    path = lessons / "src" / name
    text = (lessons / "src" / FIRST).read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_cell_ids_come_from_lesson_number_and_cell_name(lessons: Path) -> None:
    source = read_source(lessons / "src" / FIRST)
    assert [source.cell_id(cell) for cell in source.cells] == [
        "01-question",
        "01-open-lesson",
        "01-guess",
        "01-look",
        "01-what-we-saw",
        "01-done",
    ]


def test_cell_lines_are_lines_of_the_file(lessons: Path) -> None:
    source = read_source(lessons / "src" / FIRST)
    lines = source.path.read_text(encoding="utf-8").splitlines()
    for cell in source.cells:
        if cell.code:
            assert lines[cell.line - 1] == "```{code-cell} python"
        else:
            assert lines[cell.line - 1] == cell.text.splitlines()[0]


def test_minutes_of_a_lesson_are_those_of_its_sections(lessons: Path) -> None:
    assert read_source(lessons / "src" / FIRST).head.minutes == 15


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            '+++ {"name": "question"}\n',
            "",
            (
                "Every cell needs a name of small letters, digits and hyphens; 01-first-steps.md, line 22 has none. "
                'Put +++ {"name": "…"} above prose and :name: … on the first line of a code cell.'
            ),
        ),
        (
            ":name: guess\n",
            "",
            (
                "Every cell needs a name of small letters, digits and hyphens; 01-first-steps.md, line 48 has none. "
                'Put +++ {"name": "…"} above prose and :name: … on the first line of a code cell.'
            ),
        ),
        (
            ":name: look",
            ":name: guess",
            "01-first-steps.md, line 56: the cell name “guess” was already used on line 48; give it another.",
        ),
        (
            ":name: look",
            f":name: {'look' * 16}",
            f"01-first-steps.md, line 56, cell “{'look' * 16}”: the name is too long; 60 characters are the most.",
        ),
        (
            ":name: look",
            ":name: look\n:hide: true",
            "01-first-steps.md, line 56: cell option hide is unknown; name and tags exist.",
        ),
        (
            "# ▶ Make your guess\n",
            "",
            (
                "01-first-steps.md, line 48, cell “guess”: the first line must be a label such as “# ▶ Run ninety "
                "days”; it is all that shows of the collapsed cell."
            ),
        ),
        (
            "# ▶ Make your guess",
            "# ▶ " + "guess " * 10,
            "01-first-steps.md, line 48, cell “guess”: the label has 64 characters; 60 are the most.",
        ),
        (
            "lesson.finish()",
            "lesson.finish(",
            "01-first-steps.md, line 71, cell “done”: not Python ('(' was never closed).",
        ),
        (
            '_("orders")',
            '"orders"',
            '01-first-steps.md, line 48, cell “guess”: a learner reads unit; write its texts as _("…").',
        ),
        (
            'start("01"',
            'start("02"',
            '01-first-steps.md: exactly one code cell must open the lesson with start("01", lang="en").',
        ),
        (
            "lesson.finish()",
            'start("01", lang="en")',
            '01-first-steps.md: exactly one code cell must open the lesson with start("01", lang="en").',
        ),
        (
            "{name: question, minutes: 5}",
            "{name: questions, minutes: 5}",
            "01-first-steps.md: the section “questions” of the front matter is not the name of a cell.",
        ),
        (
            "minutes: 10}",
            "minutes: 0}",
            "01-first-steps.md, line 15, field safeshop.sections.1.minutes: Input should be greater than 0.",
        ),
        (
            "  rows: [A1]",
            "  row: [A1]",
            "01-first-steps.md, line 18, field safeshop.row: Extra inputs are not permitted.",
        ),
        (
            "  title: First steps\n",
            "",
            "01-first-steps.md, line 10, field safeshop.title: Field required.",
        ),
        (
            'number: "01"',
            'number: "03"',
            "01-first-steps.md: a lesson's file is named by its number and a slug, here 03-….md.",
        ),
        (
            "  title: First steps",
            "  title: [First",
            "01-first-steps.md, line 13: the front matter is not YAML (expected ',' or ']', but got ':').",
        ),
        ("safeshop:", "lesson:", "01-first-steps.md, line 1: the front matter has no “safeshop” mapping."),
        (
            "---\n",
            "--\n",
            "01-first-steps.md, line 1: the front matter between two lines of --- is missing.",
        ),
        (
            "```{code-cell} python\n:name: done",
            "```{raw-cell}\n:name: done",
            "01-first-steps.md, line 71: raw cells are not for learners; use prose or code.",
        ),
    ],
)
def test_a_mistake_in_a_source_has_its_sentence(lessons: Path, old: str, new: str, sentence: str) -> None:
    with pytest.raises(SafeShopError) as refused:
        read_source(changed(lessons, old, new))
    assert refused.value.sentence == sentence


def test_a_source_that_is_not_utf8_is_refused(lessons: Path) -> None:
    path = lessons / "src" / FIRST
    path.write_bytes("售".encode("big5"))
    with pytest.raises(SafeShopError, match="cannot be read as UTF-8 text"):
        read_source(path)


def test_prose_is_one_unit_a_block_and_a_paragraph_is_one_line(lessons: Path) -> None:
    source = read_source(lessons / "src" / FIRST)
    assert source.units() == [
        ("01 (title)", "First steps"),
        ("01 (objectives)", "Say how many orders lie open."),
        ("01 question", "# How many orders are open?"),
        ("01 question", "A small shop gets twenty orders a day, and each lies open for ten days."),
        ("01 question", "- open means: not yet completed\n- every open order carries an address"),
        ("01 question", "| orders a day | days open |\n|---|---|\n| 20 | 10 |"),
        ("01 open-lesson", "Open the lesson"),
        ("01 guess", "Make your guess"),
        ("01 look", "See how many it is"),
        ("01 what-we-saw", "Arrivals times time give the stock."),
        ("01 done", "Finish the lesson"),
    ]


def test_a_rewrapped_paragraph_is_the_same_unit(lessons: Path) -> None:
    before = read_source(lessons / "src" / FIRST).units()
    path = changed(lessons, "twenty orders a day,\nand each", "twenty\norders a day, and each")
    assert read_source(path).units() == before


def test_strings_of_code_cells_are_found_for_the_library_catalogue(lessons: Path) -> None:
    found = [text for _cell, text in read_source(lessons / "src" / "02-second-steps.md").code_strings()]
    assert sorted(set(found)) == ["It falls", "It rises"]


BLOCKS = [
    "# A heading",
    "A paragraph\nover two lines",
    "A hard  \nbreak",
    "- one\n- two\n\n  more of two",
    "1. first\n2. second",
    "| a | b |\n|---|---|\n| c | d |",
    "> a quotation\n> goes on",
    "<div>text</div>",
    "<!-- a note -->",
    "```python\nx = 1\n\ny = 2\n```",
    "$$\nN = \\lambda T\n$$",
    "---",
    "![a picture](x.png)",
    "[label]: target.md",
]


@given(blocks=st.lists(st.sampled_from(BLOCKS), max_size=8), gap=st.sampled_from(["\n\n", "\n\n\n"]))
def test_prose_that_stays_the_same_keeps_every_byte(blocks: list[str], gap: str) -> None:
    text = gap.join(blocks)
    assert translate_prose(text, "", lambda _context, unit: unit) == text


@given(blocks=st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=8))
def test_code_formulas_and_rules_are_never_given_to_a_translator(blocks: list[str]) -> None:
    given_away: list[str] = []

    def translate(_context: str, unit: str) -> str:
        given_away.append(unit)
        return "翻譯"

    result = translate_prose("\n\n".join(blocks), "", translate)
    wordless = [block for block in blocks if block.startswith(("```", "$$", "---", "<!--"))]
    assert not set(given_away) & set(wordless)
    for block in wordless:
        assert block in result
