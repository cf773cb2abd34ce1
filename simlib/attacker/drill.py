"""Drill: an attack told in turns, in which a group around a table decides, and the clock runs.

The same walk as everywhere, taken one event at a time. What the attacker does stays hidden until somebody notices; each
question of the response stays open until it is answered, and waiting costs time. Afterwards the group's course stands
beside every other way to answer the same questions.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final

import simpy

from simlib.attacker.arrivals import arriving
from simlib.attacker.course import EFFECTS, Course, Incident
from simlib.attacker.process import begin, course_of, finished
from simlib.defence.response import OPTIONS, Question, scripted
from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.scenario import Scenario

HIDDEN: Final = frozenset(
    {"impossible", "attempted", "succeeded", "failed", "stopped", "returned", *EFFECTS}
    - {"shop_stopped", "shop_reopened"}
)
"""Kinds of incident that the owner does not see when they happen."""


class Drill:
    """An attack in turns.

    Parameters
    ----------
    scenario
        The shop and its attacks.
    days
        How long the drill's clock runs at most.
    seed
        Seed of all luck; the same seed is the same attack.

    Attributes
    ----------
    course
        What has happened so far, hidden things included; for the debriefing.
    questions
        Questions that are open, the oldest first.
    answers
        What was answered: (when in days, attack, kind of question, answer).
    """

    def __init__(self, scenario: Scenario, *, days: int, seed: int) -> None:
        self.scenario, self.days, self.seed = scenario, days, seed
        self.env = simpy.Environment()
        self.course = Course()
        self.questions: list[Question] = []
        self.answers: list[tuple[float, int, str, str]] = []
        self._told = 0
        begin(self.env, scenario, self.course, arriving(scenario, days, seed), seed, self._keep)

    def _keep(self, question: Question) -> None:
        """Leave a question open."""
        self.questions.append(question)

    @property
    def t(self) -> float:
        """The drill's clock, in days since the start."""
        return float(self.env.now)

    @property
    def question(self) -> Question | None:
        """The oldest open question."""
        return self.questions[0] if self.questions else None

    @property
    def over(self) -> bool:
        """Whether nothing more can happen."""
        return not self.questions and self._next() == inf

    def advance(self) -> list[Incident]:
        """Let the clock run until the owner learns something or must decide; an open question stops the clock.

        Returns
        -------
        list
            What the owner has learned since he was told last.
        """
        while not self.questions and self._next() < inf:
            self._run_to(self._next())
            if self._news():
                break
        return self._tell()

    def wait(self, hours: float) -> list[Incident]:
        """Let the clock run for so many hours, whether or not a question is open.

        Raises
        ------
        SafeShopError
            If the hours are not more than 0.
        """
        if not hours > 0:
            raise SafeShopError(_("The hours to wait must be more than 0, not {given}.").format(given=hours))
        self._run_to(min(self.t + hours / 24, self.days))
        return self._tell()

    def answer(self, option: str) -> None:
        """Answer the oldest open question.

        Raises
        ------
        SafeShopError
            If there is none, or this is no answer to it.
        """
        question = self.question
        if question is None:
            raise SafeShopError(_("Nothing is to be decided just now; let the clock run."))
        if option not in question.options:
            raise SafeShopError(
                _("The answer must be one of {options}, not {given}.").format(
                    options=", ".join(question.options), given=option
                )
            )
        self.questions.pop(0)
        self.answers.append((self.t, question.attack, question.kind, option))
        if question.answered is not None:
            question.answered.succeed(option)
        self._run_to(self.t)

    def finish(self) -> Course:
        """The whole course up to now, with what only its end shows; the drill can go on afterwards."""
        return finished(copy.deepcopy(self.course), self.scenario, self.t if not self.over else self.days)

    # -- the clock ---------------------------------------------------------------------------------------------

    def _next(self) -> float:
        """When the next event is due within the drill."""
        t = self.env.peek()
        return t if t < self.days else inf

    def _run_to(self, t: float) -> None:
        """Let everything happen that is due up to and including time `t`."""
        while self.env.peek() <= t:
            self.env.step()
        if t > self.env.now:
            self.env.run(until=t)

    def _news(self) -> bool:
        return any(row.kind not in HIDDEN for row in self.course.incidents[self._told :])

    def _tell(self) -> list[Incident]:
        news = [row for row in self.course.incidents[self._told :] if row.kind not in HIDDEN]
        self._told = len(self.course.incidents)
        return news


@dataclass(frozen=True)
class Alternative:
    """One way to answer the questions of a drill, and the course that it leads to.

    Attributes
    ----------
    answers
        Answer by kind of question.
    course
        What happens then.
    """

    answers: Mapping[str, str]
    course: Course


def alternatives(scenario: Scenario, *, days: int, seed: int) -> Iterator[Alternative]:
    """Every way to answer, each with its course; ways that lead to the same decisions come once.

    Parameters
    ----------
    scenario, days, seed
        As for the `Drill`.
    """
    seen = set()
    tried: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for choice in itertools.product(*OPTIONS.values()):
        answers = dict(zip(OPTIONS, choice, strict=True))
        # Whoever answers all that was asked as before has the same questions, and is not asked the others.
        if any(tuple(answers[kind] for kind in asked) in given for asked, given in tried.items()):
            continue
        course = course_of(scenario, days=days, seed=seed, decide=scripted(answers))
        made = tuple((row.t, row.attack, row.what) for row in course.incidents if row.kind == "decided")
        asked = tuple(dict.fromkeys(what.partition(":")[0] for _t, _attack, what in made))
        tried.setdefault(asked, set()).add(tuple(answers[kind] for kind in asked))
        if made not in seen:
            seen.add(made)
            yield Alternative(answers, course)
