"""The incident drill: an attack told in turns to a group around a table, which decides while the clock runs.

The panel shows what the owner would know by now and nothing else. Which attack it is, what the attacker does unseen and
how it could have ended comes only when it is over.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets
from IPython.display import display

from simlib import figures
from simlib.attacker import Drill, Incident, campaign
from simlib.attacker.telling import option_label, question_label
from simlib.attacker.words import campaign_story, campaign_title
from simlib.defence.response import Question
from simlib.figures.tables import number
from simlib.languages import _
from simlib.risk import Trials, decisions_text
from simlib.risk.tabletop import WAITS, Tabletop, cases


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
        self.table = Tabletop(*self.cases[self.case.value])
        self.end.value = ""
        self._show()

    @property
    def drill(self) -> Drill:
        """The attack in turns."""
        return self.table.drill

    @property
    def attack(self) -> str:
        """Name of the campaign."""
        return self.table.attack

    @property
    def told(self) -> list[tuple[float, Incident]]:
        """What the owner has learned: (when in days, what)."""
        return self.table.told

    def advance(self) -> None:
        """Let the clock run until there is news."""
        self.table.advance()
        self._heard()

    def wait(self, hours: float) -> None:
        """Put the decision off."""
        self.table.wait(hours)
        self._heard()

    def answer(self, option: str) -> None:
        """Decide."""
        self.table.answer(option)
        self._heard()

    def _pressed(self, question: Question, option: str) -> None:
        """Answer, unless the button was pressed twice and its question is answered already."""
        if self.drill.question is question:
            self.answer(option)

    def _heard(self) -> None:
        self._show()
        if self.drill.over:
            self.end.value = self.debriefing()

    # -- what is shown -------------------------------------------------------------------------------------------

    def _show(self) -> None:
        question = self.drill.question
        now = self.table.moment(self.drill.t)
        self.clock.value = f'<p style="font-size:1.3em;font-weight:bold;margin:0.2em 0">{now}</p>'
        known = "".join(f"<li>{html.escape(line)}</li>" for line in self.table.lines())
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
        words = (
            f"<b>{html.escape(question_label(question.kind))}</b> {html.escape(self.table.hint(question))}"
        )
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
        found = self.table.debrief()
        shop = self.drill.scenario
        compared = {
            _("your way"): (found.own.course, found.own.loss),
            _("best way"): (found.best.course, found.best.loss),
        }
        title = f"{campaign(self.attack).number}. {campaign_title(self.attack)}"
        decisions = "".join(
            f"<p><b>{html.escape(label)}:</b> {html.escape(decisions_text(way))}</p>"
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
