"""Response: what is decided and done once an attack is known, by people who have only so many hours.

Each decision is a `Question`. Somebody answers it: the shop's standing orders (`standing_orders`), a list written
beforehand (`scripted`), or a group around a table (`simlib.attacker.Drill`). What was decided is then done by people
one task after the other, in working hours or around the clock; the law's clock runs meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, Final

import simpy

from simlib.calendars import OpeningHours
from simlib.facts import value
from simlib.platform.jurisdictions import jurisdiction
from simlib.scenario import Response, Scenario
from simlib.streams import tick

if TYPE_CHECKING:
    from simlib.attacker.process import Case

HOUR: Final = 1 / 24

OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "contain": ("now", "tomorrow", "never"),
    "notify": ("yes", "no"),
    "pay": ("no", "yes"),
    "restore": ("offline-backup", "online-backup", "rebuild", "nothing"),
    "patch": ("yes", "no"),
    "renew-keys": ("yes", "no"),
    "tell-customers": ("yes", "no"),
}
"""Kinds of question, in the order in which they come, and what may be answered."""


@dataclass
class Question:
    """A decision that somebody must take.

    Attributes
    ----------
    kind
        One of `OPTIONS`.
    options
        Answers that are possible here.
    attack
        Number of the attack.
    t
        When it is asked, in days.
    usual
        What the shop's standing orders say.
    answered
        Happens when it is answered, with the answer.
    """

    kind: str
    options: tuple[str, ...]
    attack: int
    t: float
    usual: str
    answered: simpy.Event | None = field(default=None, repr=False)


Decide = Callable[[Question], str | None]
"""Gives an answer, or None: then the question stays open until somebody answers it."""


def standing_orders(question: Question) -> str:
    """The answer that the scenario's `Response` gives."""
    return question.usual


def scripted(answers: Mapping[str, str]) -> Decide:
    """Answers by kind of question, written beforehand; the standing orders where there is none that is possible.

    Whoever puts it off until tomorrow does it tomorrow.
    """
    put_off = set()

    def decide(question: Question) -> str:
        answer = answers.get(question.kind, question.usual)
        if answer == "tomorrow" and question.attack in put_off:
            return "now"
        if answer == "tomorrow":
            put_off.add(question.attack)
        return answer if answer in question.options else question.usual

    return decide


class ResponseTeam:
    """People who do the response's tasks, first come, first served.

    Parameters
    ----------
    env
        The clock.
    scenario
        How many they are, and when they work.
    """

    def __init__(self, env: simpy.Environment, scenario: Scenario) -> None:
        self.env, self.scenario, self.plan = env, scenario, scenario.defence.response

    # Set up when first needed: most attacks end before anybody is called.

    @cached_property
    def desks(self) -> simpy.Resource:
        """Whoever is free to work."""
        return simpy.Resource(self.env, capacity=self.plan.people)

    @cached_property
    def hours(self) -> OpeningHours | None:
        """When they work; None: around the clock."""
        if self.plan.around_the_clock:
            return None
        return OpeningHours(self.scenario.staff.hours, self.scenario.start)

    def until_done(self, hours: float) -> float:
        """When a task of so many working hours is done that begins now, in days."""
        work = tick(hours * HOUR)
        return self.hours.finish(self.env.now, work) if self.hours else self.env.now + work


def notice_due(scenario: Scenario, aware: float) -> float:
    """By when the place's law wants a notice of the breach, in days; ``inf`` where it does not.

    "Immediately" and "promptly" are read as so many hours (facts), the only way to reckon with them.
    """
    law = jurisdiction(scenario.place)
    if law.breach_notice == "voluntary":
        return inf
    hours = law.breach_hours
    if hours is None:
        hours = value(
            "notice-at-once-hours" if law.breach_notice == "immediately" else "notice-promptly-hours"
        )
    return aware + tick(hours * HOUR)


Answers = Generator[simpy.Event, Any, str]
Steps = Generator[simpy.Event, Any, None]


def respond(case: Case) -> Steps:
    """The response to one attack, from the moment at which it is known.

    Parameters
    ----------
    case
        The attack, as far as it has come.
    """
    plan = case.scenario.defence.response
    case.open_notice()
    if not (yield from _contain(case, plan)):
        return
    yield from _tell(case, "notify", plan.notifies)
    yield from _recover(case, plan)
    for task, wanted, done in (
        ("patch", plan.patches, "patched"),
        ("renew-keys", plan.renews_keys, "keys_renewed"),
    ):
        if task in case.asked_for and (yield from _ask(case, task, "yes" if wanted else "no")) == "yes":
            yield from _work(case, task)
            case.answer(done)
            case.open_ways.discard(task)
    yield from _tell(case, "tell-customers", plan.tells_customers)


def _ask(case: Case, kind: str, usual: str, options: tuple[str, ...] | None = None) -> Answers:
    """Ask, wait for the answer if need be, and write it down."""
    question = Question(kind, options or OPTIONS[kind], case.number, case.env.now, usual)
    answer = case.decide(question)
    if answer is None:
        question.answered = case.env.event()
        answer = yield question.answered
    if answer not in question.options:
        raise ValueError(f"{kind}: {answer} is none of {question.options}")
    case.answer("decided", f"{kind}:{answer}")
    return answer


def _work(case: Case, task: str) -> Steps:
    """Wait for somebody who is free, and for him to have done it."""
    hours = case.chance.tasks[task]
    with case.team.desks.request() as somebody:
        yield somebody
        since = case.env.now
        yield case.env.timeout(case.team.until_done(hours) - since)
        case.worked(task, since, hours)


def _contain(case: Case, plan: Response) -> Generator[simpy.Event, Any, bool]:
    usual = "now" if plan.contains else "never"
    while True:
        answer = yield from _ask(case, "contain", usual)
        if answer == "never":
            return False
        if answer == "now":
            yield from _work(case, "contain")
            case.contain()
            return True
        yield case.env.timeout(1.0)


def _tell(case: Case, task: str, wanted: bool) -> Steps:
    """Tell the authority, or the persons concerned, if anything was taken of which the law or decency speaks."""
    if not case.has_taken:
        return
    if (yield from _ask(case, task, "yes" if wanted else "no")) == "yes":
        yield from _work(case, task)
        case.told(task)


def _recover(case: Case, plan: Response) -> Steps:
    """Bring back what was encrypted or destroyed: by the attacker's key, from a backup, or anew and empty."""
    if not case.gone:
        return
    if case.ransom and (yield from _ask(case, "pay", "yes" if plan.pays_ransom else "no")) == "yes":
        case.pay_ransom()
        yield from _work(case, "decrypt")
        if case.chance.luck["key"] < value("paid-key-works-share"):
            case.restore()
            return
        case.answer("key_worthless")
    ways = (*case.backups_left(), "rebuild", "nothing")
    answer = yield from _ask(case, "restore", ways[0] if plan.restores else "nothing", ways)
    if answer == "nothing":
        return
    if answer != "rebuild":
        yield from _work(case, "restore")
        tested = case.scenario.defence.backup.tested
        if tested or case.chance.luck["restore"] < value("untested-restore-share"):
            case.restore()
            return
        case.answer("restore_failed", answer)
    yield from _work(case, "rebuild")
    case.rebuild()
