"""Panels of lesson 10: every move changes the picture, nothing is cut off, and what is typed stays here."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes

from simlib import figures, panels
from simlib.facts import value
from simlib.languages import LANGUAGES, set_language
from simlib.people import buyers
from simlib.privacy.anonymising import FINEST, generalised, group_sizes, masked, outside_list
from simlib.privacy.differential import right_by_averaging, usual_error
from simlib.privacy.notices import ITEMS, heading
from simlib.privacy.settings import SETTINGS, identifiable
from tests.figures.drawn import bars, cut_off, figure_of, overlapping, points
from tests.panels.moving import check_drawn_whole, corners, pairs_of_steps, place
from tests.shops import run_of

RUN = run_of("taiwan-gift-shop", days=60, seed=2026)
BUYERS = buyers(RUN)

PANELS: dict[str, Callable[[], panels.WhatIf]] = {
    "release": lambda: panels.what_if_release(BUYERS, seed=2026),
    "answers": lambda: panels.what_if_answers(57),
    "settings": lambda: panels.what_if_settings(BUYERS, seed=2026),
}
every_panel = pytest.mark.parametrize("name", PANELS)


@lru_cache
def panel_of(name: str) -> panels.WhatIf:
    return PANELS[name]()


def image(shown: str) -> str:
    """The picture alone, as the browser test compares it."""
    found = re.search(r'src="([^"]+)"', shown)
    assert found is not None
    return found[1]


def placed(panel: panels.WhatIf, **values: Any) -> str:
    return image(place(panel, panel.at_first | values))


@every_panel
@pytest.mark.slow
def test_a_step_of_any_control_changes_the_picture_and_the_reset_brings_the_first_one_back(name: str) -> None:
    panel = panel_of(name)
    first = placed(panel)
    assert 3 <= len(panel.controls) <= 5
    for control, widget in panel.controls.items():
        for before, after in pairs_of_steps(widget):
            assert placed(panel, **{control: before}) != placed(panel, **{control: after}), (control, after)
    panel.reset.click()
    assert image(panel.picture.value) == first


@every_panel
@pytest.mark.slow
def test_every_corner_is_drawn_whole(name: str) -> None:
    panel = panel_of(name)
    for values in corners(panel):
        check_drawn_whole(panel, values)
    panel.put_back()


def test_the_release_panel_says_what_the_group_sizes_say() -> None:
    panel = panel_of("release")
    placed(panel, birthday="year", people=300, known=20)
    sizes = group_sizes(generalised(BUYERS.head(300), FINEST | {"birthday": "year"}))
    found = (1 / sizes[outside_list(300, 20, 2026)]).sum()
    assert f"of 20 known people {found:,.2f} are found" in panel.ax.get_xlabel()
    assert f"{(sizes == 1).sum()} of 300 people" in figures.sentence(panel.ax)
    # The bars of a row add up to everybody.
    assert sum(bar.get_width() for bar in bars(panel.ax)) == 2 * 300
    panel.put_back()


def test_the_answers_panel_stops_where_the_budget_does() -> None:
    panel = panel_of("answers")
    placed(panel, epsilon=0.5, asked=60, budget=2.0)
    said = figures.sentence(panel.ax)
    assert said.startswith("Questions answered: 4 of 60")
    assert f"usually wrong by {usual_error(0.5):.1f} people" in said
    assert f"right in {round(100 * right_by_averaging(0.5, 4))} of 100" in said
    placed(panel, epsilon=3.0, budget=0.5)
    assert "right in 50 of 100" in figures.sentence(panel.ax)
    assert "no answer" in panel.ax.texts[0].get_text()
    panel.put_back()


def test_the_settings_panel_counts_as_the_model_does() -> None:
    panel = panel_of("settings")
    placed(panel, **{"wish-list": "private", "changed": 20})
    public = {setting: setting != "wish-list" for setting in SETTINGS}
    counted = identifiable(BUYERS, public, 2026, 0.2)
    assert f"your choice: {counted.together}" in figures.sentence(panel.ax)
    panel.put_back()


# -- figures of the lesson


DRAWN: dict[str, Callable[[Axes | None], Axes]] = {
    "groups": lambda ax: figures.people_by_group(
        {label: group_sizes(told) for label, told in figures.told_in_steps(BUYERS).items()}, ax
    ),
    "price": lambda ax: figures.price_of_privacy(ax),
    "weeks": lambda ax: figures.weekly_release(RUN, 0.5, ax),
    "averaged": lambda ax: figures.averaged(57, 0.5, 2.0, 2026, ax=ax),
    "shown": lambda ax: figures.buyers_shown(
        {
            label: identifiable(BUYERS, dict.fromkeys(SETTINGS, public), 2026)
            for label, public in (("public unless changed", True), ("private unless changed", False))
        },
        ax,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_figures_have_words_in_every_language_and_nothing_is_cut_off(lang: str) -> None:
    set_language(lang)
    for name, draw in DRAWN.items():
        ax = draw(None)
        figure_of(ax).canvas.draw()
        assert cut_off(ax) == [], name
        assert overlapping(ax) == [], name
        assert figures.sentence(ax).strip(), name
        assert figures.alt_text(ax).strip(), name


def test_the_average_in_the_sentence_is_that_of_the_points() -> None:
    ax = figures.averaged(57, 0.5, 2.0, 2026)
    _asked, answers = points(ax.lines[0])
    said = [float(text) for text in re.findall(r"average is ([\d.]+\d)", figures.sentence(ax))]
    assert said == [pytest.approx(answers.mean(), abs=0.006), pytest.approx(answers[:4].mean())]


# -- the desk


def test_the_desk_answers_until_the_budget_is_used_up_and_then_says_why_not() -> None:
    desk = panels.AnswerDesk(57, 0.5, 2.0, 2026)
    assert "the budget is ε = 2." in desk.result.value
    answers: list[list[int]] = []
    for _press in range(6):
        desk.ask_button.click()
        listed = re.findall(r"Answers: ([\d, -]+)\. Their average is ([\d.,]+);", desk.result.value)
        answers.append([int(text) for text in listed[0][0].split(", ")])
        assert float(listed[0][1]) == pytest.approx(sum(answers[-1]) / len(answers[-1]), abs=0.006)
    assert [len(one) for one in answers] == [1, 2, 3, 4, 4, 4]
    # What was answered stays answered.
    assert all(later[: len(one)] == one for one, later in itertools.pairwise(answers))
    assert "No answer: it costs ε = 0.5, and of the budget of 2 only 0 is left." in desk.result.value
    desk.renew_button.click()
    assert "Nobody has asked yet" in desk.result.value


# -- hidden sums, and the notice


def test_the_hidden_sum_is_the_sum_and_no_share_stays_when_it_is_shared_again() -> None:
    panel = panels.HiddenSum((41, 7, 23))
    first = panel.result.value
    assert "Put together, the three sums give 71. Added up in the open: 71." in first
    panel.again.click()
    kept = set(re.findall(r"monospace[^>]*>([\d,]+)", first)) & set(
        re.findall(r"monospace[^>]*>([\d,]+)", panel.result.value)
    )
    assert kept == set()
    panel.fields[2].value = 1_000_000
    assert "give 1,000,048." in panel.result.value


def test_the_notice_follows_the_answers_and_names_what_is_missing_by_place() -> None:
    form = panels.NoticeForm()
    assert "answers are missing for Taiwan" in form.result.value
    form.answers["territory"].value = "In <b>Taiwan</b> only."
    assert "In &lt;b&gt;Taiwan&lt;/b&gt; only." in form.result.value
    for item in ITEMS:
        form.answers[item].value = "10 things, said."
    for place_, _label in ((one, label) for label, one in form.place.options):
        form.place.value = place_
        assert "Nothing that we know of is missing" in form.result.value
    form.place.value = "eu"
    form.answers["complaint"].value = ""
    missing = form.result.value.partition("answers are missing")[2]
    assert heading("complaint") in missing
    assert heading("rights") not in missing


def test_notice_and_record_are_kept_in_the_learners_own_folder_and_nowhere_else(tmp_path: Path) -> None:
    form = panels.NoticeForm(tmp_path)
    form.keep.button.click()
    (kept,) = tmp_path.iterdir()
    assert "Who are we?\nExample Gifts" in kept.read_text(encoding="utf-8")
    assert str(kept) in form.keep.state.value
    form.answers["controller"].value = "Somebody else"
    assert form.keep.state.value == ""
    form.keep.folder = None
    form.keep.button.click()
    assert "There is no folder of your own here" in form.keep.state.value


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    keep = panels.keep_record([], tmp_path / "file")
    keep.button.click()
    assert "Cannot write" in keep.state.value


def test_the_lesson_says_the_figures_that_the_model_gives(root: Path) -> None:
    text = (root / "lessons" / "src" / "10-numbers-without-people.md").read_text(encoding="utf-8")
    returned = int(BUYERS["sent_back"].sum())
    for said in (
        f"*{returned} buyers sent something back.*",
        f"The next report says {returned - 1}.",
        f"knows the birthday, district and sex of {value('outside-list-people')} buyers",
        f"which is about {math.exp(value('answer-epsilon')):.2f} times for ε = {value('answer-epsilon')}",
        f"{round(100 * value('census-unique-share'))} of 100 Americans",
        f"came to {round(100 * value('census-unique-share-recounted'))};",
    ):
        assert said in text
    assert value("settings-changed-share") == 0.1
    assert "We assume that one in ten does." in text
    per_district = len(BUYERS) / BUYERS["postcode"].nunique()
    assert round(per_district, -1) == 80
    assert "a district has eighty of our buyers" in text
    both = group_sizes(masked(BUYERS))
    assert f"Both together, {round(100 * (both == 1).mean())} of 100 share with nobody." in text
    shops = [widget.value for widget in panels.HiddenSum().fields]
    assert f"The total is {sum(shops)}. A has {shops[0]} and B has {shops[1]}." in text
    assert f"{sum(shops)} − {shops[0]} − {shops[1]} = {shops[2]}" in text
