"""Secret sharing: two shares of three tell nothing, and shares of a sum are sums of shares."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.privacy.sharing import PRIME, joint_sum, recombine, split, value_at, ways_to_fit

numbers = st.integers(0, PRIME - 1)
SMALL = 7


def test_any_two_shares_of_three_fit_every_secret_equally_often() -> None:
    for first, second in ((1, 2), (1, 3), (2, 3)):
        for seen in product(range(SMALL), repeat=2):
            shares = dict(zip((first, second), seen, strict=True))
            assert ways_to_fit(shares, 3, SMALL) == [1] * SMALL


def test_three_shares_leave_the_secret_alone() -> None:
    for curve in product(range(SMALL), repeat=3):
        shares = {party: value_at(curve, party, SMALL) for party in (1, 2, 3)}
        ways = ways_to_fit(shares, 3, SMALL)
        assert ways == [int(number == curve[0]) for number in range(SMALL)]
        assert recombine(shares, SMALL) == curve[0]


@given(numbers, st.integers(2, 6))
def test_all_shares_together_give_the_number_back(number: int, parties: int) -> None:
    assert recombine(dict(enumerate(split(number, parties), start=1))) == number


@given(numbers, numbers)
def test_shares_of_two_numbers_added_are_shares_of_their_sum(one: int, other: int) -> None:
    added = [a + b for a, b in zip(split(one, 3), split(other, 3), strict=True)]
    assert recombine(dict(enumerate(added, start=1))) == (one + other) % PRIME


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=5), st.integers(0, 2**32))
def test_the_joint_sum_is_the_sum_and_nobody_receives_a_number(own: list[int], seed: int) -> None:
    pick = np.random.default_rng(seed)
    joint = joint_sum(own, chance=lambda below: int(pick.integers(below)))
    assert joint.total == sum(own)
    # By chance a share equals somebody's number once in some ten million times.
    assert not {share for row in joint.shares for share in row} & set(own)


def test_a_share_is_as_likely_to_be_any_number_whatever_is_hidden() -> None:
    for hidden in range(SMALL):
        shares = sorted(
            split(hidden, 2, SMALL, chance=lambda _below, drawn=drawn: drawn)[0]  # type: ignore[misc]
            for drawn in range(SMALL)
        )
        assert shares == list(range(SMALL))


@pytest.mark.parametrize("number", [-1, PRIME])
def test_a_number_that_does_not_fit_is_refused(number: int) -> None:
    with pytest.raises(
        SafeShopError, match=rf"^{number} cannot be split into shares: it must be a whole number from 0 to "
    ):
        split(number, 3)
