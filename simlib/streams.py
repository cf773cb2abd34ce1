"""Streams: one source of random numbers for each purpose, so that two policies meet the same customers.

Each purpose has its own generator, spawned from the seed with a key that never changes. Whatever one purpose
draws, the others stay as they were: a shop with two packers meets the same buyers, who wait the same time and
send back the same parcels, as the shop with one. Adding a purpose adds a key and leaves the rest untouched.

Times are drawn as whole ticks of 2⁻²⁰ day (about 82 ms). Ticks add up exactly in floating point, so a sum of
times does not depend on the order of adding, and the last-bit differences between processors' logarithms vanish
in the rounding: the same seed gives the same run everywhere.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TICK: Final = 2.0**-20
"""Resolution of all times, in days."""

PURPOSES: Final = {
    "orders per day": 1,
    "arrivals": 2,
    "visits": 3,
    "carts": 4,
    "browsing": 5,
    "checkout": 6,
    "members": 7,
    "membership age": 8,
    "basket size": 9,
    "basket products": 10,
    "basket pieces": 11,
    "acknowledgement": 12,
    "check": 13,
    "payment method": 14,
    "payment delay": 15,
    "payment page": 16,
    "payment outcome": 17,
    "payment retry": 18,
    "seller notice": 19,
    "packing": 20,
    "transit": 21,
    "returns": 22,
    "return handling": 23,
    "return transit": 24,
    "inspection": 25,
    "enquiries": 26,
    "enquiry handling": 27,
    "reviews": 28,
    "price error arrivals": 29,
    "enquiry delay": 30,
    "review delay": 31,
    "door": 32,
    "authentication": 33,
    "deals": 34,
    "decision": 35,
    "offer": 36,
    "fulfilment": 37,
    "store visit": 38,
    "loss": 39,
    "disputes": 40,
    "dispute steps": 41,
    "dispute settles": 42,
    "dispute outcome": 43,
    "chargebacks": 44,
    "chargeback delay": 45,
    "visibility": 46,
    "screening": 47,
    "attack steps": 48,
    "attack stops": 49,
    "attack times": 50,
    "attack sightings": 51,
    "attack sighting delays": 52,
    "attack dwell": 53,
    "attack effects": 54,
    "attack effect sizes": 55,
    "attack response": 56,
    "attack response times": 57,
    "attack charge-backs": 58,
    "attack charge-back delay": 59,
    "attacker arrivals": 60,
    "memory visits": 80,
    "memory log-ins": 81,
    "memory key": 82,
    "memory passwords": 83,
    "memory cookies": 84,
    "memory primes": 85,
    "memory requests": 86,
    "outside list": 90,
    "picking out": 91,
    "release noise": 92,
    "buyer settings": 93,
}
"""Purpose → spawn key. A key is never changed or used again; new purposes take the next number."""


def stream(seed: int, purpose: str, branch: int = 0) -> np.random.Generator:
    """The random numbers of one purpose.

    Parameters
    ----------
    seed
        Seed of the run, 0 or more.
    purpose
        One of `PURPOSES`.
    branch
        A further stream of the same purpose, for customers who come on top (bargain hunters), so that the
        ordinary ones stay the same.

    Returns
    -------
    numpy.random.Generator
        Fresh, at its beginning.
    """
    return np.random.Generator(
        np.random.PCG64DXSM(np.random.SeedSequence(seed, spawn_key=(PURPOSES[purpose], branch)))
    )


def to_ticks(days: Floats) -> Floats:
    """Times rounded to whole ticks, in days."""
    return np.asarray(np.rint(days / TICK) * TICK)


def tick(days: float) -> float:
    """One time rounded to a whole tick, in days; `to_ticks` for a single number, and many times as fast."""
    return round(days / TICK) * TICK


def lognormal_times(mean_days: npt.ArrayLike, spread: npt.ArrayLike, normal: Floats) -> Floats:
    """Log-normal times with a given mean and spread.

    Parameters
    ----------
    mean_days
        Mean in days, one for all or one for each time.
    spread
        Coefficient of variation *c*, likewise. The underlying normal has variance ln(1 + c²) and mean
        ln(mean) − ln(1 + c²)/2, so that the times have the stated mean and *c*.
    normal
        Standard normal numbers.

    Returns
    -------
    numpy.ndarray
        Days in whole ticks, each at least one tick, in the shape of `normal`.
    """
    variance = np.log1p(np.square(spread))
    return times_from_normal(np.log(mean_days) - variance / 2, np.sqrt(variance), normal)


def times_from_normal(
    location: npt.ArrayLike, scale: npt.ArrayLike, normal: Floats, out: Floats | None = None
) -> Floats:
    """`lognormal_times` for callers who work out location and scale of the underlying normal once for many.

    Parameters
    ----------
    location, scale
        Mean and standard deviation of the logarithm of the times in days.
    normal
        Standard normal numbers.
    out
        Where to write the result; may be `normal` itself.
    """
    # One array from beginning to end: fetching memory costs more than reckoning.
    days = np.asarray(np.multiply(scale, normal, out=out))
    if not days.ndim:
        return np.asarray(times_from_normal(location, scale, np.array([normal]))[0])
    days += location
    np.exp(days, out=days)
    # A tick is a power of 2, so this is the same as dividing, and a third of the time.
    days *= 1 / TICK
    np.rint(days, out=days)
    days *= TICK
    return np.asarray(np.maximum(days, TICK, out=days))


FEW: Final = 64
"""So many thresholds are compared with all numbers one after the other; more are searched for each number."""


def thresholds_reached(thresholds: Floats, numbers: Floats) -> Integers:
    """How many of some ascending thresholds each number has reached (`numpy.searchsorted`, from the right).

    For a few thresholds comparing is ten times as fast as searching: no comparison has to wait for another.
    """
    if len(thresholds) > FEW:
        return np.asarray(np.searchsorted(thresholds, numbers, side="right"), dtype=np.int64)
    reached = np.zeros(len(numbers), dtype=np.int8)
    for threshold in thresholds:
        reached += numbers >= threshold
    return reached.astype(np.int64)


def weighted_choice(weights: npt.ArrayLike, uniform: Floats) -> Integers:
    """Indices chosen with the given relative weights.

    Parameters
    ----------
    weights
        Relative weights, at least one above 0.
    uniform
        Uniform numbers in [0, 1).
    """
    cumulative = np.cumsum(np.asarray(weights, dtype=float))
    # The last sum is not looked at: with weights near the smallest number there is, the product may round up to it.
    return thresholds_reached(cumulative[:-1], uniform * cumulative[-1])


def repetitions(chance: float, uniform: Floats, most: int) -> Integers:
    """How often something is repeated when each repetition has the same chance, at most `most` times."""
    return thresholds_reached(1 - np.power(chance, np.arange(1, most + 1)), uniform)
