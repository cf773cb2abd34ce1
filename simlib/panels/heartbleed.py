"""Panels of lesson 07: what is collected until the shop's update, and what stays open after it."""

from __future__ import annotations

from functools import lru_cache

from matplotlib.axes import Axes

from simlib import figures
from simlib.attacker.heartbeat import MOST_STATED
from simlib.attacker.heartbleed import Harvest, Response, harvest
from simlib.attacker.server_memory import Film
from simlib.languages import _
from simlib.panels.what_if import Choice, Slider, Values, WhatIf

MOST_DAYS = 30
"""Latest day of the sliders: a month."""

DAYS_SHOWN = 60
"""Days after the update that are shown."""


def what_if_update(film: Film, seed: int) -> WhatIf:
    """What is collected from publication to the shop's update.

    Parameters
    ----------
    film
        The memory, from the day that stands for the publication on, for at least `MOST_DAYS` days.
    seed
        Of the attacker.
    """

    def draw(values: Values, ax: Axes) -> object:
        days = values["update_days"]
        stated = min(MOST_STATED, 1024 * values["kilobytes"])
        taken = harvest(film, film.begin, film.begin + days, days * values["requests_a_day"], seed, stated)
        return figures.collected_by_day(taken, film.begin, film.begin + days, MOST_DAYS, ax)

    return WhatIf(
        [
            Slider("update_days", _("days until the shop updates"), 1, MOST_DAYS, 1, 7),
            Slider("requests_a_day", _("requests a day"), 100, 5_000, 100, 1_000),
            Slider("kilobytes", _("kilobytes asked for each time"), 16, 64, 24, 40),
        ],
        draw,
    )


def what_if_response(taken: Harvest) -> WhatIf:
    """How many accounts stay open after the update.

    Parameters
    ----------
    taken
        What the attacker took until the update.
    """

    @lru_cache(maxsize=64)
    def response(new_keys: int, sessions: int, passwords: int) -> Response:
        updated = taken.end
        return Response(updated, updated + new_keys, updated + sessions, updated + passwords)

    def draw(values: Values, ax: Axes) -> object:
        chosen = response(values["new_keys"], values["sessions"], values["passwords"])
        compared = {_("update only"): Response(taken.end), _("your plan"): chosen}
        return figures.accounts_over_time(taken, compared, values["key"], DAYS_SHOWN, ax, mark_days=True)

    options = [(label, name) for name, label in figures.key_names().items()]
    return WhatIf(
        [
            Choice("key", _("Has the thief the private key?"), options, "found"),
            Slider("new_keys", _("days until new keys and certificate"), 0, MOST_DAYS, 1, 10),
            Slider("sessions", _("days until all sessions are ended"), 0, MOST_DAYS, 1, 3),
            Slider("passwords", _("days until all passwords are changed"), 0, MOST_DAYS, 1, 3),
        ],
        draw,
    )
