"""Process: one attacker's walk through a campaign, and the answer to it, around one clock.

`walk` reads top to bottom as the attack: each step takes its time, is stopped by a control or not, does what it does,
and may be noticed. All luck was drawn before (`simlib.attacker.chance`); what happens is written into a `Course`. The
walk asks the shop for nothing but its description, so it runs in any SimPy environment, and long before the shop opens.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import lru_cache, partial
from math import inf
from typing import Any, Final

import simpy

from simlib.attacker.arrivals import Arrival, arriving
from simlib.attacker.campaign import CallBuyers, Campaign, Step
from simlib.attacker.chance import AttackChance, attack_chance
from simlib.attacker.course import Course, Incident, Notice, Payment, Span, Work
from simlib.attacker.effects import carry_out, late_penalty
from simlib.defence.controls import split
from simlib.defence.detection import notices, stopping
from simlib.defence.response import Decide, ResponseTeam, notice_due, respond, standing_orders
from simlib.facts import value
from simlib.scenario import Scenario
from simlib.streams import tick

Steps = Generator[simpy.Event, Any, None]

MOST_RETURNS: Final = 2
"""An attacker whose way stays open comes back so often at most."""

RETURN_BRANCH: Final = 1_000_000
"""Distance between the branches of the random streams of an attack and of its return."""

WAYS_IN: Final = {
    "patch": ("T1190", "T1212", "T1195", "T1059"),
    "renew-keys": ("T1078", "T1110", "T1133", "T1528", "T1539", "T1550", "T1552", "T1555", "T1566.002"),
}
"""Task of the response → techniques that leave a way open until it is done: a hole, or a password, session or key."""


class Case:
    """One attack under way: how far it has come, what is known of it, and what stands open.

    Parameters
    ----------
    env
        The clock.
    scenario
        The shop.
    course
        Where everything is written down.
    campaign, chance, number
        What is tried, with which luck, and which attack of the run it is.
    team
        Who answers.
    decide
        Who decides.
    again
        What happens if he is shut out while a way stays open.
    """

    def __init__(
        self,
        env: simpy.Environment,
        scenario: Scenario,
        course: Course,
        campaign: Campaign,
        chance: AttackChance,
        number: int,
        team: ResponseTeam,
        decide: Decide,
        again: Callable[[AttackChance], None],
    ) -> None:
        self.again = again
        self.env, self.scenario, self.course = env, scenario, course
        self.campaign, self.chance, self.number = campaign, chance, number
        self.team, self.decide = team, decide
        self.step = ""
        """Name of the step that is being tried."""
        self.tried = env.now
        """Since when."""
        self.contained = False
        self.response: simpy.Process | None = None
        self.first_success = inf
        self.open: list[Span] = []
        """What ends when he is shut out."""
        self.gone: list[Span] = []
        """Data that are encrypted or destroyed."""
        self.stop: Span | None = None
        """The stop that lasts until the data are back."""
        self.ransom = 0
        self.lost_backups: set[str] = set()
        self.harmed = False
        """Whether the attack has done anything that can come out."""
        self.has_taken = False
        self.notice: Notice | None = None
        used = [technique for step in campaign.steps for technique in step.techniques]
        used += campaign.techniques
        self.asked_for = {
            task for task, ways in WAYS_IN.items() if any(each.startswith(ways) for each in used)
        }
        self.open_ways = set(self.asked_for)

    # -- what the walk and the response write down -------------------------------------------------------------

    def note(self, kind: str, what: str = "", amount: int = 0) -> Incident:
        """The step that is being tried does something now."""
        return self.course.note(self.env.now, self.number, self.step, kind, what, amount)

    def answer(self, kind: str, what: str = "", amount: int = 0) -> Incident:
        """The shop does something now."""
        return self.course.note(self.env.now, self.number, "", kind, what, amount)

    def pay(self, kind: str, amount: int, step: str) -> None:
        """Money leaves the shop's account now."""
        self.course.payments.append(Payment(self.env.now, self.number, step, kind, amount))

    def worked(self, task: str, since: float, hours: float) -> None:
        """A task is done now."""
        self.course.work.append(Work(self.number, task, since, self.env.now, hours))
        self.answer("worked", task, round(60 * hours))

    def contain(self) -> None:
        """The attacker is shut out: he gets no further, and what he has running ends."""
        self.contained = True
        self.answer("contained")
        for span in self.open:
            span.end(self.env.now)

    def take(self) -> None:
        """Something was taken of which persons and authority must be told."""
        self.has_taken = True
        if self.notice is not None:
            self.notice.owed = True

    def open_notice(self) -> None:
        """The shop knows; from now on the law's clock runs."""
        if self.notice is None:
            self.notice = Notice(
                self.number,
                self.step,
                self.env.now,
                notice_due(self.scenario, self.env.now),
                owed=self.has_taken,
            )
            self.course.notices.append(self.notice)

    def told(self, task: str) -> None:
        """The authority (``notify``) or the persons concerned (``tell-customers``) know now."""
        if self.notice is not None:
            setattr(self.notice, "done" if task == "notify" else "told", self.env.now)
        self.answer("notified" if task == "notify" else "customers_told")

    def backups_left(self) -> tuple[str, ...]:
        """Backups that the attacker has not destroyed, the safest first."""
        defence = self.scenario.defence
        kept = {
            "offline-backup": defence.backup.offline or defence.has("11.4") or defence.has("offline-vault"),
            "online-backup": defence.backup.online or defence.has("11.2"),
        }
        return tuple(name for name, there in kept.items() if there and name not in self.lost_backups)

    def pay_ransom(self) -> None:
        """Pay what was asked."""
        self.answer("ransom_paid", amount=self.ransom)
        self.pay("ransom", self.ransom, "")

    def restore(self) -> None:
        """The data are back where they were."""
        for span in self.gone:
            span.end(self.env.now)
            self.answer("restored", span.place)
        self._reopen()

    def rebuild(self) -> None:
        """The shop stands again, without its data."""
        self.answer("rebuilt")
        self._reopen()

    def _reopen(self) -> None:
        self.gone = []
        if self.stop is not None:
            self.stop.end(self.env.now)
            self.stop = None

    # -- being noticed -----------------------------------------------------------------------------------------

    def watch(self, step: Step, number: int) -> None:
        """Let the detectors look at a step that has succeeded."""
        for after, detector, _by in notices(step, self.chance.steps[number], self.scenario.defence):
            later(self.env, after, partial(self.known, "seen", detector, step.name))

    def known(self, kind: str, what: str, step: str) -> None:
        """The owner is told. What comes after he has shut the attacker out is no news."""
        if self.contained:
            return
        self.course.note(self.env.now, self.number, step, kind, what)
        if self.response is None:
            self.response = self.env.process(self._respond())

    def _respond(self) -> Steps:
        yield from respond(self)
        if self.contained and self.open_ways:
            self.again(self.chance)

    def comes_out_by_itself(self) -> None:
        """What did harm comes out one day, even if no detector has noticed it by then.

        A detector can only let the owner know sooner: what a detector will say in a week does not keep the bank from
        calling tomorrow.
        """
        if self.response is None and self.harmed:
            due = max(self.env.now, self.first_success + self.chance.dwell)
            step = next(row.step for row in self.course.incidents if row.attack == self.number)
            later(self.env, due - self.env.now, partial(self._comes_out, step))

    def _comes_out(self, step: str) -> None:
        if self.response is None:
            self.known("found_late", self.chance.found_by, step)


def later(env: simpy.Environment, delay: float, action: Callable[[], None]) -> None:
    """Let something happen after so many days."""
    env.timeout(delay).callbacks.append(lambda _event: action())


def walk(case: Case) -> Steps:
    """An attacker's walk: step by step, until a step fails, a control stops it, or he is shut out."""
    for number, step in enumerate(case.campaign.steps):
        luck = case.chance.steps[number]
        case.step, case.tried = step.name, case.env.now
        case.note("attempted")
        yield case.env.timeout(luck.lasts)
        if case.contained and not _outside(step):
            break
        control = stopping(step, luck, case.scenario.defence)
        if control is not None:
            case.note("stopped", control)
            break
        if luck.success >= step.chance:
            case.note("failed")
            break
        case.note("succeeded")
        case.first_success = min(case.first_success, case.env.now)
        for place, effect in enumerate(step.effects):
            case.harmed = True
            carry_out(case, effect, luck.effects[place], luck.sizes[place])
        case.watch(step, number)
    case.comes_out_by_itself()


def _outside(step: Step) -> bool:
    """Whether a step happens far from the shop, with what was taken there: shutting the thief out does not stop it."""
    return bool(step.effects) and all(isinstance(effect, CallBuyers) for effect in step.effects)


def attack(
    env: simpy.Environment,
    scenario: Scenario,
    course: Course,
    arrival: Arrival,
    seed: int,
    team: ResponseTeam,
    decide: Decide,
    turn: int = 0,
) -> Steps:
    """An attack from its first day; he may come back if he was shut out while a way stayed open."""
    campaign, number = arrival.campaign, arrival.number
    if turn == 0:
        yield env.timeout(arrival.t - env.now)
    missing = campaign.missing(scenario)
    if missing:
        course.note(env.now, number, "", "impossible", missing[0])
        return

    def come_back() -> Steps:
        # Between half and one and a half times the mean.
        wait = value("attacker-returns-days") * (0.5 + case.chance.luck["returns_after"])
        yield env.timeout(tick(wait))
        course.note(env.now, number, "", "returned")
        yield from attack(env, scenario, course, arrival, seed, team, decide, turn + 1)

    def again(chance: AttackChance) -> None:
        if may_return(chance, turn):
            env.process(come_back())

    chance = attack_chance(campaign, seed, arrival.branch + turn * RETURN_BRANCH)
    case = Case(env, scenario, course, campaign, chance, number, team, decide, again)
    yield from walk(case)


def may_return(chance: AttackChance, turn: int) -> bool:
    """Whether luck lets the attacker come back after so many returns, should he be shut out with a way left open."""
    return turn < MOST_RETURNS and bool(chance.luck["returns"] < value("attacker-returns-share"))


def course_of(scenario: Scenario, *, days: int, seed: int, decide: Decide = standing_orders) -> Course:
    """What all the attackers of a scenario do in so many days.

    Parameters
    ----------
    scenario
        The shop, its defence, its attacks and attackers.
    days, seed
        As in `simlib.world.simulate`. Attacks and their luck have streams of their own.
    decide
        Who answers the questions of the response.

    Raises
    ------
    SafeShopError
        If the scenario names a campaign or a control that does not exist.
    """
    env = simpy.Environment()
    course = Course()
    begin(env, scenario, course, arriving(scenario, days, seed), seed, decide)
    env.run(until=days)
    return finished(course, scenario, days)


def begin(
    env: simpy.Environment,
    scenario: Scenario,
    course: Course,
    arrivals: list[Arrival],
    seed: int,
    decide: Decide,
) -> None:
    """Start the attacks in an environment; they begin when their day comes."""
    check_controls(scenario.defence.controls)
    team = ResponseTeam(env, scenario)
    for arrival in arrivals:
        course.campaigns.append(arrival.campaign.name)
        course.branches.append(arrival.branch)
        env.process(attack(env, scenario, course, arrival, seed, team, decide))


@lru_cache
def check_controls(controls: tuple[str, ...]) -> None:
    """Refuse controls that do not exist, or not there; asked for each walk, so the answer is kept.

    Raises
    ------
    SafeShopError
        If there is such a control.
    """
    for placed in controls:
        split(placed)


def finished(course: Course, scenario: Scenario, days: float) -> Course:
    """The course with what only its end shows: notices that came late or never, and shops that were reached again."""
    penalty = late_penalty(scenario)
    for notice in course.notices:
        if notice.owed and min(notice.done, days) > notice.due:
            course.note(notice.due, notice.attack, "", "notice_late", amount=penalty)
    for stop in course.stops:
        if stop.until < days:
            course.note(stop.until, stop.attack, stop.step, "shop_reopened")
    course.incidents.sort(key=lambda row: row.t)
    course.incidents = [row for row in course.incidents if row.t < days]
    return course
