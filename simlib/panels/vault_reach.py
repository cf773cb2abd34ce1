"""Panel of lesson 08: what a thief reads by each way to the data, for other habits at the vault (row D8)."""

from __future__ import annotations

from matplotlib.axes import Axes

from simlib import figures
from simlib.facts import value
from simlib.languages import _
from simlib.panels.what_if import Choice, Slider, Values, WhatIf
from simlib.privacy.offline_vault import Holding

YEARS, MOST_YEARS = 5, 10
"""Years of orders in the vault: at first (bookkeeping asks for about five), and at the end of the slider."""
MOST_DAYS = 180
MOST_WORDS = 6


def what_if_vault_reach(orders_per_day: float, days_online: float) -> WhatIf:
    """What a thief reads by each way, given that he comes that way.

    Parameters
    ----------
    orders_per_day
        Of the shop.
    days_online
        Mean time an order stays readable in the web shop.
    """
    # The vault brings cryptography along, which other lessons need not wait for.
    from simlib.vault.sealing import DEFAULT_COST

    def draw(values: Values, ax: Axes) -> object:
        holding = Holding(
            orders_per_day=orders_per_day,
            days_online=days_online,
            years=values["years"],
            log_ins_per_week=values["log_ins"],
            days_unnoticed=values["days"],
            password_words=values["words"],
            stick_returns=values["stick"] == "returns",
            memory_kib=DEFAULT_COST.memory_kib,
            passes=DEFAULT_COST.passes,
        )
        return figures.orders_by_way(holding, ax)

    return WhatIf(
        [
            Choice(
                "stick",
                _("the stick"),
                [
                    (_("goes back to the shop's PC"), "returns"),
                    (_("stays at the vault, a new one each time"), "stays"),
                ],
                "returns",
            ),
            Slider("years", _("years of orders in the vault"), 1, MOST_YEARS, 1, YEARS),
            Slider("log_ins", _("days a week with a log-in"), 0, 7, 1, value("vault-log-ins-per-week")),
            Slider("days", _("days until malware is noticed"), 1, MOST_DAYS, 1, value("vault-intruder-days")),
            Slider("words", _("words in the weakest password"), 1, MOST_WORDS, 1, value("password-words")),
        ],
        draw,
    )
