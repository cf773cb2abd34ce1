"""Figures of lesson 07: numbers recomputed another way, words that fit, and nothing cut off at the edges."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from simlib import figures
from simlib.attacker.heartbeat import request
from simlib.attacker.heartbleed import (
    Exchange,
    Harvest,
    Response,
    ask,
    expected,
    harvest,
    interim_measures,
    richest_moment,
)
from simlib.attacker.server_memory import KINDS, Film, film
from simlib.figures.tables import number
from simlib.languages import set_language
from simlib.world import simulate
from tests.figures.drawn import cut_off, figure_of, points
from tests.shops import scenario

# Together these take longer than a quick look may.
pytestmark = pytest.mark.slow


@lru_cache
def memory() -> Film:
    return film(simulate(scenario("taiwan-gift-shop"), days=40, seed=2026), 7, 14)


@lru_cache
def moment() -> float:
    return richest_moment(memory(), 7, 8)


@lru_cache
def answer() -> Exchange:
    return ask(memory(), moment())


@lru_cache
def taken() -> Harvest:
    return harvest(memory(), 7, 14, 3_000, seed=1)


def plans() -> dict[str, Response]:
    return {"update only": Response(14), "all": Response(14, 14.5, 15, 15)}


@lru_cache
def dump() -> Axes:
    return figures.hexdump(answer())


FIGURES: dict[str, Callable[[], Axes]] = {
    "memory_map": lambda: figures.memory_map(memory(), moment()),
    "hexdump": dump,
    "coverage": lambda: figures.coverage(memory(), 7, 8, seed=1),
    "collected_by_day": lambda: figures.collected_by_day(taken(), 7, 14, 30),
    "accounts_over_time": lambda: figures.accounts_over_time(taken(), plans(), "found", 25, mark_days=True),
}


@pytest.mark.parametrize(
    ("name", "lang"),
    [*((name, "en") for name in FIGURES), ("coverage", "zh-Hant"), ("collected_by_day", "zh-Hans")],
)
def test_each_figure_has_its_words_and_nothing_is_cut_off(name: str, lang: str) -> None:
    set_language(lang)
    try:
        ax = FIGURES[name]()
    finally:
        set_language("en")
    assert ax.get_title(loc="left")
    assert figures.alt_text(ax)
    assert figures.sentence(ax)
    figure_of(ax).canvas.draw()
    assert cut_off(ax) == []


def numbers_in(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in re.findall(r"\d[\d,]*(?:\.\d+)?", text)]


def test_the_hexdump_shows_the_answers_own_bytes() -> None:
    ax = dump()
    sent = answer().answer
    assert sent is not None
    rows = sorted({round(text.get_position()[1]) for text in ax.texts})
    shown = 0
    for row in rows:
        line = [text for text in ax.texts if round(text.get_position()[1]) == row]
        texts = [text.get_text() for text in sorted(line, key=lambda text: text.get_position()[0])]
        if texts == ["⋮"]:
            continue
        start = int(texts[0])
        assert " ".join(texts[1:17]) == sent[start : start + 16].hex(" ")
        assert "".join(texts[17:33]) == "".join(
            chr(b) if 32 <= b < 127 else "·" for b in sent[start : start + 16]
        )
        shown += 1
    assert 10 <= shown <= 24
    assert numbers_in(figures.sentence(ax)) == [25, len(sent), 65_534]


def test_each_byte_of_a_secret_has_the_colour_of_its_kind() -> None:
    ax = dump()
    kinds = {b: kind for kind, _n, start, length in answer().secrets for b in range(start, start + length)}
    offsets = {
        round(text.get_position()[1]): int(text.get_text())
        for text in ax.texts
        if text.get_position()[0] == 0 and text.get_text() != "⋮"
    }
    colours: dict[str, set[object]] = {}
    for patch in ax.patches:
        assert isinstance(patch, Rectangle)
        if patch.get_width() > 1:
            byte = offsets[round(patch.get_y() + 0.5)] + round((patch.get_x() + 0.725 - 2.4) / 1.45)
            colours.setdefault(kinds.get(byte, "other" if byte >= 20 else "own"), set()).add(
                patch.get_facecolor()
            )
    assert {"password", "cookie", "address", "other", "own"} <= set(colours)
    assert all(len(colours[kind]) == 1 for kind in ("password", "cookie", "address", "other"))
    assert len({next(iter(colours[kind])) for kind in ("password", "cookie", "address", "other")}) == 4


def test_the_memorys_map_counts_what_lies_there_and_what_one_request_reads() -> None:
    ax = figures.memory_map(memory(), moment())
    remains = memory().remains
    there = (remains["since"] <= moment()) & (moment() < remains["until"])
    share = round(100 * 65_535 / memory().size)
    assert numbers_in(figures.sentence(ax)) == [there.sum(), share, len(answer().secrets)]


def test_the_curve_tells_what_was_counted_and_reckoned() -> None:
    ax = figures.coverage(memory(), 7, 8, seed=1, most=10_000)
    most = harvest(memory(), 7, 8, 10_000, seed=1)
    chance = 100 * float(expected(memory(), 7, 8, [10_000])["key"][0])
    assert numbers_in(figures.sentence(ax)) == [
        10_000,
        *(most.count(kind) for kind in KINDS[:3]),
        pytest.approx(chance, abs=0.051),
    ]
    lines = [line for line in ax.lines if len(points(line)[0]) > 1]
    for reckoned, counted in zip(lines[::2], lines[1::2], strict=True):
        assert np.abs(points(reckoned)[1] - points(counted)[1]).max() < 16


def test_what_is_collected_by_the_update_is_the_whole_harvest() -> None:
    ax = figures.collected_by_day(taken(), 7, 14, 30)
    told = [taken().count(kind) for kind in KINDS[:3]]
    assert [points(line)[1][-1] for line in ax.lines[:3]] == told
    assert numbers_in(figures.sentence(ax)) == [7, 3_000, *told, len(taken().members)]


def test_tables_tell_bytes_found_interim_measures_and_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, **_how: kept.append(bundle["text/plain"]))

    def shown(show: Callable[[], None]) -> str:
        show()
        return kept[-1]

    table = shown(
        lambda: figures.show_messages({"honest": request(b"hello"), "lying": request(b"A", 65_535)})
    )
    assert "00 18 = 24" in table
    assert "ff ff = 65,535" in table
    table = shown(lambda: figures.show_read(answer(), memory()))
    member = next(n for kind, n, _s, _l in answer().secrets if kind == "password")
    assert memory().person(member).account in table
    order = next(n for kind, n, _s, _l in answer().secrets if kind == "address")
    buyer = memory().person(int(memory().run.orders["member"][order]))
    assert f"{buyer.name} · {buyer.mobile} · {buyer.address}" in table
    assert "no answer" in shown(lambda: figures.show_faulty_and_corrected(memory(), moment()))
    table = shown(lambda: figures.show_found([harvest(memory(), 7, 14, 1, 1), taken()]))
    assert all(str(taken().count(kind)) in table for kind in KINDS[:3])
    measures = interim_measures(memory(), 7, 14, 3_000, seed=1)
    assert number(measures[-1].money_lost) in shown(lambda: figures.show_interim(measures, "TWD"))
    assert "3,000" in shown(lambda: figures.show_traces(taken()))
    table = shown(lambda: figures.show_versions(["1.0.1f", "1.0.1g", "1.0.1e-fips", "1.0.0m"]))
    assert all(word in table for word in ("affected", "corrected", "never had it", "ask: "))
    assert "assumption" in shown(figures.show_assumptions)
