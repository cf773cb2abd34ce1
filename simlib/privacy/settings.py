"""Buyers' settings: what a shop's pages show of its buyers to anyone, and how many can be named from it (row E6).

A buyer is *identifiable* if a public page shows his name, or if what it shows fits nobody else among the shop's
buyers. Which setting a buyer has follows from the default unless he changed it, and few do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from simlib.facts import value
from simlib.languages import _
from simlib.privacy.anonymising import generalised, group_sizes
from simlib.streams import stream

if TYPE_CHECKING:
    import pandas as pd

SETTINGS: Final = ("review-name", "review-profile", "wish-list", "purchases")
"""What a buyer can make public or private."""

SHOWN: Final[dict[str, dict[str, str]]] = {
    "review-name": {},
    "review-profile": {"birthday": "decade", "postcode": "district", "sex": "told"},
    "wish-list": {"birthday": "day"},
    "purchases": {"postcode": "district", "sex": "told"},
}
"""Setting → what it shows of birthday, district and sex when public; the name under a review is shown as it is."""


def setting_label(setting: str) -> str:
    """A setting in the reader's language, with what it shows."""
    return {
        "review-name": _("full name under a review"),
        "review-profile": _("profile: age group, district, sex"),
        "wish-list": _("wish list with birthday"),
        "purchases": _("“just bought”: district, sex"),
    }[setting]


@dataclass(frozen=True)
class Shown:
    """Whom anybody can name.

    Attributes
    ----------
    by_setting
        Setting → how many buyers it makes identifiable by itself.
    together
        Buyers identifiable by at least one of them.
    buyers
        All buyers.
    """

    by_setting: dict[str, int]
    together: int
    buyers: int


def identifiable(
    buyers: pd.DataFrame, public: dict[str, bool], seed: int, changed: float | None = None
) -> Shown:
    """Count the buyers whom anybody can name from public pages.

    Parameters
    ----------
    buyers
        As `simlib.people.buyers` gives them.
    public
        Setting → whether it is public unless the buyer changes it.
    seed
        Of the run, for who changed a setting and who keeps a wish list (stream “buyer settings”).
    changed
        Share of buyers who change a setting; by default the fact ``settings-changed-share``.
    """
    share = value("settings-changed-share") if changed is None else changed
    draws = stream(seed, "buyer settings").random((len(SETTINGS) + 1, len(buyers)))
    keeps_list = draws[-1] < value("wish-list-share")
    reviewed = np.asarray(buyers["reviewed"], dtype=bool)
    has = {
        "review-name": reviewed,
        "review-profile": reviewed,
        "wish-list": keeps_list,
        "purchases": np.ones(len(buyers), dtype=bool),
    }
    named: dict[str, npt.NDArray[np.bool_]] = {}
    for setting, draw in zip(SETTINGS, draws, strict=False):
        is_public = (draw >= share) if public[setting] else (draw < share)
        fits_nobody_else = (
            group_sizes(generalised(buyers, SHOWN[setting])) == 1
            if SHOWN[setting]
            else np.ones(len(buyers), dtype=bool)
        )
        named[setting] = has[setting] & is_public & fits_nobody_else
    return Shown(
        by_setting={setting: int(who.sum()) for setting, who in named.items()},
        together=int(np.logical_or.reduce(list(named.values())).sum()),
        buyers=len(buyers),
    )
