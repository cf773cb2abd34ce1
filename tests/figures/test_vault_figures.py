"""Figures of lesson 08: what is drawn is what was counted, and nothing is cut off, in any language."""

from __future__ import annotations

import re

import pytest

from simlib import figures
from simlib.figures.vault import powers_of_ten
from simlib.languages import set_language
from simlib.privacy import copies_of, policy
from simlib.privacy.offline_vault import Holding, ways_in
from simlib.vault.sealing import DEFAULT_COST
from tests.figures.drawn import bars, cut_off, figure_of, overlapping, texts
from tests.rehearsals import small_run

HOLDING = Holding(10, 11, 5, 5, 14, 4, True, DEFAULT_COST.memory_kib, DEFAULT_COST.passes)


@pytest.mark.parametrize("lang", ["en", "zh-Hant", "zh-Hans"])
def test_the_figures_are_whole_and_say_the_same_numbers_in_every_language(lang: str) -> None:
    if figures.use_fonts(lang) is not None:
        pytest.skip("this computer has no font with Chinese characters")
    set_language(lang)
    run = small_run()
    before, after = (
        copies_of(run, policy(name, run.scenario.retention))
        for name in ("keep-everything", "vault-at-completion")
    )
    at = run.days - 1
    carried = figures.before_and_after(before, after, run.orders["closed"], at)
    widths = [round(bar.get_width()) for bar in bars(carried)]
    placed = run.orders["placed"] <= at
    is_open = placed & ~(run.orders["closed"] <= at)
    # Finished, open, members; each after the carry, then before it.
    assert widths[1] + widths[3] == int(placed.sum())
    assert widths[3] == int(is_open.sum())
    assert 0 < widths[2] <= widths[3] + 10
    assert widths[5] == int((run.members["joined"] <= at).sum())
    ways = figures.orders_by_way(HOLDING)
    assert [bar.get_width() for bar in bars(ways)] == [one.expected for one in ways_in(HOLDING)[::-1]]
    for ax in (carried, ways):
        figure_of(ax).canvas.draw()
        assert cut_off(ax) == []
        assert overlapping(ax) == []
        assert figures.alt_text(ax) != figures.sentence(ax)
        if lang != "en":
            words = [text for text, _box in texts(ax)] + [figures.alt_text(ax), figures.sentence(ax)]
            assert not any(re.search("[A-Za-z]{4,}", text) for text in words)


def test_large_numbers_are_written_in_powers_of_ten() -> None:
    assert powers_of_ten(7776) == "7,776"
    assert powers_of_ten(7776**4) == "4 × 10¹⁵"
    assert powers_of_ten(9.7e11) == "1 × 10¹²"
