"""A class's progress files in one table: who, which question, how many tries, which mistakes.

No server collects anything: learners hand in their progress files, by stick or by mail, and this reads what lies in a
folder. Nothing in it can stop the run. A file that is damaged, foreign or doubtful is named, with what is doubtful:

* the *seal* is broken: seed or answers were changed with an editor (see `simlib.course.progress` for what that proves);
* an answer is marked as right and is not right for the learner's own seed (it was judged again, here);
* two learners have the same seed, so that one file may be a copy of the other;
* the record contradicts itself: right without a try, or last answered before it was first answered.

None of it proves a fraud, and none of it stops somebody who reads this program. It says where to ask.
"""

from __future__ import annotations

import csv
import html
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from simlib.course.answers import Function, judge
from simlib.course.contents import exercises_folder
from simlib.course.keys import KeyFile, read_key
from simlib.course.practice import SIGNS, Bench
from simlib.course.progress import FILE, KeptAnswer, Progress, now, parse_progress
from simlib.errors import SafeShopError
from simlib.languages import _, current_language

TABLE, PAGE = "grades.csv", "grades.html"
"""What is written; these two are passed over when the same folder is graded again."""
LARGEST = 2_000_000
"""Largest progress file that is read, in bytes: thousands of answers fit, and a film does not."""
LONGEST_SHOWN = 300
"""Characters of an answer that stand in the table."""


@dataclass
class Handed:
    """What one learner handed in.

    Attributes
    ----------
    name
        From the name of the file or of its folder.
    progress
        None if there is none that can be read.
    doubts
        Sentences about what is doubtful.
    """

    name: str
    progress: Progress | None
    doubts: list[str] = field(default_factory=list)

    def answer(self, number: str, question: str) -> KeptAnswer | None:
        """What became of a question; None if it was never answered."""
        if self.progress is None:
            return None
        return self.progress.exercises.get(number, {}).get(question)


@dataclass(frozen=True)
class Grades:
    """A class.

    Attributes
    ----------
    handed
        By name.
    keys
        The exercises asked about, by number.
    foreign
        Sentences about files that are nobody's progress.
    """

    handed: Sequence[Handed]
    keys: Sequence[KeyFile]
    foreign: Sequence[str]

    def questions(self) -> Iterator[tuple[KeyFile, str]]:
        """Every question, in the order of the course."""
        for key in self.keys:
            for question in sorted(key.code, key=lambda name: int(name[1:])):
                yield key, question

    @property
    def damaged(self) -> list[str]:
        """Names of those whose file cannot be read or is doubtful."""
        return [one.name for one in self.handed if one.doubts]


def grade(
    folder: Path, *, recheck: bool = True, progress: Callable[[str], None] = lambda _name: None
) -> Grades:
    """Read what a class handed in.

    Parameters
    ----------
    folder
        Holds a file ``NAME.yaml`` for each learner, or a folder ``NAME`` with his ``progress.yaml`` in it, or both.
    recheck
        Judge right answers again, each for its learner's seed; takes some seconds a learner.
    progress
        Told the name of each learner when he is done.

    Raises
    ------
    SafeShopError
        If the folder is no folder, or the course has no exercises.
    """
    if not folder.is_dir():
        raise SafeShopError(
            _("{path} is not a folder; name the one that holds the progress files.").format(path=folder)
        )
    keys = [
        read_key(path.name[:2]) for path in sorted((exercises_folder() / "keys").glob("[0-9][0-9]-*.key"))
    ]
    if not keys:
        raise SafeShopError(_("No exercises are installed; install Safe Shop Lab again."))
    handed, foreign = _collected(folder)
    _same_seeds(handed)
    for one in handed:
        if one.progress is not None:
            _contradictions(one, keys)
            if recheck:
                _judge_again(one, keys)
        progress(one.name)
    return Grades(handed, keys, foreign)


def _collected(folder: Path) -> tuple[list[Handed], list[str]]:
    handed, foreign = [], []
    for path in sorted(folder.iterdir(), key=lambda path: path.name.casefold()):
        if path.name in (TABLE, PAGE) or path.name.startswith("."):
            continue
        if path.is_dir():
            inside = sorted(path.rglob(FILE))
            if not inside:
                foreign.append(
                    _("{name}: there is no {file} in this folder.").format(name=path.name, file=FILE)
                )
            for file in inside:
                place = file.parent.relative_to(folder).as_posix()
                handed.append(_read(place if len(inside) > 1 else path.name, file))
        elif path.suffix.lower() in (".yaml", ".yml"):
            handed.append(_read(path.stem, path))
        else:
            foreign.append(_("{name}: this is not a progress file.").format(name=path.name))
    return handed, foreign


def _read(name: str, path: Path) -> Handed:
    try:
        if path.stat().st_size > LARGEST:
            return Handed(name, None, [_("The file is far too large for a progress file.")])
        content = path.read_bytes()
    except OSError as reason:
        told = _("The file cannot be read ({reason}).").format(reason=reason.strerror or reason)
        return Handed(name, None, [told])
    progress = parse_progress(content)
    if progress is None:
        return Handed(name, None, [_("The file is damaged, or is no progress file.")])
    doubts = []
    if not progress.is_sealed():
        doubts.append(_("The seal is broken: seed or answers were changed outside the course."))
    elif progress.changed_by_hand is not None:
        doubts.append(
            _("On {day} the course found seed or answers changed from outside.").format(
                day=progress.changed_by_hand.date().isoformat()
            )
        )
    return Handed(name, progress, doubts)


def _same_seeds(handed: Sequence[Handed]) -> None:
    owners: dict[int, list[Handed]] = {}
    for one in handed:
        if one.progress is not None and one.progress.seed is not None and one.progress.exercises:
            owners.setdefault(one.progress.seed, []).append(one)
    for seed, sharing in owners.items():
        for one in sharing:
            others = [other.name for other in sharing if other is not one]
            if others:
                told = _("The seed {seed} is also that of {names}: one file may be a copy of the other.")
                one.doubts.append(told.format(seed=seed, names=", ".join(others)))


def _contradictions(one: Handed, keys: Sequence[KeyFile]) -> None:
    assert one.progress is not None
    known = {(key.number, question) for key in keys for question in key.code}
    for number, answers in one.progress.exercises.items():
        for question, kept in answers.items():
            name = f"{number}-{question}"
            if (number, question) not in known:
                one.doubts.append(_("{question}: the course has no such question.").format(question=name))
            elif kept.state == "right" and (kept.tries == 0 or kept.answer is None):
                one.doubts.append(_("{question}: right without a try.").format(question=name))
            elif _in_wrong_order(kept):
                one.doubts.append(_("{question}: its times contradict each other.").format(question=name))


def _in_wrong_order(kept: KeptAnswer) -> bool:
    try:
        wrong = kept.first is not None and kept.at is not None and kept.at < kept.first
        return wrong or (kept.at is not None and kept.at > now() + timedelta(days=1))
    except TypeError:
        # One moment with a time zone and one without: not as this program writes them.
        return True


def _judge_again(one: Handed, keys: Sequence[KeyFile]) -> None:
    assert one.progress is not None
    if one.progress.seed is None:
        if one.progress.exercises:
            one.doubts.append(_("The seed is missing, so no answer can be judged again."))
        return
    bench = Bench(one.progress.seed)
    for key in keys:
        for question in key.code:
            kept = one.answer(key.number, question)
            if kept is None or kept.state != "right" or kept.answer is None:
                continue
            judged = bench.key(key, question)
            if not isinstance(judged, Function) and judge(judged, kept.answer).state != "right":
                told = _("{question}: marked as right, but “{answer}” is not right for this seed.")
                name = f"{key.number}-{question}"
                one.doubts.append(told.format(question=name, answer=_short(kept.answer, 40)))


# ---------------------------------------------------------------------------------------------------------------
# what is written


def state_word(kept: KeptAnswer | None) -> str:
    """State of a question in the reader's language."""
    if kept is None or kept.state == "open":
        return _("not answered")
    return _("right") if kept.state == "right" else _("not right yet")


def as_csv(grades: Grades) -> str:
    """One row for each learner and question, for a spreadsheet.

    A cell that would begin to work as a formula there gets an apostrophe before it: names and answers come from
    outside (CWE-1236).
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    heads = (
        "learner",
        "exercises",
        "question",
        "state",
        "tries",
        "hints",
        "mistakes",
        "first",
        "last",
        "answer",
    )
    writer.writerow((*heads, "doubts"))
    for one in grades.handed:
        for key, question in grades.questions():
            kept = one.answer(key.number, question) or KeptAnswer()
            mistakes = " ".join(f"{name}×{times}" for name, times in sorted(kept.mistakes.items()))
            moments = [moment.isoformat() if moment else "" for moment in (kept.first, kept.at)]
            row = (one.name, key.number, question, kept.state, kept.tries, kept.hints, mistakes, *moments)
            answer = _short(kept.answer or "", LONGEST_SHOWN)
            writer.writerow(_harmless(cell) for cell in (*row, answer, " ".join(one.doubts)))
    return text.getvalue()


def _harmless(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{cell}"
    return cell


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2em; color: #1a1a1a; background: #fff }
table { border-collapse: collapse; margin: 1em 0 }
th, td { border: 1px solid #bbb; padding: 0.25em 0.5em; text-align: center }
th[scope=row] { text-align: left }
td.right { background: #bfe3d5 } td.wrong { background: #f5cfa8 } td.open { background: #f4f4f4 }
td small { color: #333 }
.doubts li { border-left: 4px solid #b35c00; padding-left: 0.6em; margin: 0.3em 0; list-style: none }
"""


def as_page(grades: Grades) -> str:
    """The class as a coloured table that opens from disk; each cell has a sign, so colour is never alone."""
    title = _("Exercises of a class")
    parts = [
        "<!doctype html>",
        f'<html lang="{current_language()}"><head><meta charset="utf-8">',
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{html.escape(title)}</h1>",
        "<p>{}</p>".format(
            html.escape(
                _("{learners} learners, {questions} questions. {right} right, {wrong} not right yet.").format(
                    learners=len(grades.handed),
                    questions=sum(1 for _one in grades.questions()),
                    **_counts(grades),
                )
            )
        ),
        _doubts(grades),
        _legend(),
        *(_table(grades, key) for key in grades.keys),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _counts(grades: Grades) -> dict[str, int]:
    states = Counter(
        kept.state
        for one in grades.handed
        for key, question in grades.questions()
        if (kept := one.answer(key.number, question)) is not None
    )
    return {"right": states["right"], "wrong": states["wrong"]}


def _doubts(grades: Grades) -> str:
    told = [f"{one.name}: {doubt}" for one in grades.handed for doubt in one.doubts]
    told += grades.foreign
    if not told:
        return f"<p>{html.escape(_('Nothing is doubtful.'))}</p>"
    items = "".join(f"<li>{html.escape(line)}</li>" for line in told)
    head = html.escape(_("Please ask about these"))
    note = html.escape(
        _("None of this proves anything. It says where a file is not as the course would have left it.")
    )
    return f'<h2>{head}</h2><p>{note}</p><ul class="doubts">{items}</ul>'


def _legend() -> str:
    words = (
        (SIGNS["right"], _("right")),
        (SIGNS["wrong"], _("not right yet")),
        (SIGNS["blank"], _("not answered")),
    )
    shown = " · ".join(f"{sign} {word}" for sign, word in words)
    tries = _("The number beside a sign counts the tries. Point at a cell to read which mistakes were made.")
    return f"<p>{html.escape(shown)}. {html.escape(tries)}</p>"


def _table(grades: Grades, key: KeyFile) -> str:
    said = key.texts.get(current_language(), key.texts["en"])
    names = sorted(key.code, key=lambda name: int(name[1:]))
    heads = "".join(
        f'<th scope="col" title="{html.escape(said[name].title)}">{key.number}-{name}</th>' for name in names
    )
    rows = []
    for one in grades.handed:
        cells = "".join(_cell(one.answer(key.number, name), said[name].mistakes) for name in names)
        rows.append(f'<tr><th scope="row">{html.escape(one.name)}</th>{cells}</tr>')
    frequent = "".join(
        f"<td><small>{html.escape(_frequent(grades, key.number, name))}</small></td>" for name in names
    )
    rows.append(f'<tr><th scope="row">{html.escape(_("most frequent mistake"))}</th>{frequent}</tr>')
    title = html.escape(key.titles.get(current_language(), key.titles["en"]))
    first = f'<tr><th scope="col">{html.escape(_("Learner"))}</th>{heads}</tr>'
    return f"<h2>{key.number} · {title}</h2><table>{first}{''.join(rows)}</table>"


def _cell(kept: KeptAnswer | None, explained: Mapping[str, str]) -> str:
    if kept is None or kept.state == "open":
        return f'<td class="open">{SIGNS["blank"]}</td>'
    told = [_("{tries} tries, {hints} hints").format(tries=kept.tries, hints=kept.hints)]
    told += [f"{name} ×{times}: {explained.get(name, '')}" for name, times in sorted(kept.mistakes.items())]
    hover = html.escape("\n".join(told))
    return f'<td class="{kept.state}" title="{hover}">{SIGNS[kept.state]} <small>{kept.tries}</small></td>'


def _frequent(grades: Grades, number: str, question: str) -> str:
    made: Counter[str] = Counter()
    for one in grades.handed:
        kept = one.answer(number, question)
        if kept is not None:
            made.update(dict.fromkeys(kept.mistakes, 1))
    if not made:
        return "–"
    name, times = min(made.items(), key=lambda item: (-item[1], item[0]))
    return f"{name} ({times})"
