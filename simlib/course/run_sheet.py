"""Run sheets: who does what at which minute of a workshop, made from the minutes in the lesson sources.

``instructor/plans.yaml`` says which sections and questions belong into which session; how long each takes is known by
the sources alone. So a lesson that grows moves every clock of every sheet, and a plan that no longer fits is
refused with the minutes by which it is too long.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from markdown_it import MarkdownIt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simlib.course import teaching
from simlib.course.build import read_sources
from simlib.course.exercises import read_exercises
from simlib.course.source import LessonSource
from simlib.course.texts import translator
from simlib.errors import SafeShopError
from simlib.languages import LANGUAGES, _, current_language, set_language

PLANS = "plans.yaml"
"""File of the plans in the instructor's folder."""


class Part(BaseModel):
    """A stretch of a session: a talk or a break, sections of a lesson, or questions of its exercises.

    Attributes
    ----------
    talk, minutes
        What is said or done outside the lessons, and for how many minutes.
    lesson, sections
        Number of a lesson, and names of its sections; all of them when none is named.
    exercise, questions
        Number of exercises, and names of their questions; all of them when none is named.
    otherwise
        What is done instead while this copy of the course does not have that lesson.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    talk: str = ""
    minutes: Annotated[int, Field(ge=0, le=240)] = 0
    lesson: str = ""
    sections: tuple[str, ...] = ()
    exercise: str = ""
    questions: tuple[str, ...] = ()
    otherwise: tuple[Part, ...] = ()


class Session(BaseModel):
    """One meeting: what it is called, which theme it belongs to, how long it lasts at most, and its parts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    theme: str = ""
    minutes: Annotated[int, Field(gt=0, le=600)]
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]


class Plan(BaseModel):
    """A workshop or a series: its title, whom it is for, what to bring, and its sessions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    purpose: str
    before: tuple[str, ...]
    sessions: Annotated[tuple[Session, ...], Field(min_length=1)]


class Plans(BaseModel):
    """All plans by name, as ``instructor/plans.yaml`` holds them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plans: dict[str, Plan]


@dataclass(frozen=True)
class Step:
    """One row of a run sheet.

    Attributes
    ----------
    at
        Minutes since the session began.
    minutes
        How long it takes.
    kind
        ``talk``, ``lesson`` or ``exercise``.
    number
        Of the lesson or exercises; empty for a talk.
    cell
        Name of the section's or question's cell; empty for a talk.
    title
        What it is called, in the language of the sheet.
    of
        Title of the lesson or exercises; empty for a talk.
    note
        What to say, as Markdown.
    """

    at: int
    minutes: int
    kind: str
    number: str
    cell: str
    title: str
    of: str
    note: str


@dataclass(frozen=True)
class Meeting:
    """One session with its steps; ``reserve`` are the minutes left over."""

    title: str
    theme: str
    minutes: int
    steps: tuple[Step, ...]

    @property
    def reserve(self) -> int:
        """Minutes that are left for questions."""
        return self.minutes - sum(step.minutes for step in self.steps)


@dataclass(frozen=True)
class RunSheet:
    """A plan in one language, with every minute worked out."""

    name: str
    lang: str
    title: str
    purpose: str
    before: tuple[str, ...]
    meetings: tuple[Meeting, ...]
    asked: Mapping[str, tuple[teaching.Asked, ...]]


def read_plans(instructor: Path) -> dict[str, Plan]:
    """The plans by name.

    Parameters
    ----------
    instructor
        Folder that holds `PLANS`.

    Raises
    ------
    SafeShopError
        If the file cannot be read or says something it may not.
    """
    path = instructor / PLANS
    try:
        return Plans.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).plans
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as reason:
        raise SafeShopError(
            _("{file}: cannot be read ({reason}).").format(file=path, reason=" ".join(str(reason).split()))
        ) from None
    except ValidationError as wrong:
        first = wrong.errors(include_url=False)[0]
        raise SafeShopError(
            _("{file}, {field}: {reason}.").format(
                file=path.name, field=".".join(map(str, first["loc"])), reason=first["msg"]
            )
        ) from None


def plans_source(instructor: Path) -> LessonSource:
    """Every text of the plans, in the form in which lessons are translated."""
    return teaching.texts_source(instructor / PLANS, "00", "Run sheets", _plan_texts(read_plans(instructor)))


def _plan_texts(plans: Mapping[str, Plan]) -> Iterator[tuple[str, str, int]]:
    seen: set[str] = set()

    def once(text: str) -> Iterator[tuple[str, str, int]]:
        if text and text not in seen:
            seen.add(text)
            yield "plans", text, 1

    for plan in plans.values():
        for text in (plan.title, plan.purpose, *plan.before):
            yield from once(text)
        for session in plan.sessions:
            yield from once(session.title)
            yield from once(session.theme)
            for part in _flat(session.parts):
                yield from once(part.talk)


def _flat(parts: Sequence[Part]) -> Iterator[Part]:
    for part in parts:
        yield part
        yield from _flat(part.otherwise)


class _Course:
    """Lessons, exercises and notes in one language: what a sheet is put together from."""

    def __init__(self, root: Path, lang: str) -> None:
        self.root, self.lang = root, lang
        self.lessons = {one.head.number: one for one in read_sources(root / "lessons")}
        self.exercises = {one.head.number: one for one in read_exercises(root / "exercises")}
        self.spoken: dict[tuple[str, str], LessonSource] = {}
        self.notes: dict[str, teaching.Notes] = {}

    def source(self, kind: str, number: str) -> LessonSource:
        """A lesson or exercises, translated once."""
        key = (kind, number)
        if key not in self.spoken:
            source = (self.lessons if kind == "lesson" else self.exercises)[number]
            folder = self.root / ("lessons" if kind == "lesson" else "exercises")
            if self.lang != "en":
                source = source.translated(translator(source, folder, self.lang), self.lang)
            self.spoken[key] = source
        return self.spoken[key]

    def note(self, number: str) -> teaching.Notes:
        """The notes of a lesson."""
        if number not in self.notes:
            lesson = self.lessons[number]
            self.notes[number] = teaching.notes(lesson, self.root / "instructor", self.lang)
        return self.notes[number]


def run_sheet(root: Path, name: str, lang: str) -> RunSheet:
    """Work out a run sheet.

    Parameters
    ----------
    root
        Folder of the project's sources.
    name
        Of a plan, such as ``2h``.
    lang
        Language tag.

    Raises
    ------
    SafeShopError
        If there is no such plan or language, a text is not translated, a part means nothing, or a session takes longer
        than it may.
    """
    instructor = root / "instructor"
    plans = read_plans(instructor)
    if name not in plans:
        raise SafeShopError(
            _("There is no run sheet “{name}”; there are {names}.").format(name=name, names=", ".join(plans))
        )
    if lang not in LANGUAGES:
        raise SafeShopError(
            _("The language must be one of {tags}, not {tag}.").format(tags=", ".join(LANGUAGES), tag=lang)
        )
    plan, course = plans[name], _Course(root, lang)
    source = plans_source(instructor)
    say = (lambda text: text) if lang == "en" else _saying(source, instructor, lang)
    meetings = tuple(_meeting(name, session, course, say) for session in plan.sessions)
    used = dict.fromkeys(
        step.number for meeting in meetings for step in meeting.steps if step.kind == "lesson"
    )
    return RunSheet(
        name,
        lang,
        say(plan.title),
        say(plan.purpose),
        tuple(map(say, plan.before)),
        meetings,
        {course.source("lesson", number).head.title: course.note(number).asked for number in used},
    )


def _saying(source: LessonSource, instructor: Path, lang: str) -> Any:
    translate = translator(source, instructor, lang)
    return lambda text: translate("00 plans", text) if text else ""


def _meeting(plan: str, session: Session, course: _Course, say: Any) -> Meeting:
    steps: list[Step] = []
    at = 0
    for part in _existing(session.parts, course):
        for step in _steps(part, course, say, at):
            steps.append(step)
            at += step.minutes
    meeting = Meeting(say(session.title), say(session.theme), session.minutes, tuple(steps))
    if meeting.reserve < 0:
        raise SafeShopError(
            _(
                "{plan}, “{session}”: its parts take {minutes} minutes more than its {limit}; leave some out."
            ).format(plan=plan, session=session.title, minutes=-meeting.reserve, limit=session.minutes)
        )
    return meeting


def _existing(parts: Sequence[Part], course: _Course) -> Iterator[Part]:
    for part in parts:
        there = (not part.lesson or part.lesson in course.lessons) and (
            not part.exercise or part.exercise in course.exercises
        )
        if there:
            yield part
        else:
            yield from _existing(part.otherwise, course)


def _steps(part: Part, course: _Course, say: Any, at: int) -> Iterator[Step]:
    if part.talk:
        yield Step(at, part.minutes, "talk", "", "", say(part.talk), "", "")
        return
    kind, number = ("lesson", part.lesson) if part.lesson else ("exercise", part.exercise)
    source = course.source(kind, number)
    minutes = {section.name: section.minutes for section in source.head.sections}
    beside = course.note(number).beside if kind == "lesson" else {}
    for name in (part.sections if kind == "lesson" else part.questions) or tuple(minutes):
        if name not in minutes:
            raise SafeShopError(
                _("{file}: lesson {number} has no section “{section}”.").format(
                    file=PLANS, number=number, section=name
                )
            )
        yield Step(
            at,
            minutes[name],
            kind,
            number,
            name,
            heading(source, name),
            source.head.title,
            beside.get(name, ""),
        )
        at += minutes[name]


def heading(source: LessonSource, name: str) -> str:
    """The first heading of a prose cell, without its signs; the lesson's title when it has none."""
    text = next(cell.text for cell in source.cells if cell.name == name)
    return next(
        (line.lstrip("# ").strip() for line in text.split("\n") if line.startswith("#")), source.head.title
    )


def clock(minutes: int, start: int) -> str:
    """A time of day or a count of hours, such as ``0:45``."""
    hours, rest = divmod(start + minutes, 60)
    return f"{hours}:{rest:02}"


def as_markdown(sheet: RunSheet, start: int = 0) -> str:
    """A run sheet as Markdown, in its own language.

    Parameters
    ----------
    sheet
        From `run_sheet`.
    start
        Time of day at which each session begins, in minutes after midnight; 0 counts from the beginning.
    """
    spoken = current_language()
    set_language(sheet.lang)
    try:
        return "\n".join([*_top(sheet), *_sessions(sheet, start), *_asked(sheet)]).rstrip() + "\n"
    finally:
        set_language(spoken)


def _top(sheet: RunSheet) -> Iterator[str]:
    # Words stand outside f-strings: the collector of texts does not look into them.
    yield "# " + _("Run sheet: {title}").format(title=sheet.title)
    yield from ("", sheet.purpose, "", "## " + _("Before"), "")
    yield from (f"- ☐ {line}" for line in sheet.before)
    yield ""


def _sessions(sheet: RunSheet, start: int) -> Iterator[str]:
    for number, meeting in enumerate(sheet.meetings, 1):
        title = meeting.title if len(sheet.meetings) == 1 else f"{number}. {meeting.title}"
        yield from (f"## {title}", "")
        if meeting.theme:
            yield from (_("Theme: {theme}").format(theme=meeting.theme), "")
        columns = (_("Clock"), _("Minutes"), _("What"), _("What to say and do"))
        yield f"| {' | '.join(columns)} |"
        yield "|---:|---:|---|---|"
        for step in meeting.steps:
            yield f"| {clock(step.at, start)} | {step.minutes} | {_what(step)} | {_in_cell(step.note)} |"
        end = meeting.minutes - meeting.reserve
        if meeting.reserve:
            spare = _("In reserve, for questions")
            yield f"| {clock(end, start)} | {meeting.reserve} | {spare} | |"
        yield f"| {clock(meeting.minutes, start)} | | " + _("End of the session") + " | |"
        yield from (
            "",
            _("{minutes} minutes in all, {reserve} of them in reserve.").format(
                minutes=meeting.minutes, reserve=meeting.reserve
            ),
            "",
        )


def _what(step: Step) -> str:
    if step.kind == "talk":
        return _in_cell(step.title)
    return f"**{step.number} {_in_cell(step.of)}**: {_in_cell(step.title)}"


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n\n", "<br>").replace("\n", " ")


def _asked(sheet: RunSheet) -> Iterator[str]:
    if not any(sheet.asked.values()):
        return
    yield from ("## " + _("What people ask"), "")
    for title, asked in sheet.asked.items():
        if asked:
            yield from (f"### {title}", "")
        for one in asked:
            yield from (f"**{one.question}**", "", one.answer, "")


STYLE = """
body { font: 11pt/1.45 sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #111; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #999; padding: .35em .6em; text-align: left; vertical-align: top; }
th[style*=right], td[style*=right] { white-space: nowrap; }
ul { list-style: none; padding-left: 0; }
@media print { body { margin: 0; max-width: none; font-size: 9.5pt; } tr { break-inside: avoid; }
  h2 { break-after: avoid; } }
"""


def as_html(sheet: RunSheet, start: int = 0) -> str:
    """A run sheet as one page that prints well and fetches nothing."""
    # Our own <br> in table cells; nothing else in the sources is HTML.
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(as_markdown(sheet, start))
    return (
        f'<!doctype html>\n<html lang="{sheet.lang}">\n<meta charset="utf-8">\n'
        f"<title>{html.escape(sheet.title)}</title>\n<style>{STYLE}</style>\n{body}</html>\n"
    )
