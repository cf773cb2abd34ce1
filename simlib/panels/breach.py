"""Panels of lesson 06: one attack with and without a control, many of them with an error bar, and whole years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.axes import Axes

from simlib import figures
from simlib.attacker import campaign
from simlib.attacker.strength import stopping_controls
from simlib.attacker.words import campaign_title
from simlib.facts import value
from simlib.figures.breach import TALL
from simlib.figures.controls import control_label, in_table_order
from simlib.languages import _
from simlib.panels.what_if import Choice, Slider, Values, WhatIf
from simlib.risk import Trials
from simlib.scenario import Backup, Defence

EVERYTHING: Final = "everything"
"""Choice: all controls that have a part in the attack."""

TESTED_COPY: Final = "tested-copy"
"""Choice: a copy without any link to the shop's machines, from which somebody has restored before."""

YEARS_DRAWN: Final = 2000
"""Years behind a picture of losses a year."""

BUNDLES: Final[dict[str, tuple[str, ...]]] = {
    "updates": ("2.2", "7.1", "7.2", "7.3", "7.4"),
    "second-step": ("6.3", "6.4", "5.2", "security-key"),
    "people": ("14.1", "14.2", "14.6", "17.3", "call-back"),
    "rights": ("3.3", "5.1", "5.3", "6.1", "6.2", "8.2"),
}
"""Things that a shop does together → the controls that they are."""


def bundle_labels() -> dict[str, str]:
    """The bundles of `what_if_years` in the reader's language."""
    return {
        "updates": _("update everything"),
        "second-step": _("second step at sign-in"),
        "people": _("ask first, call back"),
        "rights": _("few rights, looked at often"),
        EVERYTHING: _("all four together"),
    }


def bundle(name: str) -> tuple[str, ...]:
    """The controls of a bundle, or of all together."""
    if name == EVERYTHING:
        return tuple(control for controls in BUNDLES.values() for control in controls)
    return BUNDLES[name]


def has_part(attack: str) -> tuple[str, ...]:
    """What a learner may switch on against an attack: what stops it, what makes it seen, or lets the shop recover.

    Parameters
    ----------
    attack
        Name of the campaign.
    """
    what = campaign(attack)
    needed = [sight.needs for step in what.steps for sight in step.seen_by if sight.needs]
    found = list(dict.fromkeys([*stopping_controls(what), *needed]))
    encrypts = any(effect.kind == "encrypt" for step in what.steps for effect in step.effects)
    return (*found, *([TESTED_COPY] if encrypts else []), EVERYTHING)


def protection_label(name: str) -> str:
    """A choice of `has_part` in the reader's language."""
    if name == EVERYTHING:
        return _("all of these together")
    if name == TESTED_COPY:
        return _("a tested copy that is not connected")
    return control_label(name)


def protected(trials: Trials, attack: str, name: str) -> Defence:
    """The shop's defence with what was chosen.

    Parameters
    ----------
    trials
        Of the shop.
    attack
        Name of the campaign.
    name
        One of `has_part`.
    """
    chosen = has_part(attack)[:-1] if name == EVERYTHING else (name,)
    defence = trials.with_controls(each for each in chosen if each != TESTED_COPY)
    if TESTED_COPY in chosen:
        defence = defence.model_copy(update={"backup": Backup(offline=True, tested=True)})
    return defence


def attack_options() -> list[tuple[str, str]]:
    """All attacks, by number and title."""
    return [(f"{one.number}. {campaign_title(one.name)}", one.name) for one in in_table_order()]


def where_possible(shops: Sequence[Trials], attack: str) -> Trials:
    """The first of the shops in which an attack can begin; the first of all if it can in none."""
    return next((shop for shop in shops if campaign(attack).possible(shop.scenario)), shops[0])


class AgainstAttack(WhatIf):
    """A panel in which the controls to choose from are those that have a part in the chosen attack."""

    def redraw(self) -> None:
        """Offer the controls of the chosen attack, then draw."""
        if self.quiet:
            return
        offered = [(protection_label(name), name) for name in has_part(self.controls["attack"].value)]
        choice = self.controls["control"]
        if list(choice.options) != offered:
            self.quiet = True
            kept = choice.value
            choice.options = offered
            choice.value = kept if kept in [name for _label, name in offered] else offered[0][1]
            self.quiet = False
        super().redraw()

    def put_back(self) -> None:
        """Put all controls where they stood at first; the attack first, for the others depend on it."""
        self.quiet = True
        self.controls["attack"].value = self.at_first["attack"]
        self.controls["control"].options = [
            (protection_label(name), name) for name in has_part(self.at_first["attack"])
        ]
        self.quiet = False
        super().put_back()


def what_if_attack(shops: Mapping[str, Trials], attack: str = "ransomware") -> AgainstAttack:
    """One attacker: what he did, what was seen, taken and lost; and the same attacker with a control (rows D2, D4, D8).

    Parameters
    ----------
    shops
        Label → trials.
    attack
        The campaign that is chosen at first.
    """
    trials = list(shops.values())
    days = trials[0].days
    options = has_part(attack)

    def draw(values: Values, ax: Axes) -> object:
        shop, name, chosen = trials[values["shop"]], values["attack"], values["control"]
        if not campaign(name).possible(shop.scenario):
            return figures.attack_impossible(name, shop.scenario, protection_label(chosen), ax)
        who, day = values["attacker"] - 1, float(values["day"])
        compared = {
            _("without"): shop.trial(name, who, day=day),
            _("with “{control}”").format(control=protection_label(chosen)): shop.trial(
                name, who, protected(shop, name, chosen), day
            ),
        }
        return figures.attack_timelines(name, compared, shop.scenario, ax)

    return AgainstAttack(
        [
            Choice("shop", _("shop"), [(label, place) for place, label in enumerate(shops)], 0),
            Choice("attack", _("attack"), attack_options(), attack),
            Choice(
                "control", _("switched on"), [(protection_label(name), name) for name in options], options[0]
            ),
            Slider("day", _("day on which it begins"), 20, days // 2, 1, 40),
            Slider("attacker", _("which attacker (each has his own luck)"), 1, 40, 1, 2),
        ],
        draw,
        TALL,
    )


PARTS_SHOWN: Final = ("total", "persons_taken", "customers")
"""What `what_if_control` may count."""


def what_if_control(shops: Sequence[Trials], attack: str = "account-takeover") -> AgainstAttack:
    """Many attackers: whether a control helps, with its error bar (rows D2, D3, E4).

    Parameters
    ----------
    shops
        An attack comes to the first of them in which it can begin.
    attack
        The campaign that is chosen at first.
    """
    options = has_part(attack)

    def draw(values: Values, ax: Axes) -> object:
        name, chosen, part = values["attack"], values["control"], values["part"]
        shop = where_possible(shops, name)
        count = values["attackers"]
        unit = _("persons") if part == "persons_taken" else shop.scenario.currency
        return figures.control_effect(
            shop.walks(name, count),
            shop.walks(name, count, protected(shop, name, chosen)),
            protection_label(chosen),
            part,
            unit,
            campaign_title(name),
            ax,
        )

    return AgainstAttack(
        [
            Choice("attack", _("attack"), attack_options(), attack),
            Choice(
                "control", _("switched on"), [(protection_label(name), name) for name in options], options[0]
            ),
            Choice(
                "part",
                _("counted"),
                [(figures.measure_label(part), part) for part in PARTS_SHOWN],
                PARTS_SHOWN[0],
            ),
            Slider("attackers", _("attackers sent"), 5, 60, 5, 5),
        ],
        draw,
    )


def what_if_years(trials: Trials) -> WhatIf:
    """Years of attackers: how often, and how bad (row D3 over years, D4).

    Parameters
    ----------
    trials
        Of the shop.
    """
    labels = bundle_labels()
    # The walks behind every picture, done beforehand: then no slider has to wait for them.
    for name in labels:
        trials.library_error(1.0, trials.with_controls(bundle(name)))
    claims = round(1000 * float(value("small-firm-claims-per-year")))

    def draw(values: Values, ax: Axes) -> object:
        attempts = values["claims"] / 1000 * values["attempts"]
        guarded = trials.with_controls(bundle(values["bundle"]))
        compared = {_("nothing set"): None, labels[values["bundle"]]: guarded}
        return figures.loss_exceedance(
            {
                label: trials.years(YEARS_DRAWN, attempts, defence, seed=trials.seed)
                for label, defence in compared.items()
            },
            trials.scenario.currency,
            ax,
            {label: trials.library_error(attempts, defence) for label, defence in compared.items()},
        )

    return WhatIf(
        [
            Slider("claims", _("claims a year, of 1,000 shops"), 2, 50, 1, claims),
            Slider("attempts", _("attacks for each claim"), 5, 100, 5, int(value("attempts-per-claim"))),
            Choice(
                "bundle", _("switched on"), [(label, name) for name, label in labels.items()], "second-step"
            ),
        ],
        draw,
    )
