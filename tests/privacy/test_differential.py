"""Differential privacy: the promise itself, from the distribution; moments as published; budgets that add up."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.privacy.differential import (
    Budget,
    answers_within,
    buyers_by_week,
    capped_sum,
    draw_noise,
    noise_chance,
    noise_of_sum,
    noise_variance,
    right_by_averaging,
    right_by_subtracting,
    two_reports,
    usual_error,
)
from tests.shops import run_of

epsilons = st.floats(0.05, 4)
every_epsilon = pytest.mark.parametrize("epsilon", [0.1, 0.5, 1.0, 2.5])
FAR = 900
"""Noise beyond this is less likely than 10⁻¹⁹ at the ε used here, and sums stop there."""


@given(epsilons, st.integers(0, 1000), st.integers(-150, 150))
def test_one_customer_more_makes_no_answer_more_than_e_to_the_epsilon_times_as_likely(
    epsilon: float, count: int, off: int
) -> None:
    answer = count + off
    without, with_him = noise_chance([answer - count, answer - (count + 1)], epsilon)
    assert max(without / with_him, with_him / without) <= math.exp(epsilon) * (1 + 1e-9)


@every_epsilon
def test_the_bound_is_reached_so_no_smaller_epsilon_would_do(epsilon: float) -> None:
    assert noise_chance(0, epsilon) / noise_chance(1, epsilon) == pytest.approx(math.exp(epsilon))


@every_epsilon
def test_chances_add_up_and_moments_are_as_published(epsilon: float) -> None:
    noise = np.arange(-FAR, FAR + 1)
    chances = noise_chance(noise, epsilon)
    assert chances.sum() == pytest.approx(1)
    assert (chances * noise).sum() == pytest.approx(0, abs=1e-9)
    assert (chances * noise**2).sum() == pytest.approx(noise_variance(epsilon))
    assert (chances * np.abs(noise)).sum() == pytest.approx(usual_error(epsilon))
    # The continuous Laplace mechanism (Dwork et al. 2006) has 2/ε²; the whole-numbered one comes near it.
    assert noise_variance(0.01) == pytest.approx(2 / 0.01**2, rel=1e-4)


@every_epsilon
def test_drawn_noise_follows_the_distribution(epsilon: float) -> None:
    size = 100_000
    drawn = draw_noise(3, epsilon, size)
    counted = Counter(drawn.tolist())
    for noise in range(-3, 4):
        chance = float(noise_chance(noise, epsilon))
        assert abs(counted[noise] / size - chance) < 4.5 * math.sqrt(chance * (1 - chance) / size)
    assert abs(drawn.mean()) < 4.5 * math.sqrt(noise_variance(epsilon) / size)


def test_the_same_seed_gives_the_same_noise_and_another_branch_another() -> None:
    assert draw_noise(1, 0.5, 9).tolist() == draw_noise(1, 0.5, 9).tolist()
    assert draw_noise(1, 0.5, 20).tolist()[:9] == draw_noise(1, 0.5, 9).tolist()
    assert draw_noise(1, 0.5, 9, branch=1).tolist() != draw_noise(1, 0.5, 9).tolist()


@pytest.mark.parametrize("answers", [1, 2, 5])
def test_noise_of_several_answers_is_the_distribution_folded_with_itself(answers: int) -> None:
    noise = np.arange(-150, 151)
    single = noise_chance(noise, 0.7)
    folded = single
    for _more in range(answers - 1):
        folded = np.convolve(folded, single)
    sums, chances = noise_of_sum(0.7, answers)
    middle = len(folded) // 2
    by_hand = {total: folded[middle + total] for total in range(-40, 41)}
    found = dict(zip(sums.tolist(), chances.tolist(), strict=True))
    assert all(found[total] == pytest.approx(by_hand[total], abs=1e-12) for total in by_hand)
    assert chances.sum() == pytest.approx(1)


@given(epsilons)
def test_one_answer_is_guessed_from_as_well_as_the_bound_allows(epsilon: float) -> None:
    assert right_by_averaging(epsilon, 1) == pytest.approx(math.exp(epsilon) / (1 + math.exp(epsilon)))


@given(st.floats(0.05, 1), st.integers(1, 30))
def test_averaging_helps_and_never_beats_the_sum_of_the_prices(epsilon: float, answers: int) -> None:
    right = right_by_averaging(epsilon, answers)
    together = epsilon * answers
    assert right <= 1 / (1 + math.exp(-together)) + 1e-9
    # Even numbers of answers leave ties to a coin, so two more are compared.
    assert right_by_averaging(epsilon, answers + 2) >= right - 1e-9


@every_epsilon
def test_subtracting_two_reports_is_as_good_as_a_thousand_tries_say(epsilon: float) -> None:
    noise = np.arange(-FAR, FAR + 1)
    chances = noise_chance(noise, epsilon)
    # Two independent noises, folded: how likely is which difference, with her (1) and without (0).
    difference = np.convolve(chances, chances)
    here = len(difference) // 2
    with_her, without = difference[here:].sum(), difference[: here + 1].sum()
    assert right_by_subtracting(epsilon) == pytest.approx((with_her + without) / 2)
    tries = 20_000
    hers = np.array(two_reports(57, 56, epsilon, 5, tries))
    others = np.array(two_reports(57, 57, epsilon, 5, tries))
    right = ((hers[:, 0] - hers[:, 1] >= 1).mean() + (others[:, 0] - others[:, 1] <= 0).mean()) / 2
    assert abs(right - right_by_subtracting(epsilon)) < 4.5 * math.sqrt(0.25 / (2 * tries))


def test_noise_of_two_releases_is_not_the_same() -> None:
    # Otherwise subtracting would take it out, and the difference would be the truth.
    assert len({before - after for before, after in two_reports(57, 56, 0.5, 1, 50)}) > 5


@given(st.lists(st.sampled_from([0.1, 0.2, 0.5, 1.0]), max_size=40))
def test_a_budget_never_pays_more_than_it_has_and_prices_add_up(prices: list[float]) -> None:
    budget = Budget(2.0)
    refused = 0
    for price in prices:
        try:
            budget.spend(price)
        except SafeShopError:
            refused += 1
    assert sum(budget.spent) <= 2.0 + 1e-9
    assert len(budget.spent) + refused == len(prices)
    assert budget.left == pytest.approx(2.0 - sum(budget.spent))


def test_ten_times_a_tenth_is_the_whole_budget_and_the_eleventh_is_refused() -> None:
    budget = Budget(1.0)
    for _answer in range(10):
        budget.spend(0.1)
    with pytest.raises(SafeShopError) as told:
        budget.spend(0.1)
    assert told.value.sentence == (
        "No answer: it costs ε = 0.1, and of the budget of 1 only 0 is left. Give out an earlier answer again instead."
    )
    assert len(budget.spent) == 10
    assert answers_within(60, 0.1, 1.0) == 10
    assert answers_within(3, 0.1, 1.0) == 3
    assert answers_within(3, 3.0, 1.0) == 0


@pytest.mark.parametrize("epsilon", [0, -1, math.nan])
def test_an_epsilon_that_promises_nothing_is_refused(epsilon: float) -> None:
    with pytest.raises(SafeShopError, match=r"^ε must be above 0, not "):
        usual_error(epsilon)


def test_a_capped_sum_changes_by_at_most_the_cap_when_somebody_leaves() -> None:
    spent = [120.0, 90_000.0, 450.0]
    with_all = capped_sum(spent, 1000, 0.5, seed=1)
    without = capped_sum([120.0, 450.0], 1000, 0.5, seed=1)
    # The same noise in both, so the difference is what the large buyer counted with.
    assert with_all - without == 1000
    errors = [capped_sum(spent, 1000, 0.5, seed=1, branch=branch) - 1570 for branch in range(300)]
    assert np.std(errors) == pytest.approx(math.sqrt(noise_variance(0.5 / 1000)), rel=0.2)


def test_a_buyer_counts_once_a_week() -> None:
    run = run_of("taiwan-gift-shop", days=60, seed=2026)
    ordered, sent_back = buyers_by_week(run)
    by_hand = [
        len(
            {
                int(member)
                for member, placed in zip(run.orders["member"], run.orders["placed"], strict=True)
                if begin <= placed < end
            }
        )
        for begin, end in pairwise(range(0, 60, 7))
    ]
    assert ordered.tolist() == by_hand
    assert len(sent_back) == 8
    assert 0 < sent_back.sum() <= run.orders.where("state", "refunded").sum()
