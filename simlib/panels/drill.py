"""The incident drill: an attack told in turns to a group around a table, which decides while the clock runs.

The panel shows what the owner would know by now and nothing else. Which attack it is, what the attacker does unseen and
how it could have ended comes only when it is over.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final

import ipywidgets
from IPython.display import display

from simlib import figures
from simlib.attacker import Drill, Incident, campaign
from simlib.attacker.campaign import Encrypt
from simlib.attacker.effects import amount_in
from simlib.attacker.telling import option_label, question_label, tell
from simlib.attacker.words import campaign_story, campaign_title
from simlib.defence.response import Question, notice_due
from simlib.facts import value
from simlib.figures.controls import in_table_order
from simlib.figures.tables import number
from simlib.languages import _
from simlib.risk import Trials, debrief
from simlib.scenario import MINOR_UNITS

FIRST_DAY: Final = 40.0
"""Day on which each case begins: the shop has been running long enough to have something to lose."""

MOST_TRIED: Final = 60
"""Attackers that are looked at to find one who gets through and is noticed."""

WAITS: Final = (1.0, 4.0, 24.0)
"""Hours for which the group may put a decision off."""


def cases(shops: Sequence[Trials]) -> list[tuple[Trials, str, int]]:
    """Cases for a drill: shop, campaign and attacker, in an order that tells nothing.

    Parameters
    ----------
    shops
        A campaign comes to the first of them in which it can begin.

    Returns
    -------
    list
        One for each campaign of which an attacker gets through and the owner has at least three things to decide.
    """
    found = []
    for what in in_table_order():
        shop = next((each for each in shops if what.possible(each.scenario)), None)
        for attacker in range(MOST_TRIED if shop else 0):
            assert shop is not None
            course, loss = shop.trial(what.name, attacker, day=FIRST_DAY)
            decided = sum(row.kind == "decided" for row in course.incidents)
            if decided >= 3 and loss.total > 0:
                found.append((shop, what.name, attacker))
                break
    # Seven and the number of cases share no factor unless it is a multiple of seven; then the order stays as it is.
    step = 7 if len(found) % 7 else 1
    return [found[place * step % len(found)] for place in range(len(found))]


class IncidentDrill:
    """Buttons, a clock, and what is known so far.

    Parameters
    ----------
    shops
        Shops to which attackers may come.
    """

    def __init__(self, shops: Sequence[Trials]) -> None:
        self.cases = cases(shops)
        wide = {"width": "auto"}
        self.case = ipywidgets.Dropdown(
            options=[
                (_("Case {number}").format(number=place + 1), place) for place in range(len(self.cases))
            ],
            value=0,
            description=_("Case:"),
        )
        self.again = ipywidgets.Button(
            description=_("Begin this case again"),
            tooltip=_("The same attack from its first day"),
            layout=wide,
        )
        self.on = ipywidgets.Button(
            description=_("Let the clock run"),
            tooltip=_("Until you learn something or must decide"),
            button_style="primary",
            layout=wide,
        )
        self.clock, self.log, self.asked, self.end = (ipywidgets.HTML() for _place in range(4))
        row = {"flex_flow": "row wrap", "align_items": "center", "width": "100%"}
        self.buttons = ipywidgets.Box([], layout=row)
        self.told: list[tuple[float, Incident]] = []
        self.case.observe(lambda _change: self.begin(), names="value")
        self.again.on_click(lambda _button: self.begin())
        self.on.on_click(lambda _button: self.advance())
        self.box = ipywidgets.VBox(
            [
                ipywidgets.Box([self.case, self.again], layout=row),
                self.clock,
                self.log,
                self.asked,
                self.buttons,
                self.end,
            ]
        )
        self.begin()

    # -- turns ---------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin the chosen case."""
        self.shop, self.attack, self.attacker = self.cases[self.case.value]
        scenario = self.shop.attacked(self.attack, self.attacker, day=FIRST_DAY)
        self.drill = Drill(scenario, days=self.shop.days, seed=self.shop.seed + self.attacker)
        self.told = []
        self.end.value = ""
        self._show()

    def advance(self) -> None:
        """Let the clock run until there is news."""
        self._hear(self.drill.advance())

    def wait(self, hours: float) -> None:
        """Put the decision off."""
        self._hear(self.drill.wait(hours))

    def answer(self, option: str) -> None:
        """Decide."""
        self.drill.answer(option)
        self._hear(self.drill.advance())

    def _pressed(self, question: Question, option: str) -> None:
        """Answer, unless the button was pressed twice and its question is answered already."""
        if self.drill.question is question:
            self.answer(option)

    def _hear(self, news: Sequence[Incident]) -> None:
        self.told += [(row.t, row) for row in news]
        self._show()
        if self.drill.over:
            self.end.value = self.debriefing()

    # -- what is shown -------------------------------------------------------------------------------------------

    def moment(self, t: float) -> str:
        """A time of the run as date and time of day."""
        start = datetime.combine(self.drill.scenario.start, time())
        return (start + timedelta(days=t)).strftime("%Y-%m-%d %H:%M")

    def lines(self) -> list[str]:
        """What the group knows so far, one line for each thing."""
        found = []
        for t, row in self.told:
            # Who works through it sees the task; which step of the attack it belongs to is not theirs to know.
            line = f"{self.moment(t)}  {tell(self.attack, '', row.kind, row.what, row.amount)}"
            if line not in found:
                found.append(line)
        return found

    def hint(self, question: Question) -> str:
        """What the group must know to answer a question: a sum, a deadline, what a task takes."""
        shop = self.drill.scenario
        if question.kind == "pay":
            asked = _ransom(self.attack, self.shop)
            return _(
                "The letter asks for {amount} {currency}. Nobody knows whether the key will work."
            ).format(amount=number(round(asked)), currency=shop.currency)
        if question.kind == "notify":
            aware = next((t for t, row in self.told if row.kind in ("seen", "found_late")), self.drill.t)
            due = notice_due(shop, aware)
            if due == float("inf"):
                return _("The law of this place does not demand it.")
            return _("The law wants it by {moment}.").format(moment=self.moment(due))
        return {
            "contain": _("He may still be inside. Nobody can work while it is done."),
            "restore": _("Only what the attacker has left can be chosen."),
            "patch": _("It takes about {hours} hours.").format(hours=number(value("patch-hours"))),
            "renew-keys": _("It takes about {hours} hours.").format(hours=number(value("renew-keys-hours"))),
            "tell-customers": _("They may be called by strangers who know what they ordered."),
        }.get(question.kind, "")

    def _show(self) -> None:
        question = self.drill.question
        self.clock.value = (
            f'<p style="font-size:1.3em;font-weight:bold;margin:0.2em 0">{self.moment(self.drill.t)}</p>'
        )
        known = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines())
        nothing = html.escape(_("So far it is a day like any other."))
        head = html.escape(_("What we know so far"))
        self.log.value = (
            f'<div role="log" style="line-height:1.4"><b>{head}</b>'
            f'<ul style="margin:0.2em 0">{known or f"<li>{nothing}</li>"}</ul></div>'
        )
        if question is None:
            self.asked.value = ""
            self.buttons.children = [] if self.drill.over else [self.on]
            return
        words = f"<b>{html.escape(question_label(question.kind))}</b> {html.escape(self.hint(question))}"
        self.asked.value = f'<p role="status" style="font-size:1.1em;margin:0.3em 0">{words}</p>'
        self.buttons.children = [*self._options(question), *self._waits()]

    def _options(self, question: Question) -> list[Any]:
        found = []
        for option in question.options:
            button = ipywidgets.Button(
                description=option_label(question.kind, option),
                tooltip=_("Decide so"),
                button_style="primary",
                layout={"width": "auto"},
            )
            button.on_click(lambda _button, option=option: self._pressed(question, option))
            found.append(button)
        return found

    def _waits(self) -> list[Any]:
        found = []
        for hours in WAITS:
            button = ipywidgets.Button(
                description=_("Wait {hours} h").format(hours=number(hours)),
                tooltip=_("The clock runs on meanwhile"),
                layout={"width": "auto"},
            )
            button.on_click(lambda _button, hours=hours: self.wait(hours))
            found.append(button)
        return found

    # -- afterwards ----------------------------------------------------------------------------------------------

    def debriefing(self) -> str:
        """What really happened, and how it could have gone, as HTML."""
        found = debrief(self.drill, self.shop.calm)
        shop = self.drill.scenario
        compared = {
            _("your way"): (found.own.course, found.own.loss),
            _("best way"): (found.best.course, found.best.loss),
        }
        title = f"{campaign(self.attack).number}. {campaign_title(self.attack)}"
        decisions = "".join(
            f"<p><b>{html.escape(label)}:</b> {html.escape(figures.decisions_text(way))}</p>"
            for label, way in ((_("your way"), found.own), (_("best way"), found.best))
        )
        return (
            f"<h4>{html.escape(_('It is over. This is what it was:'))} {html.escape(title)}</h4>"
            f"<p>{html.escape(campaign_story(self.attack))}</p>"
            f"{figures.html_picture(figures.ways_compared(found, shop))}{decisions}"
            f"{figures.html_picture(figures.attack_timelines(self.attack, compared, shop))}"
        )

    def show(self) -> None:
        """Put the drill into the notebook."""
        display(self.box)  # type: ignore[no-untyped-call]


def _ransom(attack: str, shop: Trials) -> float:
    """What the attacker's letter asks for, in currency units."""
    total = 0
    for step in campaign(attack).steps:
        for effect in step.effects:
            if isinstance(effect, Encrypt) and effect.ransom is not None:
                total += amount_in(shop.scenario, effect.ransom, effect.currency)
            elif isinstance(effect, Encrypt):
                total += amount_in(shop.scenario, value("ransom-usd"), "USD")
    return total / MINOR_UNITS[shop.scenario.currency]
