"""What holds for every figure, whatever the shop: words, fit, languages, and no meaning in colour alone."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from functools import lru_cache, partial
from gettext import NullTranslations

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

import simlib.languages
from simlib import figures
from simlib.figures.style import COLOURS, DASHES
from simlib.languages import set_language
from simlib.records import Run
from simlib.world import simulate
from tests.figures.drawn import (
    FIGURES,
    Drawing,
    crossed_by_lines,
    cut_off,
    drawings,
    figure_of,
    overlapping,
    texts,
)
from tests.shops import PRESETS, run_of, scenario

EDGES = ("no order", "all open", "no return", "claim not reached", "nothing paid", "one day")
"""Runs in which something that a figure shows does not exist."""


@lru_cache
def edge(name: str) -> Run:
    shop = scenario("taiwan-gift-shop")
    methods = [{**method.model_dump(), "fail": 1.0} for method in shop.payment.methods]
    run = {
        "no order": lambda: simulate(shop.changed(demand__orders_per_day=1e-6), days=7, seed=1),
        "all open": lambda: simulate(shop, days=1, seed=2),
        "no return": lambda: simulate(shop.changed(returns__share=0.0), days=30, seed=1),
        "claim not reached": lambda: simulate(
            shop.changed(logistics__transit__mean=0.5, cooling_off__days=1), days=30, seed=1
        ),
        "nothing paid": lambda: simulate(shop.changed(payment__methods=methods), days=20, seed=1),
        "one day": lambda: simulate(shop, days=1, seed=1),
    }[name]()
    if name == "no order":
        assert run.orders.rows == 0
    if name == "all open":
        assert run.orders.rows > 0
        assert np.isnan(run.orders["closed"]).all()
    return run


RUNS: dict[str, Callable[[], Run]] = {
    **{name: partial(run_of, name) for name in PRESETS},
    **{name: partial(edge, name) for name in EDGES},
}
CASES = [
    (run, figure)
    for run in RUNS
    for figure in FIGURES
    if not (run == "no order" and figure == "order_timeline")
]
QUICK_LOOK = ("taiwan-gift-shop", "no order")
"""Runs whose figures are also looked at where the slow tests are left out."""

every_case = pytest.mark.parametrize(
    ("run", "figure"),
    [pytest.param(*case, marks=() if case[0] in QUICK_LOOK else pytest.mark.slow) for case in CASES],
)
every_preset = pytest.mark.parametrize(
    "preset",
    [pytest.param(name, marks=() if name in QUICK_LOOK else pytest.mark.slow) for name in PRESETS],
)
every_figure = pytest.mark.parametrize("figure", FIGURES)


@lru_cache
def drawings_of(run: str) -> dict[str, Drawing]:
    return drawings(RUNS[run]())


def drawn(run: str, figure: str, ax: Axes | None = None) -> Axes:
    return drawings_of(run)[figure](ax)


@lru_cache
def looked_at(run: str, figure: str) -> Axes:
    """A figure that tests look at and leave as it is, on a canvas that was drawn."""
    ax = drawn(run, figure)
    figure_of(ax).canvas.draw()
    return ax


def test_these_are_all_the_figures() -> None:
    helpers = {
        "alt_text",
        "html_picture",
        "new_axes",
        "picture",
        "sentence",
        "settle_layout",
        "show",
        "table",
    }
    shown = {name for name in figures.__all__ if not name.startswith("show_")}
    # The figures of these lessons are proved in files of their own.
    rooms = ("payment", "controls", "devices", "heartbleed", "vault", "breach", "publishing")
    elsewhere = {name for name in shown if getattr(figures, name).__module__.endswith(rooms)}
    assert shown - helpers - {"use_fonts"} - elsewhere == set(FIGURES)


@every_case
def test_a_figure_has_title_axis_label_alt_text_and_sentence(run: str, figure: str) -> None:
    ax = looked_at(run, figure)
    assert ax.get_title(loc="left")
    assert ax.get_xlabel()
    # Where names stand along an axis, or each bar carries its own, no label is needed.
    named = {"shop_funnel", "stage_days", "payment_outcomes", "copies_by_place", "price_error_results"}
    named |= {"customers_within_reach", "what_100_leaves", "where_100_goes"}
    named |= {"checked_cases", "cost_of_lost_parcels", "dispute_ends"}
    assert bool(ax.get_ylabel()) == (figure not in named | {"order_timeline"})
    for words in (figures.alt_text(ax), figures.sentence(ax)):
        assert words.endswith(".")
        assert len(words) > 20
        assert not re.search(r"\bnan\b|\binf\b|None|[{}]", words)
    assert figures.alt_text(ax) != figures.sentence(ax)


@every_figure
@every_preset
def test_an_axis_says_its_unit(preset: str, figure: str) -> None:
    ax = looked_at(preset, figure)
    labels = f"{ax.get_xlabel()} {ax.get_ylabel()}"
    currency = scenario(preset).currency
    assert re.search(rf"\b(days|years|number|copies|orders|cases|disputes|{currency})\b|%", labels)


@every_case
def test_no_text_is_cut_off_or_covered(run: str, figure: str) -> None:
    ax = looked_at(run, figure)
    assert cut_off(ax) == []
    assert overlapping(ax) == []
    assert crossed_by_lines(ax) == []


class ChinesePretence(NullTranslations):
    """Stands in for a catalogue that is not written yet: each word becomes a Chinese character or two."""

    def gettext(self, message: str) -> str:
        parts = re.split(r"(\{[^}]*\})", message)
        return "".join(part if part.startswith("{") else self.pretend(part) for part in parts)

    @staticmethod
    def pretend(part: str) -> str:
        return re.sub(
            r"[A-Za-z][A-Za-z’'-]*", lambda word: "寄訂單門"[: max(1, len(word.group()) // 3)], part
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "lang"), [("taiwan-gift-shop", "zh-Hant"), ("mainland-marketplace-store", "zh-Hans")]
)
@every_figure
def test_in_chinese_every_word_is_translated_has_its_glyphs_and_fits(
    figure: str, preset: str, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if figures.use_fonts(lang) is not None:
        pytest.skip("this computer has no font with Chinese characters")
    pretence = ChinesePretence()
    monkeypatch.setattr(simlib.languages, "_translations", lambda tag: pretence)
    set_language(lang)
    # The learner's own words for two shops come from the lesson, so they are not looked at here.
    own = {"automatic confirmation", "check, then confirm"}
    # A glyph that no font has warns, and warnings are errors.
    ax = drawings(run_of(preset))[figure](None)
    figure_of(ax).canvas.draw()
    shown = [text for text, _box in texts(ax)]
    assert any("訂" in text for text in shown)
    left = [text for text in shown if text not in own and re.search(r"[A-Za-z]{4,}", text)]
    assert left == []
    assert cut_off(ax) == []
    assert overlapping(ax) == []


@pytest.mark.slow
@every_figure
def test_the_same_data_give_the_same_bytes(figure: str) -> None:
    first, second = (figures.picture(drawn("taiwan-gift-shop", figure)) for _time in range(2))
    assert first == second
    assert first.startswith(b"\x89PNG")


@every_figure
def test_given_axes_are_drawn_on_and_returned(figure: str) -> None:
    page = Figure(figsize=(9, 8), layout="constrained")
    FigureCanvasAgg(page)
    above, below = page.subplots(2)
    assert drawn("taiwan-gift-shop", figure, below) is below
    assert below.has_data()
    assert not above.has_data()
    assert page.axes == [above, below]


def handles(ax: Axes) -> list[Line2D | Patch]:
    """What the legend explains, by the artists' own look."""
    found, _labels = ax.get_legend_handles_labels()
    # A set of bars is explained by its first one.
    firsts = [handle.patches[0] if isinstance(handle, BarContainer) else handle for handle in found]
    return [first for first in firsts if isinstance(first, Line2D | Patch)]


def look(handle: Line2D | Patch) -> object:
    """How an artist looks to a person who sees no colours."""
    if isinstance(handle, Line2D):
        return handle.get_linestyle(), str(getattr(handle, "_unscaled_dash_pattern", ""))
    return handle.get_hatch() or ""


@every_figure
@every_preset
def test_whoever_sees_no_colour_can_tell_what_the_legend_tells(preset: str, figure: str) -> None:
    ax = looked_at(preset, figure)
    looks = [str(look(handle)) for handle in handles(ax)]
    assert len(looks) == len(ax.get_legend_handles_labels()[1])
    assert len(looks) == len(set(looks))


# From a paper of 2009 by Machado, Oliveira and Fernandes on a physiological model of colour vision deficiency: full
# severity, linear RGB.
DEFICIENCIES = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
JUST_SEEN = 2.3
"""Difference in CIELAB that a trained eye just notices side by side."""


def lab(colour: str, deficiency: str) -> npt.NDArray[np.float64]:
    """A colour in CIELAB as a person with this deficiency sees it."""
    shown = np.array(to_rgb(colour))
    linear = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = to_xyz @ seen / np.array([0.9505, 1.0, 1.089])
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_colours_used_together_differ_to_people_who_see_colours_differently(deficiency: str) -> None:
    for first, second in itertools.combinations(COLOURS, 2):
        difference = float(np.linalg.norm(lab(first, deficiency) - lab(second, deficiency)))
        assert difference > 3 * JUST_SEEN, (first, second)


def test_each_colour_has_a_line_style_of_its_own() -> None:
    assert len({str(dashes) for dashes in DASHES}) == len(DASHES) == len(COLOURS)


def test_a_figure_in_html_carries_its_words_safely() -> None:
    ax = figures.new_axes()
    figures.style.describe(ax, title="t", alt='"<b>&"', sentence="<script>1</script>")
    shown = figures.html_picture(ax)
    assert 'alt="&quot;&lt;b&gt;&amp;&quot;"' in shown
    assert "&lt;script&gt;1&lt;/script&gt;" in shown
    assert "<script>" not in shown


@pytest.mark.slow
def test_drawing_keeps_no_list_of_figures() -> None:
    import subprocess
    import sys

    code = (
        "import sys, simlib.figures as f; f.picture(f.new_axes()); print('matplotlib.pyplot' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_a_language_without_a_font_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures.style, "CJK_FONTS", {"zh-Hant": ("No Such Font",)})
    told = figures.use_fonts("zh-Hant")
    assert told == (
        "No font with Chinese characters was found, so charts will show empty boxes: "
        "install the font “Noto Sans CJK” and start again."
    )
    figures.use_fonts("en")


def test_a_settled_layout_stays_where_it_is() -> None:
    ax = drawn("taiwan-gift-shop", "stage_days")
    place = figures.settle_layout(ax)
    ax.set_ylabel("a label\nof two lines")
    ax.set_position(place)
    figure_of(ax).canvas.draw()
    assert np.allclose(ax.get_position().bounds, place.bounds)
