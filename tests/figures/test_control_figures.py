"""Figures of attacks and controls: numbers recomputed another way, words that fit, nothing cut off at the edges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from simlib import figures
from simlib.attacker import campaign, campaigns
from simlib.defence.controls import controls
from simlib.figures.controls import control_label, in_table_order, most_useful
from simlib.languages import LANGUAGES, set_language
from tests.figures.drawn import bars, cut_off, figure_of, overlapping, points

# Together these take longer than a quick look may.
pytestmark = pytest.mark.slow


@pytest.fixture(params=LANGUAGES)
def lang(request: pytest.FixtureRequest) -> Iterator[str]:
    set_language(request.param)
    yield request.param
    set_language("en")


def test_every_cell_of_the_table_is_what_the_campaign_says() -> None:
    ax = figures.controls_by_attacks()
    shown = np.asarray(ax.images[0].get_array())
    names = most_useful(in_table_order())
    for row, name in enumerate(names):
        for column, attack in enumerate(in_table_order()):
            passing = 1.0
            for step in attack.steps:
                for stop in step.stopped_by:
                    passing *= 1 - stop.share if stop.control == name else 1
            assert shown[row, column] == pytest.approx(100 * (1 - passing))
    assert figures.sentence(ax) == (
        "No single control is enough: even “Second factor on every account” has a part in only 5 of 16 attacks."
    )


def test_the_controls_that_stop_most_stand_on_top() -> None:
    names = most_useful(in_table_order(), rows=100)
    ax = figures.controls_by_attacks(names=names)
    sums = np.asarray(ax.images[0].get_array()).sum(axis=1)
    assert list(sums) == sorted(sums, reverse=True)
    assert sums[-1] > 0
    everything = {stop.control for one in in_table_order() for step in one.steps for stop in step.stopped_by}
    assert set(names) == everything


def test_the_bars_of_an_attack_are_its_chance_less_what_each_control_stops() -> None:
    ax = figures.what_stops("account-takeover")
    chance = 0.506 * 0.8 * 0.8
    assert points(ax.lines[0])[0][0] == pytest.approx(100 * chance)
    by_hand = {
        "Security key": 0.0,
        "6.3 Second factor on every account": 0.24,
        "Payouts wait after a change": 0.25,
        "5.2 A different password everywhere": 0.5,
        "14.2 Recognising false messages": 0.983,
    }
    labels = [label.get_text() for label in ax.get_yticklabels()]
    lengths = dict(zip(labels, (bar.get_width() for bar in bars(ax)), strict=True))
    for name, left in by_hand.items():
        assert lengths[name] == pytest.approx(100 * chance * left), name


def test_bars_are_plain_where_a_study_measured_and_hatched_where_the_project_judged() -> None:
    ax = figures.what_stops("account-takeover")
    labels = [label.get_text() for label in ax.get_yticklabels()]
    plain = {name for name, bar in zip(labels, bars(ax), strict=True) if not bar.get_hatch()}
    assert plain == {
        "Security key",
        "6.3 Second factor on every account",
        "14.2 Recognising false messages",
        "14.3 Knowing how to log in safely",
    }


@pytest.mark.parametrize("name", ["masking", "offline-vault", "canary-orders", "8.3"])
def test_a_control_that_stops_nobody_is_told_so(name: str) -> None:
    ax = figures.what_control_stops(name)
    assert bars(ax) == []
    assert figures.sentence(ax).endswith(
        "stops none of the attacks; what it is worth shows in what there is to take, and in who notices."
    )


FIGURES: dict[str, Callable[[Axes | None], Axes]] = {
    "controls_by_attacks": lambda ax: figures.controls_by_attacks(ax=ax),
    "what_control_stops": lambda ax: figures.what_control_stops("6.3", ax),
    "what_stops": lambda ax: figures.what_stops("infostealer", ax),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_readable_in_every_language_and_says_its_words(name: str, lang: str) -> None:
    if figures.use_fonts(lang) is not None:
        pytest.skip("this computer has no font with Chinese characters")
    # A glyph that no font has warns, and warnings are errors.
    ax = FIGURES[name](None)
    figure_of(ax).canvas.draw()
    assert (cut_off(ax), overlapping(ax)) == ([], [])
    said = [ax.get_title(loc="left"), ax.get_xlabel(), figures.alt_text(ax), figures.sentence(ax)]
    assert all(said)
    assert all(re.search("[\u4e00-\u9fff]", text) for text in said) == (lang != "en")
    assert not re.search(r"\bnan\b|\binf\b|None|[{}]", " ".join(said))


@pytest.mark.parametrize("name", FIGURES)
def test_given_axes_are_drawn_on_and_returned_and_give_the_same_bytes(name: str) -> None:
    page = Figure(figsize=(9, 8), layout="constrained")
    FigureCanvasAgg(page)
    above, below = page.subplots(2)
    assert FIGURES[name](below) is below
    assert not above.has_data()
    first = figures.picture(FIGURES[name](None))
    assert first == figures.picture(FIGURES[name](None))


def test_tables_show_every_attack_its_steps_and_what_controls_ask(capsys: pytest.CaptureFixture[str]) -> None:
    figures.show_attacks()
    figures.show_attack("wrong-price")
    figures.show_controls(tuple(controls())[::9], "Some")
    shown = capsys.readouterr().out
    assert all(f" {number} " in shown for number in range(1, 17))
    assert "T1565.001 Stored Data Manipulation" in shown
    assert "It spreads in forums and groups that you do not read at night." in shown
    assert all(control_label(name) in shown for name in tuple(controls())[::9])
    assert len(campaigns()) == 16
    assert campaign("wrong-price").number == 12
