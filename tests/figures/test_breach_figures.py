"""Figures of lesson 06: every row of a timeline happened, intervals are those of the walks, words say what is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from simlib import figures
from simlib.attacker import campaign, campaigns
from simlib.attacker.telling import incident_label
from simlib.attacker.words import detector_label, step_title, teller_label
from simlib.experiment import Sample
from simlib.facts import value
from simlib.figures.breach import timeline_rows
from simlib.figures.tables import number
from simlib.languages import set_language
from simlib.panels.breach import where_possible
from tests.breaches import gift_shop, store
from tests.figures.drawn import bars, figure_of, points


@pytest.mark.parametrize("name", campaigns())
def test_a_timeline_shows_each_success_and_the_first_that_was_noticed(name: str) -> None:
    shop = where_possible([gift_shop(), store()], name)
    for attacker in range(4):
        course, _loss = shop.trial(name, attacker, day=40)
        rows = timeline_rows(name, course)
        happened = [
            (row.t, step_title(name, row.step)) for row in course.incidents if row.kind == "succeeded"
        ]
        shown = [(row.t, row.text) for row in rows if row.look in ("step", "harm")]
        assert [one for one in shown if one[1] != "the attacker is back"] == happened
        assert [row.t for row in rows] == sorted(row.t for row in rows)
        assert all(row.since <= row.t for row in rows)
        # Whichever lets the owner know first: a detector, or that it came out by itself.
        known = next((row for row in course.incidents if row.kind in ("seen", "found_late")), None)
        if known is not None:
            first = next(row for row in rows if row.look == "seen")
            label = detector_label if known.kind == "seen" else teller_label
            assert first.t == known.t
            assert first.text == f"{incident_label(known.kind)}: {label(known.what)}"


def test_a_timeline_tells_money_persons_and_days_of_both_courses() -> None:
    shop = gift_shop()
    guarded = shop.with_controls(["7.4"])
    free, held = (shop.trial("shop-software-hole", 1, defence, day=40) for defence in (None, guarded))
    ax = figures.attack_timelines("shop-software-hole", {"without": free, "with": held}, shop.scenario)
    days = min(free[0].first("seen"), free[0].first("found_late")) - free[0].first("succeeded")
    assert figures.sentence(ax) == (
        f"without: noticed after {days:.1f} days; {free[1].total:,.0f} TWD lost, data of "
        f"{free[1].persons_taken} persons taken. with: he did not get in; 0 TWD lost."
    )
    assert "The database is copied" in figures.alt_text(ax)


def test_the_points_of_a_control_are_means_of_the_walks_and_the_verdict_follows_the_interval() -> None:
    shop = gift_shop()
    before = shop.walks("ransomware", 40)
    for control, verdict in (("6.4", "It helps."), ("14.2", "changed nothing at all")):
        after = shop.walks("ransomware", 40, shop.with_controls([control]))
        ax = figures.control_effect(before, after, control, unit="TWD")
        means = [float(points(line)[0][0]) for line in ax.lines if line.get_marker() == "o"]
        first, second = before.sample().mean, after.sample().mean
        assert means == pytest.approx([first, second, second - first, second - first])
        assert verdict in figures.sentence(ax)
    few = store().walks("account-takeover", 10)
    unsure = store().walks("account-takeover", 10, store().with_controls(["9.2"]))
    low, high = few.less_with(unsure).difference.interval()
    assert ("Nobody can say yet" in figures.sentence(figures.control_effect(few, unsure, "9.2"))) == (
        low <= 0 <= high and low < high
    )


def test_the_curve_of_years_is_the_share_of_years_that_cost_more() -> None:
    losses = np.array([0.0] * 60 + [150.0] * 20 + [9_000.0] * 15 + [400_000.0] * 5)
    ax = figures.loss_exceedance({"nothing": Sample(losses, tuple(range(100)))}, "TWD")
    amounts, shares = points(ax.lines[0])
    for amount, share in zip(amounts, shares, strict=True):
        assert share == pytest.approx((losses > amount).mean() * 100)
    assert "in 40 of 100 years" in figures.sentence(ax)
    assert f"the mean year costs {losses.mean():,.0f}" in figures.sentence(ax)
    wider = figures.loss_exceedance(
        {"nothing": Sample(losses, tuple(range(100)))}, "TWD", more={"nothing": 1e6}
    )
    assert figures.sentence(wider) != figures.sentence(ax)


def test_bars_of_frequencies_are_the_facts() -> None:
    ax = figures.attacked_by_size(years=10)
    names = (
        "breach-or-attack-seen-micro-share",
        "breach-or-attack-seen-small-share",
        "small-firm-claims-per-year",
    )
    lengths = [bar.get_width() for bar in bars(ax)]
    for place, name in enumerate(names):
        assert lengths[2 * place + 1] == pytest.approx(100 * value(name))
        assert lengths[2 * place] == pytest.approx(100 * (1 - (1 - value(name)) ** 10))
    assert "Of 100 firms with fewer than ten people, 35 saw an attack in one year" in figures.sentence(ax)


def test_lines_of_the_moment_are_what_was_found() -> None:
    found = {"keep": [1.0, 5.0, 9.0], "vault": [2.0, 2.0, 3.0]}
    ax = figures.taken_by_moment(found, [10, 20, 30], {"keep": float("inf"), "vault": 2.4})
    assert points(ax.lines[0])[1].tolist() == found["keep"]
    assert points(ax.lines[2])[1].tolist() == [2.4, 2.4]
    assert (
        "keep: 1 on day 10, 9 on day 30; vault: 2 on day 10, 3 on day 30 (by head: 2)."
        in figures.sentence(ax)
    )


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "zh-Hant", "zh-Hans"])
def test_no_text_of_a_timeline_is_cut_off_in_any_language(lang: str) -> None:
    from tests.figures.drawn import cut_off

    set_language(lang)
    for name in campaigns():
        shop = where_possible([gift_shop(), store()], name)
        for attacker in (1, 2):
            compared = {
                label: shop.trial(name, attacker, defence, day=40)
                for label, defence in (("1", None), ("2", shop.with_controls(["8.2"])))
            }
            ax = figures.attack_timelines(name, compared, shop.scenario)
            figure_of(ax).canvas.draw()
            assert cut_off(ax) == [], (name, attacker)
            assert number(campaign(name).number)
