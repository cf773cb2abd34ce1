"""Panels of lesson 01: every move changes what is shown, and what is shown is what the model says."""

from __future__ import annotations

import html
from decimal import Decimal

import pytest

from simlib import figures, panels
from simlib.panels.where_to_sell import EXAMPLE, month_of
from simlib.platform.decision import QUESTIONS, decide, points, way_label
from simlib.platform.fees import FeeSchedule, Sale, charge, charge_month, schedule
from tests.panels.moving import corners, pairs_of_steps, place
from tests.shops import scenario

SCHEDULES = (("own-site-tw", "own-site"), ("marketplace-tw", "platform-run"))


@pytest.fixture(scope="module")
def fees() -> panels.WhatIf:
    return panels.what_if_fees(scenario("taiwan-gift-shop"), "own-site-tw", "marketplace-tw")


@pytest.mark.slow
def test_a_step_of_any_fee_slider_changes_the_picture(fees: panels.WhatIf) -> None:
    assert len(fees.controls) == 5
    for name, widget in fees.controls.items():
        fees.put_back()
        for before, after in pairs_of_steps(widget):
            assert place(fees, {name: before}) != place(fees, {name: after}), name
    fees.put_back()


@pytest.mark.slow
def test_every_corner_of_the_fee_panel_is_drawn_whole(fees: panels.WhatIf) -> None:
    for values in corners(fees):
        place(fees, values)
        figure = fees.ax.get_figure(root=True)
        assert figure is not None
        for word in [*fees.ax.texts, *fees.ax.get_yticklabels(), *figure.legends[0].get_texts()]:
            box = word.get_window_extent()
            assert figure.bbox.padded(1).contains(box.x0, box.y0), (values, word)
            assert figure.bbox.padded(1).contains(box.x1, box.y1), (values, word)
    fees.put_back()


def test_a_month_of_equal_orders_is_reckoned_by_hand() -> None:
    shop = scenario("taiwan-gift-shop")
    values = {"price": 1000, "orders": 40, "goods": 50, "cash": 25}
    # 40 orders of 1,000 TWD, 10 of them at the door. Own site: card 2.8 %, at the door 3 %, at least 30;
    # 1,500 a month; advertising 8 %. Business tax 5 % of what is contained, less that on the goods.
    month = month_of(schedule("own-site-tw"), "own-site", shop, values)
    assert month.amount == 40 * 1000_00
    assert dict(month.fees) == {
        "commission": 0,
        "margin": 0,
        "card": 30 * 28_00,
        "cash-on-delivery": 10 * 30_00,
        "technical-service": 1500_00,
        "advertising": 3200_00,
    }
    assert month.goods == 40 * 500_00
    assert month.shipping == 40 * shop.minor(shop.logistics.parcel_fee)
    assert month.tax == 40 * (47_62 - 23_81)


def test_the_panel_charges_own_advertising_to_the_own_site_alone(fees: panels.WhatIf) -> None:
    fees.put_back()
    before = figures.sentence(fees.ax)
    fees.controls["advertising"].value = 20
    after = figures.sentence(fees.ax)
    fees.put_back()
    own = [text.split(": ")[-1] for text in (before.split(";")[0], after.split(";")[0])]
    # 12 points more of advertising, of which the income tax (20 %) bears its part.
    assert float(own[0]) - float(own[1]) == pytest.approx(12 * 0.8, abs=0.11)
    assert before.split(";")[1] == after.split(";")[1]


def test_the_decision_panel_says_what_the_decision_says() -> None:
    panel = panels.WhereToSell()
    assert list(panel.answers) == [question.name for question in QUESTIONS]
    for answers in (
        EXAMPLE,
        {**EXAMPLE, "payment": "escrow", "stability": "proven", "channel": "third-party"},
    ):
        for name, choice in answers.items():
            panel.answers[name].value = choice
        outcome = decide(answers)
        text = html.unescape(panel.result.value)
        assert outcome.sentence() in text
        for reason in outcome.best.reasons:
            assert reason.sentence in text
        for duty in outcome.best.duties:
            assert duty.what in text
        for way, sum_of in points(answers).items():
            assert f"{way_label(way)}: {sum_of} points" in text


def test_every_change_of_every_answer_changes_the_text_whatever_else_is_answered() -> None:
    panel = panels.WhereToSell()
    others: list[dict[str, str]] = [
        dict(EXAMPLE),
        {question.name: question.choices[-1].name for question in QUESTIONS},
        {question.name: question.choices[0].name for question in QUESTIONS},
    ]
    for answers in others:
        for question in QUESTIONS:
            for name, answer in answers.items():
                panel.answers[name].value = answer
            texts = set()
            for choice in question.choices:
                panel.answers[question.name].value = choice.name
                texts.add(panel.result.value)
            assert len(texts) == len(question.choices), (question.name, answers)


def test_the_reset_brings_the_example_back() -> None:
    panel = panels.WhereToSell()
    first = panel.result.value
    for question in QUESTIONS:
        panel.answers[question.name].value = question.choices[-1].name
    assert panel.result.value != first
    panel.reset.click()
    assert {name: widget.value for name, widget in panel.answers.items()} == EXAMPLE
    assert panel.result.value == first


def test_every_question_is_a_labelled_list_and_the_result_is_announced() -> None:
    panel = panels.WhereToSell()
    for question in QUESTIONS:
        widget = panel.answers[question.name]
        assert widget.description == question.question()
        assert [label for label, _name in widget.options] == [choice.answer() for choice in question.choices]
    assert 'role="status"' in panel.result.value


def test_equal_orders_cost_what_single_ones_add_up_to() -> None:
    shop = scenario("taiwan-gift-shop")
    for name, operator in SCHEDULES:
        fee: FeeSchedule = schedule(name)
        month = month_of(fee, operator, shop, {"price": 650, "orders": 20, "goods": 30, "cash": 0})
        single = Sale(
            amount=650_00,
            goods=195_00,
            shipping=shop.minor(shop.logistics.parcel_fee),
            operator=operator,
        )
        (cost,) = charge(fee, [single])
        assert sum(order.left for order in month.orders) == 20 * cost.left
        assert month.deposit == int(fee.deposit * Decimal(100))
        assert month.left == charge_month(fee, [single] * 20, "tw").left
