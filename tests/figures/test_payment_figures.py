"""Figures of lesson 03: numbers recomputed another way, words that fit, and no meaning in colour alone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import lru_cache
from gettext import NullTranslations
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

import simlib.languages
from simlib import figures
from simlib.languages import set_language
from simlib.payment import costs, reports, tracing
from simlib.platform.verification import Confusion, detector
from simlib.records import Run
from simlib.scenario import Payout
from simlib.world import simulate
from tests.figures.drawn import cut_off, figure_of, overlapping, texts
from tests.shops import run_of, scenario

ATTACK = Payout.model_validate(
    {"hold_days": 7, "noticed_after_days": 12, "changes": [{"day": 30, "by": "attacker"}]}
)


@lru_cache
def contracts() -> dict[str, Run]:
    market = scenario("mainland-marketplace-store")
    return {
        "A 1": run_of("mainland-marketplace-store"),
        "B 2": simulate(market.changed(payment__release="signature"), days=60, seed=1),
    }


@lru_cache
def disputed() -> costs.ChargebackCost:
    shop = scenario("taiwan-gift-shop").changed(payment__chargebacks__share=0.2)
    found = costs.chargeback_cost(simulate(shop, days=60, seed=1))
    assert found is not None
    return found


def cases() -> dict[str, tuple[Run, int]]:
    run, market = run_of("taiwan-gift-shop"), run_of("mainland-marketplace-store")
    return {
        "A": (run, tracing.example_order(run, "card")),
        "B": (run, tracing.example_order(run, "cash-on-delivery")),
        "C": (market, tracing.example_order(market)),
    }


def across() -> Run:
    return run_of("taiwan-exporter-cross-border")


DRAWN: dict[str, Callable[[], Axes]] = {
    "one order": lambda: figures.money_of_orders(cases()),
    "waiting": lambda: figures.waiting_over_time(contracts()),
    "arrives": lambda: figures.what_arrives(run_of("taiwan-gift-shop")),
    "arrives from a platform": lambda: figures.what_arrives(run_of("mainland-self-run-supplier")),
    "five steps": lambda: figures.five_steps(across(), tracing.example_order(across())),
    "balances": lambda: figures.collection_balances(across(), 30),
    "rates": lambda: figures.exchange_rates(across()),
    "flagged": lambda: figures.flagged(reports.screened(detector("fake-trades"), 20_000, 1)),
    "account": lambda: figures.changed_account(run_of("taiwan-gift-shop"), ATTACK),
    "chargeback": lambda: figures.chargeback(disputed(), "TWD"),
    "protection": lambda: figures.protection({"A 1": costs.Protection(5, 0), "B 2": costs.Protection(1, 3)}),
}
every_figure = pytest.mark.parametrize("name", DRAWN)


def bars_of(ax: Axes) -> list[Rectangle]:
    """The bars of a figure, in the order in which they were drawn."""
    return [bar for bar in ax.patches if isinstance(bar, Rectangle)]


@every_figure
def test_a_figure_of_money_has_its_words(name: str) -> None:
    ax = DRAWN[name]()
    assert ax.get_title(loc="left")
    assert ax.get_xlabel() or name == "flagged"
    for words in (figures.alt_text(ax), figures.sentence(ax)):
        assert words.endswith(".")
        assert len(words) > 20
        assert not re.search(r"\bnan\b|\binf\b|None|[{}]", words)


@pytest.mark.slow
@every_figure
def test_no_text_of_money_is_cut_off_or_covered(name: str) -> None:
    ax = DRAWN[name]()
    figure_of(ax).canvas.draw()
    assert cut_off(ax) == []
    assert overlapping(ax) == []


class ChinesePretence(NullTranslations):
    """Stands in for a catalogue that is not written yet: each word becomes a Chinese character or two."""

    def gettext(self, message: str) -> str:
        parts = re.split(r"(\{[^}]*\})", message)
        short = [part if part.startswith("{") else self.pretend(part) for part in parts]
        return "".join(short)

    @staticmethod
    def pretend(part: str) -> str:
        return re.sub(
            r"[A-Za-z][A-Za-z’'-]*", lambda word: "寄訂單門"[: max(1, len(word.group()) // 3)], part
        )


@pytest.mark.slow
@every_figure
def test_in_chinese_every_word_of_money_is_translated(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if figures.use_fonts("zh-Hant") is not None:
        pytest.skip("this computer has no font with Chinese characters")
    pretence = ChinesePretence()
    monkeypatch.setattr(simlib.languages, "_translations", lambda tag: pretence)
    set_language("zh-Hant")
    ax = DRAWN[name]()
    figure_of(ax).canvas.draw()
    shown = [text for text, _box in texts(ax)]
    assert any("寄" in text for text in shown)
    assert [text for text in shown if re.search(r"[A-Za-z]{4,}", text)] == []
    assert cut_off(ax) == []


def look(handle: Any) -> object:
    """How an artist looks to a person who sees no colours."""
    if isinstance(handle, BarContainer):
        handle = handle.patches[0]
    if isinstance(handle, Line2D):
        return handle.get_linestyle(), str(getattr(handle, "_unscaled_dash_pattern", "")), handle.get_marker()
    if isinstance(handle, Patch):
        return handle.get_hatch() or ""
    return str(handle.get_paths()[0].vertices.shape)


@every_figure
def test_whoever_sees_no_colour_can_tell_the_money_apart(name: str) -> None:
    found, labels = DRAWN[name]().get_legend_handles_labels()
    looks = [str(look(handle)) for handle in found]
    assert len(looks) == len(labels)
    assert len(looks) == len(set(looks))


@pytest.mark.slow
@every_figure
def test_the_same_money_gives_the_same_bytes(name: str) -> None:
    assert figures.picture(DRAWN[name]()) == figures.picture(DRAWN[name]())


# -- numbers ------------------------------------------------------------


def test_the_bars_of_one_order_are_as_long_as_its_money_stayed() -> None:
    ax = figures.money_of_orders(cases())
    lengths: dict[int, list[float]] = {}
    for bar in bars_of(ax):
        lengths.setdefault(round(bar.get_y() + bar.get_height() / 2), []).append(bar.get_width())
    for row, (run, order) in enumerate(cases().values()):
        out = run.postings["t"][
            (run.postings["order"] == order)
            & (run.postings.where("kind", "settlement") | run.postings.where("kind", "escrow_release"))
        ].max()
        assert sum(lengths[row]) == pytest.approx(out - run.orders["placed"][order])


def test_the_steps_down_from_1000_are_the_parts_and_meet_each_other() -> None:
    run = run_of("taiwan-gift-shop")
    bars = bars_of(figures.what_arrives(run))
    assert bars[0].get_width() == 1000
    assert sum(bar.get_width() for bar in bars[1:]) == pytest.approx(1000)
    ends = [bar.get_x() for bar in bars[1:]]
    begins = [bar.get_x() + bar.get_width() for bar in bars[1:]]
    assert begins[0] == pytest.approx(1000)
    assert begins[1:] == pytest.approx(ends[:-1])
    assert ends[-1] == pytest.approx(0, abs=1e-9)
    balance = tracing.whereabouts(run)
    assert bars[-1].get_width() == pytest.approx(1000 * balance.bank / balance.ordered)


def test_the_sentence_of_a_changed_account_is_what_the_simulation_says() -> None:
    shop = scenario("taiwan-gift-shop")
    attacked = {
        hold: simulate(
            shop.changed(payout=ATTACK.model_copy(update={"hold_days": hold}).model_dump()), days=60, seed=1
        )
        for hold in (0.0, 7.0)
    }
    without, held = (round(run.balance()["attacker"] / 100) for run in attacked.values())
    words = figures.sentence(figures.changed_account(run_of("taiwan-gift-shop"), ATTACK))
    assert words == (
        f"Noticed after 12 days, the change costs {without:,} TWD without a hold, "
        f"and {held:,} TWD with a hold of 7 days."
    )


def test_a_hold_as_long_as_the_notice_draws_no_thief() -> None:
    longer = ATTACK.model_copy(update={"hold_days": 12.0})
    ax = figures.changed_account(run_of("taiwan-gift-shop"), longer)
    _seller, free, held = ax.lines[:3]
    assert np.max(np.asarray(free.get_ydata())) > 100_000
    assert np.max(np.asarray(held.get_ydata())) == 0


def test_a_hundred_marks_stand_for_a_hundred_flagged() -> None:
    ax = figures.flagged(Confusion(hits=30, misses=10, false_alarms=90, passes=870))
    assert [len(np.asarray(marks.get_offsets())) for marks in ax.collections] == [25, 75]


def test_the_lines_of_waiting_money_swing_around_the_counted_mean() -> None:
    ax = figures.waiting_over_time(contracts())
    for line, run in zip(ax.lines, contracts().values(), strict=True):
        x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
        mean = y[x >= run.days / 3].mean()
        assert tracing.waiting_money(run, run.days / 3).observed / 100 == pytest.approx(mean, rel=0.02)


# -- tables ------------------------------------------------------------


def shown(show: Callable[[], None]) -> str:
    """A table as text."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("IPython.display.display", lambda data, raw: out.write(data["text/plain"] + "\n"))
        with redirect_stdout(out):
            show()
    return out.getvalue()


@pytest.mark.parametrize("preset", ["taiwan-gift-shop", "taiwan-exporter-cross-border"])
def test_every_line_of_postings_sums_to_zero_on_paper(preset: str) -> None:
    run = run_of(preset)
    order = tracing.example_order(run)
    table = shown(lambda: figures.show_postings(run, order))
    lines = table.splitlines()[2:]
    assert len(lines) == len(tracing.transactions_of(run, order)) + (preset == "taiwan-gift-shop")
    for line in lines:
        amounts = [float(text.replace(",", "")) for text in re.findall(r"[+-][\d,]+\.\d\d", line)]
        assert amounts
        assert round(sum(amounts), 2) == 0
        assert line.endswith(" 0.00")


def test_the_payment_page_tells_every_step_in_order() -> None:
    run = run_of("taiwan-gift-shop")
    order = tracing.example_order(run, "card")
    table = shown(lambda: figures.show_payment_page(run, order))
    steps = ["order confirmed", "redirected to", "password or fingerprint", "success", "told to ship"]
    places = [table.index(step) for step in steps]
    assert places == sorted(places)
    minutes = (run.orders["seller_told"][order] - run.orders["confirmed"][order]) * 1440
    assert f"{minutes:,.1f}" in table.splitlines()[-1]


def test_the_tables_of_settlement_show_nothing_but_agreement_in_a_quiet_month() -> None:
    run = run_of("taiwan-gift-shop")
    for line in shown(lambda: figures.show_settlement(run)).splitlines()[2:]:
        assert line.endswith(" 0.00")
    table = shown(lambda: figures.show_reconciliation({"quiet": run}))
    net = f"{reports.reconcile(run).arrived / 100:,.2f}"
    assert table.count(net) == 2
    assert table.rstrip().endswith("–")


def test_the_forms_of_trade_each_share_out_1000() -> None:
    runs = {"own": run_of("taiwan-gift-shop"), "market": run_of("mainland-marketplace-store")}
    lines = shown(lambda: figures.show_what_arrives(runs)).splitlines()[2:-1]
    for column in (-2, -1):
        assert sum(int(line.split()[column].replace(",", "")) for line in lines) == pytest.approx(1000, abs=4)


def test_the_other_tables_name_their_units_and_show_every_row() -> None:
    run = run_of("taiwan-gift-shop")
    methods = shown(lambda: figures.show_methods(costs.method_costs(run), 120))
    assert "fees, %" in methods
    assert all(
        name in methods for name in ("card", "wallet", "bank transfer", "cash on delivery", "120 days")
    )
    law = shown(lambda: figures.show_waiting(contracts()))
    assert "in CNY" in law
    assert len(law.splitlines()) == 4
    days = shown(lambda: figures.show_operator_days(reports.operator_days(across())[:10], "TWD"))
    assert "in TWD" in days
    assert all(line.endswith(" 0.00") for line in days.splitlines()[2:])
    assert len(days.splitlines()) == 12
