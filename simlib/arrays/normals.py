"""Normals: the normal numbers of a stream, the same ones that numpy draws, in a third of the time.

numba's version of `numpy.random.Generator.standard_normal` is numpy's method, number by number (Marsaglia and Tsang,
"The Ziggurat Method for Generating Random Variables", Journal of Statistical Software 5(8), 2000), but compiled into
one loop with its caller, where numpy calls it through a table of functions. A test compares them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from simlib.arrays import contention
from simlib.shop.customers import fill_with_normals
from simlib.streams import Floats


@cache
def _compiled() -> Callable[[np.random.Generator, Floats], None]:
    import numba

    @numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
    def fill_row(rng: Any, numbers: Any) -> None:
        for position in range(len(numbers)):
            numbers[position] = rng.standard_normal()

    return fill_row  # type: ignore[no-any-return, unused-ignore]


def fill(rng: np.random.Generator, numbers: Floats) -> None:
    """Fill a contiguous array with the next standard normal numbers; compiled once the loop is (`contention`)."""
    if contention.COMPILED:
        _compiled()(rng, numbers.reshape(-1))
    else:
        fill_with_normals(rng, numbers)
