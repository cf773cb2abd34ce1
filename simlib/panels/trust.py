"""Panels of lesson 04: a store under watch, false reviews, screening, lost parcels."""

from __future__ import annotations

from functools import lru_cache

from matplotlib.axes import Axes

from simlib import figures
from simlib.experiment import run_once
from simlib.facts import value
from simlib.languages import _
from simlib.logistics import lost_parcels
from simlib.panels.what_if import Choice, Slider, Values, WhatIf
from simlib.platform.ratings import FalseReviews, credit_by_day, ratings_of
from simlib.platform.rules import VIOLATIONS, violation_label
from simlib.platform.verification import Detector, all_must_flag, detector, expected
from simlib.records import Run
from simlib.scenario import Scenario

WATCH_DAYS = 30
"""Days of a run under watch: long enough to see the consequences, short enough for a redraw in under 0.3 s."""

MOST_ORDERS_PER_DAY = 16
"""A small store; at more orders a day, two runs for one picture would take too long."""

REVIEW_DAYS = 60
MOST_NEW_SELLER_ORDERS = 10
"""Days and orders a day of a new seller: reviews begin after about two weeks."""

SCREENED = 10_000
"""Cases that a check sorts in its panel."""

PARCEL_DAYS = 50
PARCELS_KNOWN = 26
"""Days of a run with lost parcels; the fate of those sent by day 26 is known at its end, whatever the controls say."""

MOST_CLAIM_DAYS = 15


def what_if_watched(scenario: Scenario, seed: int) -> WhatIf:
    """A store under its platform's rules, for other demand, packing times and incidents (row A11).

    Parameters
    ----------
    scenario
        A store on a marketplace; one person packs.
    seed
        The customers are the same wherever the controls stand.
    """
    watched = scenario.changed(oversight__enforced=True, oversight__incidents=[], staff__packers=1)

    @lru_cache(maxsize=4)
    def quiet(orders_per_day: int, packing_minutes: int) -> Run:
        return run_once(shop(orders_per_day, packing_minutes), days=WATCH_DAYS, seed=seed)

    def shop(orders_per_day: int, packing_minutes: int) -> Scenario:
        return watched.changed(
            demand__orders_per_day=orders_per_day,
            staff__packing__mean=packing_minutes,
            staff__packing__unit="minutes",
        )

    def draw(values: Values, ax: Axes) -> object:
        orders_per_day, minutes = values["orders_per_day"], values["packing_minutes"]
        incident = {"day": values["day"], "kind": values["kind"]}
        found_out = shop(orders_per_day, minutes).changed(oversight__incidents=[incident])
        runs = {
            _("nothing found out"): quiet(orders_per_day, minutes),
            _("found out: {violation}").format(violation=violation_label(values["kind"])): run_once(
                found_out, days=WATCH_DAYS, seed=seed
            ),
        }
        return figures.store_watched(runs, ax)

    kinds = [kind for kind in VIOLATIONS if kind not in ("late-shipment", "not-shipped")]
    return WhatIf(
        [
            Choice(
                "kind",
                _("what is found out"),
                [(violation_label(kind), kind) for kind in kinds],
                "leaked-data",
            ),
            Slider("day", _("day on which it is found out"), 2, 26, 1, 10),
            Slider("orders_per_day", _("orders a day"), 4, MOST_ORDERS_PER_DAY, 1, 10),
            Slider("packing_minutes", _("minutes to pack a parcel"), 5, 60, 5, 10),
        ],
        draw,
    )


def what_if_false_reviews(scenario: Scenario, seed: int) -> WhatIf:
    """What bought bad reviews do to a new seller, and what removing them soon is worth (rows D7, E7).

    Parameters
    ----------
    scenario
        A store whose seller moves in on day 0.
    seed
        The customers are the same wherever the controls stand.
    """

    @lru_cache(maxsize=16)
    def run(orders_per_day: int) -> Run:
        shop = scenario.changed(demand__orders_per_day=orders_per_day)
        return run_once(shop, days=REVIEW_DAYS, seed=seed)

    def draw(values: Values, ax: Axes) -> object:
        rated, ratings = ratings_of(run(values["orders_per_day"]))
        false = FalseReviews(values["day"], values["number"], values["removed_after"])
        histories = {
            _("honest reviews only"): credit_by_day(rated, ratings, 0.0, REVIEW_DAYS),
            _("with false ones"): credit_by_day(rated, ratings, 0.0, REVIEW_DAYS, false),
        }
        return figures.credit_over_time(histories, values["day"], ax)

    return WhatIf(
        [
            Slider("orders_per_day", _("orders a day"), 2, MOST_NEW_SELLER_ORDERS, 1, 6),
            Slider("day", _("day on which the false reviews appear"), 3, 28, 1, 20),
            Slider("number", _("false reviews"), 5, 60, 5, value("false-reviews")),
            Slider("removed_after", _("days until the platform removes them"), 2, 30, 1, 14),
        ],
        draw,
    )


def what_if_check(check: str) -> WhatIf:
    """What a flag is worth, for other shares of fakes and other rates of a check (rows D5, D7, E7).

    Parameters
    ----------
    check
        One of `simlib.platform.verification.DETECTORS`, where the sliders stand at first.
    """
    known = detector(check)

    def draw(values: Values, ax: Axes) -> object:
        one = Detector(values["share"] / 100, values["hit"] / 100, values["false_alarm"] / 100)
        return figures.checked_cases(expected(all_must_flag([one] * values["checks"]), SCREENED), ax)

    return WhatIf(
        [
            Slider("share", _("fakes among all, %"), 0.5, 10.0, 0.5, 100 * known.share),
            Slider("hit", _("fakes that a check finds, %"), 10, 100, 5, round(100 * known.hit)),
            Slider(
                "false_alarm",
                _("honest ones that it flags, %"),
                0.5,
                10.0,
                0.5,
                100 * known.false_alarm,
            ),
            Choice("checks", _("who must agree"), [(_("one check"), 1), (_("two checks"), 2)], 1),
        ],
        draw,
    )


def what_if_lost_parcels(scenario: Scenario, seed: int) -> WhatIf:
    """Who bears what of lost parcels, for other shares, contracts and waiting times (row D6).

    Parameters
    ----------
    scenario
        The shop.
    seed
        The customers are the same wherever the controls stand.
    """
    logistics = scenario.logistics

    def draw(values: Values, ax: Axes) -> object:
        shop = scenario.changed(
            demand__orders_per_day=10,
            logistics__loss=values["loss"] / 100,
            logistics__compensation=values["compensation"] / 100,
            logistics__claim_days=values["claim_days"],
            logistics__parcel_fee=str(values["parcel_fee"]),
            # Nothing of these concerns the parcel; without them a run is shorter.
            enquiries__share=0,
            reviews__share=0,
        )
        run = run_once(shop, days=PARCEL_DAYS, seed=seed)
        return figures.cost_of_lost_parcels(lost_parcels(run, until=PARCELS_KNOWN), scenario.currency, ax)

    fee = round(float(logistics.parcel_fee))
    return WhatIf(
        [
            Slider("loss", _("parcels lost, %"), 1, 10, 1, round(100 * value("parcel-loss-share"))),
            Slider(
                "compensation",
                _("of the goods’ cost the courier pays, %"),
                0,
                100,
                10,
                round(100 * logistics.compensation),
            ),
            Slider(
                "claim_days",
                _("days until the loss is admitted"),
                2,
                MOST_CLAIM_DAYS,
                1,
                round(logistics.claim_days),
            ),
            Slider(
                "parcel_fee",
                _("postage of a parcel, {currency}").format(currency=scenario.currency),
                0,
                max(200, 2 * fee),
                10,
                fee,
            ),
        ],
        draw,
    )
