"""Run sheets: the clock is right, and whatever a sheet chooses can be run and read in every language."""

from __future__ import annotations

import ast
import builtins
import itertools
import re
from pathlib import Path

import pytest
import yaml

from simlib.course import run_sheet, teaching
from simlib.course.build import read_sources
from simlib.course.exercises import for_learners, read_exercises
from simlib.course.source import LessonSource
from simlib.errors import SafeShopError
from simlib.languages import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
INSTRUCTOR = ROOT / "instructor"
PLANS = run_sheet.read_plans(INSTRUCTOR)
LESSONS = read_sources(ROOT / "lessons")
EXERCISES = read_exercises(ROOT / "exercises")


@pytest.fixture(autouse=True)
def sources_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sheet is made of the same sources; reading them is most of the work."""
    monkeypatch.setattr(run_sheet, "read_sources", lambda _folder: LESSONS)
    monkeypatch.setattr(run_sheet, "read_exercises", lambda _folder: EXERCISES)


def front_minutes(folder: str, number: str) -> dict[str, int]:
    """Minutes by section, read from a source's front matter without our own reader."""
    (path,) = (ROOT / folder / "src").glob(f"{number}-*.md")
    head = yaml.safe_load(path.read_text("utf-8").split("---\n")[1])["safeshop"]
    return {section["name"]: section["minutes"] for section in head["sections"]}


def planned_minutes(parts: list[dict]) -> int:
    """What the parts of a session take, added up by hand from the YAML file and the front matters."""
    total = 0
    for part in parts:
        kind = "lesson" if "lesson" in part else "exercise" if "exercise" in part else "talk"
        if kind == "talk":
            total += part["minutes"]
            continue
        folder = "lessons" if kind == "lesson" else "exercises"
        if not list((ROOT / folder / "src").glob(f"{part[kind]}-*.md")):
            total += planned_minutes(part["otherwise"])
            continue
        minutes = front_minutes(folder, part[kind])
        total += sum(
            minutes[name] for name in part.get("sections" if kind == "lesson" else "questions", minutes)
        )
    return total


@pytest.mark.parametrize("name", PLANS)
def test_the_minutes_of_a_sheet_add_up_to_its_sessions(name: str) -> None:
    written = yaml.safe_load((INSTRUCTOR / "plans.yaml").read_text("utf-8"))["plans"][name]["sessions"]
    text = run_sheet.as_markdown(run_sheet.run_sheet(ROOT, name, "en"))
    tables = re.findall(r"((?:^\|.*\|\n)+)", text, flags=re.MULTILINE)
    assert len(tables) == len(written)
    for table, session in zip(tables, written, strict=True):
        rows = [row.split(" | ") for row in table.splitlines()[2:]]
        clocks = [int(h) * 60 + int(m) for h, m in (row[0].strip("| ").split(":") for row in rows)]
        minutes = [int(row[1]) for row in rows[:-1]]
        assert clocks[0] == 0
        assert clocks[-1] == session["minutes"] == sum(minutes)
        assert [later - earlier for earlier, later in itertools.pairwise(clocks)] == minutes
        spare = sum(int(row[1]) for row in rows[:-1] if row[2] == "In reserve, for questions")
        assert session["minutes"] - spare == planned_minutes(session["parts"])


def test_a_sheet_may_begin_at_any_time_of_day() -> None:
    text = run_sheet.as_markdown(run_sheet.run_sheet(ROOT, "2h", "en"), start=9 * 60 + 30)
    assert "| 9:30 | 5 | Welcome." in text
    assert "| 11:30 | | End of the session | |" in text


def test_ten_sessions_carry_five_themes_two_each_in_order() -> None:
    sheet = run_sheet.run_sheet(ROOT, "ten-sessions", "en")
    themes = [meeting.theme for meeting in sheet.meetings]
    assert themes == [
        theme
        for theme in (
            "Cloud and information security",
            "Security of small e-commerce firms in practice",
            "Online and mobile payment",
            "Mobile apps and their security",
            "A security policy for a small firm in the cloud",
        )
        for _twice in range(2)
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", PLANS)
def test_every_sheet_speaks_its_language(name: str, lang: str) -> None:
    sheet = run_sheet.run_sheet(ROOT, name, lang)
    text = run_sheet.as_markdown(sheet)
    if lang != "en":
        letters = re.sub(r"Run|All|Cells|Heartbleed|ERP|App", "", text)
        assert not re.search(r"[A-Za-z]{4,} [a-z]{3,} [a-z]+", letters), "a sentence stayed English"
    assert f'<html lang="{lang}">' in run_sheet.as_html(sheet)
    assert "http" not in run_sheet.as_html(sheet)


def written_plan(folder: Path, minutes: int) -> Path:
    """A root with one plan: lesson 05 whole within so many minutes."""
    (folder / "instructor").mkdir()
    for name in ("lessons", "exercises"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "instructor" / "plans.yaml").write_text(
        "plans: {x: {title: T, purpose: P, before: [],"
        f' sessions: [{{title: S, minutes: {minutes}, parts: [{{lesson: "05"}}]}}]}}}}',
        "utf-8",
    )
    return folder


def test_a_session_that_is_too_long_is_refused_with_the_minutes(tmp_path: Path) -> None:
    total = sum(front_minutes("lessons", "05").values())
    root = written_plan(tmp_path, total - 7)
    with pytest.raises(SafeShopError) as wrong:
        run_sheet.run_sheet(root, "x", "en")
    assert wrong.value.sentence == (
        f"x, “S”: its parts take 7 minutes more than its {total - 7}; leave some out."
    )


def test_an_unknown_sheet_is_refused_with_those_that_exist() -> None:
    with pytest.raises(SafeShopError) as wrong:
        run_sheet.run_sheet(ROOT, "3h", "en")
    assert wrong.value.sentence == "There is no run sheet “3h”; there are 45min, 2h, 1day, ten-sessions."


# -- what a sheet chooses can be run ---------------------------------------------------------------------------


def chosen_cells(source: LessonSource, names: tuple[str, ...]) -> list[str]:
    """Code of the cells of the chosen sections, from top to bottom."""
    known = {section.name for section in source.head.sections}
    chosen, current = [], ""
    for cell in source.cells:
        current = cell.name if cell.name in known else current
        if cell.code and current in names:
            chosen.append(cell.text)
    return chosen


def names_missing(code: list[str], known: set[str]) -> set[str]:
    """Names that the code uses and nothing before it gives."""
    missing: set[str] = set()
    for text in code:
        tree = ast.parse(text)
        nodes = list(ast.walk(tree))
        given = {
            node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        }
        given |= {
            alias.asname or alias.name
            for node in nodes
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        given |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
        given |= {node.arg for node in nodes if isinstance(node, ast.arg)}
        used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        missing |= used - given - known - set(dir(builtins))
        known |= given
    return missing


@pytest.mark.parametrize("name", PLANS)
def test_the_sections_of_a_plan_run_without_those_it_leaves_out(name: str) -> None:
    sources = {("lesson", one.head.number): one for one in LESSONS}
    sources |= {("exercise", one.head.number): for_learners(one) for one in EXERCISES}
    known: dict[tuple[str, str], set[str]] = {}
    steps = [step for meeting in run_sheet.run_sheet(ROOT, name, "en").meetings for step in meeting.steps]
    missing: dict[str, set[str]] = {}
    for step in steps:
        key = (step.kind, step.number)
        if key not in sources:
            continue
        code = chosen_cells(sources[key], (step.cell,))
        lost = names_missing(code, known.setdefault(key, set()))
        if lost:
            missing[f"{step.kind} {step.number} {step.cell}"] = lost
    assert missing == {}


# -- notes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda one: one.stem)
def test_every_section_has_a_note_and_every_lesson_four_answers(lesson: LessonSource, lang: str) -> None:
    notes = teaching.notes(lesson, INSTRUCTOR, lang)
    assert list(notes.beside) == [section.name for section in lesson.head.sections]
    assert len(notes.asked) >= teaching.QUESTIONS
    assert all(one.question.endswith(("?", "？")) and len(one.answer) > 15 for one in notes.asked)


def test_numbers_in_the_notes_stand_in_the_lesson() -> None:
    wrong = {}
    for lesson in LESSONS:
        notes = teaching.notes(lesson, INSTRUCTOR, "en")
        built = (ROOT / "lessons" / "en" / f"{lesson.stem}.ipynb").read_text("utf-8")
        for name, text in notes.beside.items():
            # Figures such as 5,640 or 62.9 are results; they must not outlive a change of the model.
            results = re.findall(r"\d+,\d{3}|\d+\.\d+", text)
            lost = [figure for figure in results if figure not in built and figure not in {"1,000", "3,000"}]
            if lost:
                wrong[f"{lesson.stem} {name}"] = lost
    assert wrong == {}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "## copies\n",
            "## copy\n",
            "05-retention-windows.md, line 7, cell “copy”: this is no section of the lesson, or it stands here twice.",
        ),
        (
            "## asked-1\n",
            "## asked-1\n\nWhy?\n\n## asked-9\n",
            (
                "05-retention-windows.md, line 47, cell “asked-1”: a note needs a text, and a question needs an "
                "answer below it."
            ),
        ),
        (
            "## key-points",
            "## asked-7",
            "05-retention-windows.md: the section “key-points” of the lesson has no note; add ## key-points.",
        ),
    ],
)
def test_notes_that_fit_no_lesson_are_refused(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    lesson = next(one for one in LESSONS if one.head.number == "05")
    text = (INSTRUCTOR / "src" / f"{lesson.stem}.md").read_text("utf-8")
    (tmp_path / "src").mkdir()
    changed = text.replace(old, new)
    if new == "## asked-7":
        changed = changed.replace("Finish the lesson together", "Why?\n\nFinish the lesson together")
    (tmp_path / "src" / f"{lesson.stem}.md").write_text(changed, "utf-8")
    with pytest.raises(SafeShopError) as wrong:
        teaching.notes(lesson, tmp_path, "en")
    assert wrong.value.sentence == sentence
