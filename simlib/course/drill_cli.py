"""``safeshop drill``: the incident drill of lesson 06 in a terminal, for a group without a notebook.

The cases and every word of a turn are those of the notebook (`simlib.risk.tabletop`); here they are only printed, and
answered with Enter or a number. Nothing heavy is imported before the command runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from simlib.errors import SafeShopError
from simlib.languages import LANGUAGES, _, set_language

if TYPE_CHECKING:
    from simlib.risk import Debrief, Trials
    from simlib.risk.tabletop import Tabletop

PRESETS: Final = ("taiwan-gift-shop", "mainland-marketplace-store")
"""Shops of lesson 06; with `DAYS` and `SEED` the cases are the notebook's."""

DAYS: Final = 120
"""Days of a shop's quiet run, as in lesson 06."""

SEED: Final = 2026
"""Seed of lesson 06."""


def add_drill(app: typer.Typer) -> None:
    """Enter the command.

    Parameters
    ----------
    app
        The command line.
    """
    app.command(help=_("Play an incident as a group, in the terminal: the clock runs, and you decide."))(
        drill
    )


def drill(
    case: Annotated[
        str | None, typer.Argument(help=_("Number of the case; asked for if left out."), metavar="CASE")
    ] = None,
    preset: Annotated[
        list[str] | None,
        typer.Option(help=_("Shop to play in, preset or file (.yaml); by default the two of lesson 06.")),
    ] = None,
    seed: Annotated[int, typer.Option(help=_("Seed of chance: the same seed gives the same cases."))] = SEED,
    lang: Annotated[
        str | None, typer.Option(help=_("Language: {tags}.").format(tags=", ".join(LANGUAGES)))
    ] = None,
) -> None:
    """Play an incident in the terminal."""
    if lang is not None and lang not in LANGUAGES:
        raise SafeShopError(
            _("The language must be one of {tags}, not {tag}.").format(tags=", ".join(LANGUAGES), tag=lang)
        )
    if lang is not None:
        set_language(lang)
    if case is not None:
        # Before the shops are run, which takes a while.
        _number(case)
    from simlib.risk.tabletop import Tabletop, cases

    _say(_("The shops are being run for {days} days …").format(days=DAYS))
    known = cases(shops(preset or PRESETS, seed))
    if not known:
        raise SafeShopError(
            _("No attack leaves this shop anything to decide; choose another preset or another seed.")
        )
    play(Tabletop(*known[_chosen(case, len(known)) - 1]))


def shops(presets: list[str] | tuple[str, ...], seed: int) -> list[Trials]:
    """The shops to which attackers may come, each after its quiet run.

    Parameters
    ----------
    presets
        Names of presets, or scenario files.
    seed
        Of the runs, and of the first attacker.
    """
    from simlib.risk import Trials
    from simlib.scenario import Scenario

    # Read first: a wrong name is told before anything runs.
    described = [Scenario.load(name) for name in presets]
    return [Trials(one, days=DAYS, seed=seed) for one in described]


def play(table: Tabletop) -> None:
    """Play a case from its first day to its debrief.

    Parameters
    ----------
    table
        A case that has not begun.

    Raises
    ------
    SafeShopError
        If the answers end before the case does.
    """
    told = 0
    _say("")
    _say(_("So far it is a day like any other."))
    while not table.drill.over:
        _say(f"\n— {table.moment(table.drill.t)} —")
        lines = table.lines()
        for line in lines[told:]:
            _say(f"  {line}")
        told = len(lines)
        _turn(table)
    for line in table.lines()[told:]:
        _say(f"  {line}")
    _debriefing(table, table.debrief())


def _turn(table: Tabletop) -> None:
    """One decision, or the clock."""
    from simlib.attacker.telling import option_label, question_label
    from simlib.risk.tabletop import WAITS

    question = table.drill.question
    if question is None:
        _ask(_("Enter lets the clock run until you learn something or must decide"))
        table.advance()
        return
    _say("\n" + f"{question_label(question.kind)} {table.hint(question)}".rstrip())
    words = [option_label(question.kind, option) for option in question.options]
    words += [_("Wait {hours} h").format(hours=f"{hours:g}") for hours in WAITS]
    for place, word in enumerate(words, 1):
        _say(f"  {place}  {word}")
    chosen = _choice(len(words)) - 1
    if chosen < len(question.options):
        table.answer(question.options[chosen])
    else:
        table.wait(WAITS[chosen - len(question.options)])


def _debriefing(table: Tabletop, found: Debrief) -> None:
    """What it was, what really happened, and how it could have gone."""
    from rich.console import Console
    from rich.table import Table

    from simlib.attacker.campaign import campaign
    from simlib.attacker.words import campaign_story, campaign_title
    from simlib.risk import decisions_text, part_label, verdict

    over = _("It is over. This is what it was:")
    _say(f"\n{over} {campaign(table.attack).number}. {campaign_title(table.attack)}")
    _say(campaign_story(table.attack))
    _say("\n" + _("What really happened"))
    for line in table.whole_log():
        _say(f"  {line}")
    _say("")
    currency = table.drill.scenario.currency
    ways = {
        _("your way"): found.own,
        _("standing orders"): found.usual,
        _("best way"): found.best,
        _("worst way"): found.worst,
    }
    shown = Table(title=_("Your way and the others, with the same luck"), title_justify="left")
    shown.add_column("")
    for head in (part_label("total"), part_label("customers"), _("together")):
        shown.add_column(f"{head} ({currency})", justify="right")
    for label, way in ways.items():
        sums = (way.loss.total, way.loss.customers, way.harm)
        shown.add_row(label, *(f"{round(amount):,}" for amount in sums))
    Console().print(shown)
    _say(verdict(found, currency))
    for label in (_("your way"), _("best way")):
        _say("\n" + _("{line}: {detail}").format(line=label, detail=decisions_text(ways[label])))


# -- asking ----------------------------------------------------------------------------------------------------


def _chosen(case: str | None, count: int) -> int:
    if case is None:
        _say(_("There are cases 1 to {count}; their order tells nothing.").format(count=count))
        return _choice(count)
    number = _number(case)
    if number > count:
        raise SafeShopError(
            _("There is no case {given}; there are 1 to {count}.").format(given=number, count=count)
        )
    return number


def _number(case: str) -> int:
    if not case.isdecimal() or int(case) == 0:
        raise SafeShopError(_("A case is a number such as 3, not “{given}”.").format(given=case))
    return int(case)


def _choice(count: int) -> int:
    """A number from 1 to `count`, asked for until it is one; a decision is never taken by Enter alone."""
    while True:
        given = _ask(_("Number")).strip()
        if given.isdecimal() and 1 <= int(given) <= count:
            return int(given)
        _say(_("Type a number from 1 to {count}.").format(count=count))


def _ask(question: str) -> str:
    try:
        return input(f"{question} > ")
    except EOFError:
        raise SafeShopError(
            _("The drill was left before its end; the same command begins the case again.")
        ) from None


def _say(sentence: str) -> None:
    print(sentence, flush=True)
