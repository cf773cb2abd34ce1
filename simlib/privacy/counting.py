"""Counting: how many of very many moments lie at or before each of some marks, without sorting the many.

Marks are usually evenly spaced (each hour of a year). Then arithmetic tells for each moment which mark lies nearest,
one comparison with that mark puts it on the right side, and a running sum over the marks is the answer.

Why that is exact: ``y = moment × scale + shift`` never falls while the moment rises, rounded or not, and at mark *j*,
counted from 0, it differs from *j* + ½ by at most `LARGEST_ERROR`, which is looked at beforehand. So a moment whose
*y* lies from *j* to *j* + 1 comes after mark *j* − 1 and before mark *j* + 1, and comparing it with mark *j* decides.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simlib.streams import Floats, Integers

Truths = npt.NDArray[np.bool_]

LARGEST_ERROR: Final = 0.25
"""Marks count as evenly spaced up to so many spacings; the proof above needs less than one half."""

FEW_MARKS: Final = 16
"""For so few marks, looking at all moments once for each is quicker than anything else."""

ROWS_AT_ONCE: Final = 1 << 14
"""So many moments fit into a processor's cache with all that is worked out about them."""

WORTH_COMPILED_CODE: Final = 50_000
"""From so many moments on, fetching compiled code into a process that has numba already pays."""


def at_or_before(moments: Floats, counted: Truths, marks: Floats) -> Integers:
    """How many of the moments lie at or before each mark.

    Parameters
    ----------
    moments
        In any order; ``nan`` is never.
    counted
        Which of them count.
    marks
        One-dimensional, in any order.

    Returns
    -------
    numpy.ndarray
        One number a mark.
    """
    if len(marks) <= FEW_MARKS:
        return np.array([np.count_nonzero((moments <= mark) & counted) for mark in marks], dtype=np.int64)
    ruler = evenly_spaced(marks) if len(moments) > len(marks) else None
    if ruler is None:
        ascending = np.sort(moments[counted])
        ascending = ascending[: np.searchsorted(ascending, np.nan)]
        return np.where(np.isnan(marks), 0, np.searchsorted(ascending, marks, side="right"))
    # The last place is for those that do not count.
    each = np.zeros(len(marks) + 2, dtype=np.int32)
    _quickest(len(moments))(moments, counted, marks, *ruler, each)
    return np.cumsum(each[: len(marks)], dtype=np.int64)


def evenly_spaced(marks: Floats) -> tuple[float, float] | None:
    """Scale and shift that make mark *j*, counted from 0, very nearly *j* + ½; none if they are too uneven."""
    with np.errstate(all="ignore"):
        scale = (len(marks) - 1) / (marks[-1] - marks[0])
        shift = 0.5 - marks[0] * scale
        # Not "any is larger", which nan would slip through.
        even = (np.abs(marks * scale + shift - np.arange(len(marks)) - 0.5) <= LARGEST_ERROR).all()
    return (float(scale), float(shift)) if even and scale > 0 else None


def count_by_mark(
    moments: Floats, counted: Truths, marks: Floats, scale: float, shift: float, each: npt.NDArray[np.int32]
) -> None:
    """Add to each mark's number the moments that lie after the mark before and not after this one.

    Parameters
    ----------
    moments, counted, marks
        As in `at_or_before`.
    scale, shift
        From `evenly_spaced`.
    each
        Of every mark; then of what lies after all of them; then of what does not count.
    """
    last = len(marks)
    nearest, place = np.empty(ROWS_AT_ONCE), np.empty(ROWS_AT_ONCE, dtype=np.int64)
    out = np.empty(ROWS_AT_ONCE, dtype=np.int64)
    for start in range(0, len(moments), ROWS_AT_ONCE):
        part = moments[start : start + ROWS_AT_ONCE]
        y, after = nearest[: len(part)], place[: len(part)]
        with np.errstate(over="ignore", invalid="ignore"):
            np.multiply(part, scale, out=y)
            y += shift
        np.fmin(y, last - 1, out=y)
        np.fmax(y, 0, out=y)
        np.copyto(after, y, casting="unsafe")
        np.take(marks, after, out=y, mode="clip")
        # Not "later than", which nan would slip through.
        after += ~(part <= y)
        np.multiply(~counted[start : start + ROWS_AT_ONCE], last + 1, out=out[: len(part)])
        np.maximum(after, out[: len(part)], out=after)
        each += np.bincount(after, minlength=last + 2)


@cache
def _compiled() -> Callable[..., None]:
    """`count_by_mark` as numba compiles it: half the time, the same numbers."""
    import numba

    @numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def count(moments: Any, counted: Any, marks: Any, scale: Any, shift: Any, each: Any, place: Any) -> None:
        last = len(marks)
        for start in range(0, len(moments), len(place)):
            rows = min(len(place), len(moments) - start)
            # The first loop has no branches, so that the processor takes several moments at once.
            for row in range(rows):
                y = moments[start + row] * scale + shift
                y = y if y < last - 1 else last - 1.0
                place[row] = np.int32(y if y > 0 else 0.0)
            for row in range(rows):
                near = place[row]
                after = near if moments[start + row] <= marks[near] else near + 1
                each[after if counted[start + row] else last + 1] += 1

    translated: Any = count

    def with_room(*given: Any) -> None:
        translated(*given, np.empty(1024, dtype=np.uint32))

    return with_room


def _quickest(moments: int) -> Callable[..., None]:
    """Compiled where numba is there already (the array engine brings it); it is not loaded for this alone."""
    numba: Any = sys.modules.get("numba")
    if moments < WORTH_COMPILED_CODE or numba is None or numba.config.DISABLE_JIT:
        return count_by_mark
    return _compiled()
