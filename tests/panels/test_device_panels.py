"""Figures and panels of lesson 09: numbers recomputed, words that fit, controls that change the picture."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from simlib import figures, panels
from simlib.defence.checkup import check_up, recorded
from simlib.defence.devices import Devices, controls_in_place, devices_of, places, score
from simlib.defence.fraud_messages import MESSAGES
from simlib.figures.devices import checklist_html
from simlib.languages import LANGUAGES, set_language
from simlib.panels.devices import FILE_NAME, SWITCHES, findings_html, switched
from simlib.risk.hardening import Losses, next_settings, rank_settings
from tests.figures.drawn import bars, cut_off, figure_of, overlapping
from tests.shops import scenario

# Together these take longer than a quick look may.
pytestmark = pytest.mark.slow

SHOP = "mainland-marketplace-store"


@lru_cache
def losses() -> Losses:
    return Losses(scenario(SHOP), walks=120, seed=3)


@lru_cache
def devices() -> Devices:
    owned = devices_of(scenario(SHOP))
    return check_up(read=recorded("owner-laptop"), has=owned).devices(Devices(has=owned))


@lru_cache
def ranked() -> Any:
    return rank_settings(devices(), losses())


def compared() -> dict[str, Any]:
    return {"nothing": losses().yearly(), "a second step": losses().yearly(["6.3"])}


DRAWN: dict[str, Callable[[], Axes]] = {
    "scores": lambda: figures.device_scores(devices()),
    "scores, nothing known": lambda: figures.device_scores(Devices(has=("mail",))),
    "worth": lambda: figures.worth_of_steps(ranked(), "CNY"),
    "worth, nothing left": lambda: figures.worth_of_steps((), "CNY"),
    "loss": lambda: figures.loss_by_attack(
        losses().by_attack(), losses().by_attack(controls_in_place(devices())), "CNY"
    ),
    "protections": lambda: figures.protections_compared(compared(), "CNY"),
    "known": lambda: figures.days_until_known(
        {
            "nobody looks": losses().days_until_known("insider-export"),
            "looked at": losses().days_until_known("insider-export", ["8.2"]),
        }
    ),
    "known, never": lambda: figures.days_until_known({"nobody looks": np.array([np.inf])}),
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", DRAWN)
def test_each_figure_has_its_words_and_nothing_is_cut_off_or_covers_another(name: str, lang: str) -> None:
    set_language(lang)
    try:
        ax = DRAWN[name]()
        figure_of(ax).canvas.draw()
        assert cut_off(ax) == []
        assert overlapping(ax) == []
        assert ax.get_title(loc="left") or ax.get_title()
        for words in (figures.alt_text(ax), figures.sentence(ax)):
            assert len(words) > 5
            assert "nan" not in words
            assert "{" not in words
    finally:
        set_language("en")


def test_the_bars_of_the_scores_are_the_counts() -> None:
    ax = figures.device_scores(devices())
    widths = [bar.get_width() for bar in bars(ax)]
    total = score(devices())
    assert sum(widths) == len(devices().places())
    assert f"{total.passed} of {len(devices().places())} settings are good" in figures.sentence(ax)


def test_the_longest_bar_is_the_best_step_and_the_sentence_says_its_worth() -> None:
    best = ranked()[0]
    ax = figures.worth_of_steps(ranked(), "CNY")
    assert bars(ax)[0].get_width() == pytest.approx(best.per_hour)
    assert best.label() in figures.sentence(ax)
    assert f"CNY {best.avoided.mean:,.0f} a year" in figures.sentence(ax)


def test_the_sentence_of_the_claim_is_the_ratio_of_the_bars() -> None:
    nothing, second = compared().values()
    percent = 100 * (1 - second.mean / nothing.mean)
    said = figures.sentence(figures.protections_compared(compared(), "CNY"))
    assert said.startswith("a second step: ")
    assert float(re.findall(r"([\d.]+) % less", said)[0]) == pytest.approx(percent, abs=0.051)


def test_each_option_of_each_switch_changes_the_picture_and_the_reset_brings_the_first_one_back() -> None:
    panel = panels.what_if_devices(losses())
    first = panel.picture.value
    assert 3 <= len(panel.controls) <= 5
    for name, widget in panel.controls.items():
        assert len(widget.options) > 1, name
        seen = []
        for _label, chosen in widget.options[::-1]:
            widget.value = chosen
            seen.append(panel.picture.value)
        assert all(earlier != later for earlier, later in itertools.pairwise(seen)), name
    # The first switch is on at first; all of them are off here.
    assert panel.picture.value != first
    for name, widget in list(panel.controls.items())[1:]:
        widget.value = widget.options[-1][1]
        assert panel.picture.value != first, name
    figure_of(panel.ax).canvas.draw()
    assert cut_off(panel.ax) == []
    panel.reset.click()
    assert panel.picture.value == first


def test_a_switch_puts_its_settings_right_where_it_is_told_to_and_nowhere_else() -> None:
    bare = Devices(has=devices_of(scenario(SHOP)))
    there = switched(bare, {"second_factor": "mail"})
    changed = {place for place in places() if there.state(*place) != bare.state(*place)}
    assert changed == {("mail", name) for name in SWITCHES["second_factor"]}
    assert switched(bare, dict.fromkeys(SWITCHES, "none")) == bare.with_states({})


def test_own_devices_are_read_only_when_asked_and_kept_only_in_the_learners_folder(tmp_path: Path) -> None:
    panel = panels.OwnDevices(scenario(SHOP), tmp_path)
    assert panel.found.value == ""
    assert list(tmp_path.iterdir()) == []
    panel.questions["mail", "second-factor"].value = "pass"
    assert panel.devices.state("mail", "second-factor") == "pass"
    assert "1 good, 0 not good" in panel.state.value
    panel.read.click()
    assert panel.done is not None
    assert panel.devices.state("mail", "second-factor") == "pass"
    read = {finding.setting for finding in panel.done.findings if finding.state != "unknown"}
    assert not {(device, name) for device, name in panel.questions if device == "laptop" and name in read}
    assert list(tmp_path.iterdir()) == []
    panel.keep.click()
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    again = panels.OwnDevices(scenario(SHOP), tmp_path)
    assert again.devices.state("mail", "second-factor") == "pass"


def test_a_damaged_file_and_a_missing_folder_are_told_and_stop_nobody(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("laptop: 3", encoding="utf-8")
    panel = panels.OwnDevices(scenario(SHOP), tmp_path)
    assert "must be a group" in panel.state.value
    nowhere = panels.OwnDevices(scenario(SHOP), None)
    nowhere.keep.click()
    assert "nothing is kept" in nowhere.state.value


def test_the_printed_list_names_every_setting_once_and_ticks_what_is_good() -> None:
    steps = next_settings(devices(), losses())
    sheet = checklist_html(devices(), "windows", steps, losses())
    assert sheet.count("☑") == score(devices()).passed
    assert sheet.count("☑") + sheet.count("☐") == len(devices().places())
    for step in steps:
        assert step.label() in sheet


def test_what_was_read_is_shown_as_text_and_not_as_markup() -> None:
    done = check_up(read=recorded("owner-laptop"))
    shown = findings_html(list(done.findings))
    assert "<script" not in shown
    assert "wbadmin get versions" in shown


def test_each_message_is_explained_whichever_way_it_is_answered_and_the_count_is_right() -> None:
    quiz = panels.FraudQuiz()
    assert "0 right of 0 answered" in quiz.state.value
    for message in MESSAGES:
        for answer in ("fraud", "genuine"):
            quiz.choices[message.name].value = answer
            right = (answer == "fraud") == message.fraud
            assert ("Right." if right else "Not so.") in quiz.signs[message.name].value
            assert message.sign().split(".")[0] in quiz.signs[message.name].value
        quiz.choices[message.name].value = "fraud" if message.fraud else "genuine"
    assert f"{len(MESSAGES)} right of {len(MESSAGES)} answered" in quiz.state.value
    assert 3 <= sum(message.fraud for message in MESSAGES) <= 5


def test_no_message_names_a_place_that_could_be_visited() -> None:
    for message in MESSAGES:
        for address in re.findall(r"\b[\w-]+(?:\.[\w-]+)+\b", message.text()):
            assert address.endswith(".example") or re.fullmatch(r"[\d.]+", address), address
        assert message.sign().startswith("Fraud." if message.fraud else "Genuine.")


def test_the_lesson_says_the_figures_that_the_model_uses(root: Path) -> None:
    from simlib.facts import value

    text = (root / "lessons" / "src" / "09-device-hardening.md").read_text(encoding="utf-8")
    assert value("training-stops-share") == pytest.approx(0.017)
    assert "1.7 per cent less often" in text
    assert value("mfa-stops-leaked-share") > 0.98
    assert "more than 98 of 100 take-overs" in text
    assert "quarter of an hour" in text
    assert value("setting-hours-remote-access-off") == 0.25
