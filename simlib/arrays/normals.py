"""Normals: the normal numbers of a stream, the same ones that numpy draws, in a third of the time.

numba's version of `numpy.random.Generator.standard_normal` is numpy's method, number by number (Marsaglia and Tsang,
"The Ziggurat Method for Generating Random Variables", Journal of Statistical Software 5(8), 2000), but compiled into
one loop with its caller, where numpy calls it through a table of functions. A test compares them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simlib.arrays.contention import COMPILED
from simlib.shop.customers import fill_with_normals
from simlib.streams import Floats

if COMPILED:
    import numba

    @numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
    def _fill(rng: Any, numbers: Any) -> None:
        for position in range(len(numbers)):
            numbers[position] = rng.standard_normal()

    def fill(rng: np.random.Generator, numbers: Floats) -> None:
        """Fill a contiguous array with the next standard normal numbers."""
        _fill(rng, numbers.reshape(-1))

else:
    fill = fill_with_normals
