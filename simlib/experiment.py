"""Experiment: many runs of a shop, so that a difference can be told from luck.

One run is one throw of the dice. `replicate` throws often, `compare` lets two shops meet the very same customers and
gives the difference with its interval, `sweep` goes through all values of one or two fields. All of them do their
runs in the same way: with the array engine where it can, in one process, in several, or on a Dask cluster; always with
the same result in the same order.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simlib.arrays import NotExpressedError, refused, simulate_arrays
from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.privacy import ONLINE, exposure_peak, record_days, time_online, unmet_needs
from simlib.records import Run, mean_days_between
from simlib.scenario import MINOR_UNITS, PRESETS, Scenario
from simlib.streams import Floats
from simlib.world import LARGEST_SEED, simulate

if TYPE_CHECKING:
    import pandas as pd

Engine = Literal["auto", "events", "arrays"]
"""``events``: `simlib.world`; ``arrays``: `simlib.arrays`; ``auto``: the arrays if they can express the shop."""

ENGINES: Final = ("auto", "events", "arrays")

RUNS_AT_ONCE: Final = 20
"""Runs that are handed out together; it does not depend on the number of processes, and neither do the results."""

MOST_RUNS: Final = 1_000_000
"""Most runs of one scenario."""


# ---------------------------------------------------------------------------------------------------------------
# measures


@dataclass(frozen=True)
class Measure:
    """One number of a run.

    Attributes
    ----------
    key
        Stable name for programs and grid files.
    of
        The number.
    label, unit
        For people, made when asked for. The unit of amounts depends on the scenario.
    """

    key: str
    of: Callable[[Run], float]
    label: Callable[[], str]
    unit: Callable[[Scenario], str]


def orders_completed(run: Run) -> float:
    """Orders that were completed within the run."""
    return float(run.orders.where("state", "completed").sum())


def orders_lost(run: Run) -> float:
    """Orders that the shop refused or could not deliver, for a wrong price or want of goods."""
    orders = run.orders
    return float((orders.where("state", "rejected") | orders.where("state", "out_of_stock")).sum())


def days_to_delivery(run: Run) -> float:
    """Mean time from order to delivery, in days."""
    return mean_days_between(run.orders, "placed", "delivered")


def days_to_close(run: Run) -> float:
    """Mean time from order to its end, in days."""
    return mean_days_between(run.orders, "placed", "closed")


def hours_to_pack(run: Run) -> float:
    """Mean time from the notice to the seller until the parcel is packed, in hours."""
    return 24 * mean_days_between(run.orders, "seller_told", "packed")


def peak_exposure(run: Run) -> float:
    """Readable online copies at the worst moment."""
    return float(exposure_peak(run.copies, ONLINE, 0.0, float(run.days))[0])


def total_exposure(run: Run) -> float:
    """Readable online copies times the days they lay there, in record-days."""
    return record_days(run.copies, ONLINE, 0.0, float(run.days))


def days_online(run: Run) -> float:
    """Mean time for which an order's record lay readable online, in days; counted until the run's end."""
    times = time_online(_within(run), ONLINE, "order")
    return float(times.mean()) if times.size else float("nan")


def needs_unmet(run: Run) -> float:
    """Share of needs (`simlib.privacy.NEEDS`) that could not be met because data had left."""
    needs = unmet_needs(run)
    arose = sum(need.orders for need in needs)
    return sum(need.unmet for need in needs) / arose if arose else float("nan")


def seller_result(run: Run) -> float:
    """What the shop is worth more than at its start, in currency units: cash, money on its way, and goods at cost."""
    balance = run.balance()
    worth = sum(
        balance[account] for account in ("seller", "payment_company", "escrow", "courier_cash", "inventory")
    )
    return (worth + balance["owner"]) / MINOR_UNITS[run.scenario.currency]


def _within(run: Run) -> Any:
    from simlib.records import Table

    copies = run.copies
    until = np.minimum(copies["until"], run.days)
    return Table({**copies, "until": until}, copies.words)


def _measure(
    of: Callable[[Run], float], label: Callable[[], str], unit: Callable[[Scenario], str]
) -> Measure:
    return Measure(of.__name__, of, label, unit)


MEASURES: Final[Mapping[str, Measure]] = {
    measure.key: measure
    for measure in (
        _measure(orders_completed, lambda: _("Orders completed"), lambda _shop: _("orders")),
        _measure(orders_lost, lambda: _("Orders lost for price or stock"), lambda _shop: _("orders")),
        _measure(days_to_delivery, lambda: _("From order to delivery, mean"), lambda _shop: _("days")),
        _measure(days_to_close, lambda: _("From order to its end, mean"), lambda _shop: _("days")),
        _measure(hours_to_pack, lambda: _("From notice to packed, mean"), lambda _shop: _("hours")),
        _measure(
            peak_exposure, lambda: _("Readable online copies at the worst moment"), lambda _shop: _("copies")
        ),
        _measure(
            total_exposure, lambda: _("Readable online exposure, total"), lambda _shop: _("record-days")
        ),
        _measure(days_online, lambda: _("An order's readable time online, mean"), lambda _shop: _("days")),
        _measure(needs_unmet, lambda: _("Needs that were not met"), lambda _shop: _("share")),
        _measure(seller_result, lambda: _("Seller's result"), lambda shop: shop.currency),
    )
}
"""Key → measure."""


def measure(key: str) -> Measure:
    """A measure by its key.

    Raises
    ------
    SafeShopError
        If there is none.
    """
    if key not in MEASURES:
        near = difflib.get_close_matches(key, MEASURES, n=1, cutoff=0.4)
        hint = _(" Did you mean {name}?").format(name=near[0]) if near else ""
        raise SafeShopError(
            _("There is no measure called {key}.{hint} The measures are {measures}.").format(
                key=key, hint=hint, measures=", ".join(MEASURES)
            )
        )
    return MEASURES[key]


# ---------------------------------------------------------------------------------------------------------------
# doing the runs


@dataclass(frozen=True)
class _Task:
    """Some runs of one scenario: what one process does at a time."""

    scenario: Scenario
    measures: tuple[str | Callable[[Run], float], ...]
    days: int
    seeds: range | tuple[int, ...]
    engine: Engine


def run_once(scenario: Scenario, *, days: int, seed: int, engine: Engine = "auto") -> Run:
    """One run with the chosen engine; parameters as in `simlib.world.simulate`."""
    if engine == "events":
        return simulate(scenario, days=days, seed=seed)
    try:
        return simulate_arrays(scenario, days=days, seed=seed)
    except NotExpressedError:
        if engine == "arrays":
            raise
        return simulate(scenario, days=days, seed=seed)


def _work(task: _Task) -> list[list[float]]:
    functions = [MEASURES[each].of if isinstance(each, str) else each for each in task.measures]
    rows = []
    for seed in task.seeds:
        run = run_once(task.scenario, days=task.days, seed=seed, engine=task.engine)
        rows.append([float(function(run)) for function in functions])
    return rows


def _all(tasks: Sequence[_Task], jobs: int | None, client: Any, progress: bool) -> list[list[list[float]]]:
    """The results of all tasks, in their order."""
    from tqdm.auto import tqdm

    bar = tqdm(
        total=sum(len(task.seeds) for task in tasks), unit=_("runs"), disable=not progress, leave=False
    )
    with bar:
        if client is not None:
            return _on_cluster(tasks, client, bar)
        results = []
        for task, rows in zip(tasks, _in_processes(tasks, jobs), strict=True):
            results.append(rows)
            bar.update(len(task.seeds))
        return results


def _in_processes(tasks: Sequence[_Task], jobs: int | None) -> Iterable[list[list[float]]]:
    if jobs is None:
        # The arrays are done before other processes have started.
        quick = all(task.engine != "events" and not refused(task.scenario) for task in tasks)
        jobs = 1 if quick else -1
    if jobs == 1 or len(tasks) == 1:
        return map(_work, tasks)
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator")
    return cast("Iterable[list[list[float]]]", parallel(delayed(_work)(task) for task in tasks))


def _on_cluster(tasks: Sequence[_Task], client: Any, bar: Any) -> list[list[list[float]]]:
    from distributed import as_completed

    # Not pure: Dask would otherwise take two tasks that look alike for one.
    futures = client.map(_work, tasks, pure=False)
    runs = {future.key: len(task.seeds) for future, task in zip(futures, tasks, strict=True)}
    for done in as_completed(futures):  # type: ignore[no-untyped-call, unused-ignore]
        bar.update(runs[done.key])
    return cast("list[list[list[float]]]", client.gather(futures))


def _tasks(
    scenario: Scenario,
    measures: tuple[str | Callable[[Run], float], ...],
    days: int,
    seeds: Sequence[int],
    engine: Engine,
) -> Iterator[_Task]:
    for first in range(0, len(seeds), RUNS_AT_ONCE):
        yield _Task(scenario, measures, days, tuple(seeds[first : first + RUNS_AT_ONCE]), engine)


def _chosen_seeds(runs: Any, seeds: Sequence[int] | None, seed: Any) -> Sequence[int]:
    if seeds is not None:
        chosen: Sequence[int] = tuple(seeds)
        if not chosen:
            raise SafeShopError(_("seeds must hold at least one seed; it is empty."))
        if len(set(chosen)) < len(chosen):
            raise SafeShopError(_("seeds must differ from each other: the same seed gives the same run."))
        return chosen
    if isinstance(runs, bool) or not isinstance(runs, int | np.integer) or not 1 <= runs <= MOST_RUNS:
        raise SafeShopError(
            _("runs must be a whole number from 1 to {most}, not {given}.").format(most=MOST_RUNS, given=runs)
        )
    if (
        isinstance(seed, bool)
        or not isinstance(seed, int | np.integer)
        or not 0 <= seed <= LARGEST_SEED - runs
    ):
        raise SafeShopError(
            _("seed must be a whole number from 0 to {most}, not {given}.").format(
                most=LARGEST_SEED - int(runs), given=seed
            )
        )
    return range(int(seed), int(seed) + int(runs))


def _checked(engine: str, jobs: Any, measures: Iterable[str | Callable[[Run], float]]) -> None:
    if engine not in ENGINES:
        raise SafeShopError(
            _("engine must be one of {engines}, not {given}.").format(
                engines=", ".join(ENGINES), given=engine
            )
        )
    if jobs is not None and (
        isinstance(jobs, bool) or not isinstance(jobs, int) or (jobs < 1 and jobs != -1)
    ):
        raise SafeShopError(
            _("jobs must be a whole number from 1, or -1 for all processors, not {given}.").format(given=jobs)
        )
    for each in measures:
        if isinstance(each, str):
            measure(each)


# ---------------------------------------------------------------------------------------------------------------
# replications


@dataclass(frozen=True, eq=False)
class Sample:
    """One number from each of many runs.

    Attributes
    ----------
    numbers
        The numbers, in the order of the seeds; ``nan`` where a run does not have it.
    seeds
        The runs' seeds.
    """

    numbers: Floats
    seeds: tuple[int, ...]

    @property
    def known(self) -> Floats:
        """The numbers without ``nan``."""
        return self.numbers[~np.isnan(self.numbers)]

    @property
    def mean(self) -> float:
        """Mean of the known numbers (``nan`` if there is none)."""
        return float(self.known.mean()) if self.known.size else float("nan")

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Student's interval for the mean.

        Parameters
        ----------
        level
            How often such an interval holds the true mean, between 0 and 1. With a single run it is endless.
        """
        half = half_width(self.known, level)
        return self.mean - half, self.mean + half

    def runs_needed(self, precision: float, level: float = 0.95) -> int:
        """How many runs make the interval no wider than ± `precision`, judged by these runs."""
        return runs_needed(self.known, precision, level)


def half_width(values: Floats, level: float = 0.95) -> float:
    """Half the width of Student's interval for a mean (Student, "The Probable Error of a Mean", 1908)."""
    if not 0 < level < 1:
        raise SafeShopError(_("level must lie between 0 and 1, not {given}.").format(given=level))
    if len(values) < 2:
        return float("inf")
    error: float = float(values.std(ddof=1)) / float(len(values)) ** 0.5
    return _student((1 + level) / 2, len(values) - 1) * error


def _student(share: float, freedom: int) -> float:
    """Quantile of Student's distribution."""
    # `scipy.stats` says the same, and fetching it takes most of a second at the first interval of each lesson.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, share))


def runs_needed(values: Floats, precision: float, level: float = 0.95) -> int:
    """The smallest number of runs whose interval is no wider than ± `precision`.

    Parameters
    ----------
    values
        A first sample, from which the spread is taken.
    precision
        Half the wanted width, more than 0.
    level
        As in `Sample.interval`.

    Raises
    ------
    SafeShopError
        If precision or level are out of range, or fewer than two values are there.
    """
    if not precision > 0:
        raise SafeShopError(_("precision must be more than 0, not {given}.").format(given=precision))
    if len(values) < 2:
        raise SafeShopError(_("The spread cannot be told from fewer than two runs; make more."))
    if not 0 < level < 1:
        raise SafeShopError(_("level must lie between 0 and 1, not {given}.").format(given=level))
    spread = float(values.std(ddof=1))

    def enough(runs: int) -> bool:
        half: float = _student((1 + level) / 2, runs - 1) * spread / runs**0.5
        return half <= precision

    most = 2
    while not enough(most):
        most *= 2
    least = max(2, most // 2)
    while least < most:
        middle = (least + most) // 2
        if enough(middle):
            most = middle
        else:
            least = middle + 1
    return least


def replicate(
    scenario: Scenario,
    measure: str | Callable[[Run], float],
    *,
    days: int,
    runs: int = 100,
    seed: int = 1,
    seeds: Sequence[int] | None = None,
    engine: Engine = "auto",
    jobs: int | None = None,
    client: Any = None,
    progress: bool = False,
) -> Sample:
    """The same number from many runs of a shop.

    Parameters
    ----------
    scenario, days
        The shop; length of each run.
    measure
        Key of one of `MEASURES`, or a function of a `Run`.
    runs, seed
        Number of runs, with the seeds ``seed``, ``seed + 1`` …
    seeds
        The seeds themselves, instead.
    engine
        See `Engine`.
    jobs
        Processes; −1 for one a processor. Left out: one for the arrays, all for the events engine.
    client
        A `distributed.Client`, to do the runs on its cluster instead.
    progress
        Whether to show a progress bar.

    Raises
    ------
    SafeShopError
        If a parameter is out of range, or the arrays are wanted and cannot express the shop.
    """
    _checked(engine, jobs, [measure])
    chosen = _chosen_seeds(runs, seeds, seed)
    results = _all(list(_tasks(scenario, (measure,), days, chosen, engine)), jobs, client, progress)
    return Sample(np.array([row[0] for rows in results for row in rows]), tuple(chosen))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two shops that met the same customers.

    Attributes
    ----------
    first, second
        The numbers of each shop; entries of the same seed belong together.
    """

    first: Sample
    second: Sample

    @property
    def difference(self) -> Sample:
        """Second less first, run by run."""
        return Sample(self.second.numbers - self.first.numbers, self.first.seeds)

    @property
    def variance_reduction(self) -> float:
        """How many times as many runs independent seeds would take for the same precision.

        The variance of a difference of independent samples over that of the paired difference (common random
        numbers); infinite if the pairs differ by a constant.
        """
        paired = ~np.isnan(self.difference.numbers)
        first, second = self.first.numbers[paired], self.second.numbers[paired]
        if len(first) < 2:
            return float("nan")
        apart = float(first.var(ddof=1) + second.var(ddof=1))
        together = float((second - first).var(ddof=1))
        if together == 0:
            return float("inf") if apart else float("nan")
        return apart / together


def compare(
    first: Scenario,
    second: Scenario,
    measure: str | Callable[[Run], float],
    *,
    days: int,
    runs: int = 100,
    seed: int = 1,
    seeds: Sequence[int] | None = None,
    engine: Engine = "auto",
    jobs: int | None = None,
    client: Any = None,
    progress: bool = False,
) -> Comparison:
    """Two shops on the same seeds, so that they meet the same customers; parameters as in `replicate`."""
    _checked(engine, jobs, [measure])
    chosen = _chosen_seeds(runs, seeds, seed)
    tasks = [task for shop in (first, second) for task in _tasks(shop, (measure,), days, chosen, engine)]
    values = np.array([row[0] for rows in _all(tasks, jobs, client, progress) for row in rows])
    half = len(chosen)
    return Comparison(Sample(values[:half], tuple(chosen)), Sample(values[half:], tuple(chosen)))


# ---------------------------------------------------------------------------------------------------------------
# sweeps

MOST_POINTS: Final = 10_000
"""Most combinations of a sweep."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """The numbers of many shops that differ in some fields.

    Attributes
    ----------
    scenario, days
        The shop they all come from; length of the runs.
    fields
        The fields that vary (``staff.packers``).
    points
        Their values, one tuple a shop, the last field fastest.
    measures
        Keys of `MEASURES`.
    numbers
        Points × measures × runs.
    """

    scenario: Scenario
    days: int
    fields: tuple[str, ...]
    points: tuple[tuple[Any, ...], ...]
    measures: tuple[str, ...]
    numbers: Floats
    seeds: tuple[int, ...] = field(default=())

    def sample(self, point: int, measure: str) -> Sample:
        """The runs of one point."""
        return Sample(self.numbers[point, self.measures.index(measure)], self.seeds)

    def rows(self, level: float = 0.95) -> list[dict[str, Any]]:
        """One row a point and measure: the fields, measure, unit, mean, low, high, runs."""
        rows = []
        for number, point in enumerate(self.points):
            for key in self.measures:
                sample = self.sample(number, key)
                low, high = sample.interval(level)
                rows.append(
                    dict(zip(self.fields, point, strict=True))
                    | {"measure": key, "unit": MEASURES[key].unit(self.scenario), "mean": sample.mean}
                    | {"low": low, "high": high, "runs": int(sample.known.size)}
                )
        return rows

    def runs_needed(self, measure: str, within: float, level: float = 0.95) -> int | None:
        """How many runs of each point tell every mean of a measure so closely, judged by these runs.

        Parameters
        ----------
        measure
            One of `measures`.
        within
            Half the interval's width as a share of the mean, more than 0.
        level
            As in `Sample.interval`.

        Returns
        -------
        int or None
            As many as the most uncertain point needs; None where fewer than two runs of each of them have the
            number, or where every mean is zero.
        """
        if not within > 0:
            raise SafeShopError(_("within must be more than 0, not {given}.").format(given=within))
        samples = [self.sample(point, measure) for point in range(len(self.points))]
        told = [sample for sample in samples if sample.known.size > 1 and sample.mean != 0]
        return max((sample.runs_needed(within * abs(sample.mean), level) for sample in told), default=None)

    def pandas(self, level: float = 0.95) -> pd.DataFrame:
        """`rows` as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows(level))


def sweep(
    scenario: Scenario,
    vary: Mapping[str, Sequence[Any]],
    measures: Sequence[str],
    *,
    days: int,
    runs: int = 20,
    seed: int = 1,
    seeds: Sequence[int] | None = None,
    engine: Engine = "auto",
    jobs: int | None = None,
    client: Any = None,
    progress: bool = False,
) -> Sweep:
    """Measure a shop for every combination of values of some fields, each on the same seeds.

    Parameters
    ----------
    scenario
        The shop.
    vary
        Field path (``staff.packers``) → values.
    measures
        Keys of `MEASURES`.
    days, runs, seed, seeds, engine, jobs, client, progress
        As in `replicate`, for each combination.

    Raises
    ------
    SafeShopError
        If a field does not exist, a value is impossible or a parameter is out of range; before any run.
    """
    if not vary:
        raise SafeShopError(_("A sweep needs at least one field to vary."))
    if not measures:
        raise SafeShopError(
            _("A sweep needs at least one measure; there are {measures}.").format(
                measures=", ".join(MEASURES)
            )
        )
    _checked(engine, jobs, measures)
    for name, values in vary.items():
        if not values:
            raise SafeShopError(_("The field {field} has no values to vary.").format(field=name))
    points = tuple(itertools.product(*vary.values()))
    if len(points) > MOST_POINTS:
        raise SafeShopError(
            _("This sweep has {points} combinations; {most} are the most. Vary fewer values.").format(
                points=len(points), most=MOST_POINTS
            )
        )
    paths = [name.replace(".", "__") for name in vary]
    shops = [scenario.changed(**dict(zip(paths, point, strict=True))) for point in points]
    chosen = _chosen_seeds(runs, seeds, seed)
    tasks = [task for shop in shops for task in _tasks(shop, tuple(measures), days, chosen, engine)]
    rows = [row for rows in _all(tasks, jobs, client, progress) for row in rows]
    numbers = np.array(rows).reshape(len(points), len(chosen), len(measures)).transpose(0, 2, 1)
    return Sweep(scenario, int(days), tuple(vary), points, tuple(measures), numbers, tuple(chosen))


GRIDS: Final = PRESETS / "sweeps"
"""Folder of the ready-made grids, one YAML file each."""


def grids() -> tuple[str, ...]:
    """Names of the ready-made grids, in alphabetical order."""
    return tuple(sorted(path.stem for path in GRIDS.glob("*.yaml")))


class Steps(BaseModel):
    """Evenly spaced values of a field.

    Attributes
    ----------
    from, to, steps
        First and last value, and how many there are in all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    start: float = Field(alias="from")
    to: float
    steps: Annotated[int, Field(ge=2, le=1000)]

    def values(self) -> list[float | int]:
        """The values; whole numbers if all of them are."""
        spaced = [float(value) for value in np.linspace(self.start, self.to, self.steps)]
        return (
            [int(value) for value in spaced] if all(value.is_integer() for value in spaced) else list(spaced)
        )


class Grid(BaseModel):
    """A sweep written down: the content of a grid file.

    Attributes
    ----------
    scenario
        Preset or scenario file; a file is looked for beside the grid file.
    days, runs, seed
        Length of each run; runs of each combination; first seed.
    measures
        Keys of `MEASURES`.
    vary
        Field path → list of values, or ``{from: …, to: …, steps: …}``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    scenario: str
    days: int = 90
    runs: int = 20
    seed: int = 1
    measures: Annotated[tuple[str, ...], Field(min_length=1)]
    vary: Annotated[dict[str, Steps | tuple[Any, ...]], Field(min_length=1)]

    @classmethod
    def load(cls, path: str | Path) -> Grid:
        """Read a grid file, or one of the ready-made grids (`grids`).

        Raises
        ------
        SafeShopError
            If it cannot be read, or says something impossible: one sentence a mistake, with file and field.
        """
        path = GRIDS / f"{path}.yaml" if str(path) in grids() else Path(path)
        try:
            tree = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
        except OSError as wrong:
            raise SafeShopError(
                _("{file} cannot be read: {reason}.").format(file=path, reason=wrong.strerror)
            ) from None
        except UnicodeDecodeError:
            raise SafeShopError(
                _("{file} is not UTF-8 text; save it as UTF-8.").format(file=path.name)
            ) from None
        except (yaml.YAMLError, ValueError, RecursionError) as wrong:
            mark = getattr(wrong, "problem_mark", None)
            raise SafeShopError(
                _("{file}, line {line}: this is not readable YAML ({reason}).").format(
                    file=path.name,
                    line=mark.line + 1 if mark else 1,
                    reason=getattr(wrong, "problem", None) or wrong,
                )
            ) from None
        if not isinstance(tree, dict):
            raise SafeShopError(
                _("{file}: a grid is a list of 'field: value' lines; this file holds something else.").format(
                    file=path.name
                )
            )
        try:
            grid = cls.model_validate(tree)
        except ValidationError as wrong:
            raise SafeShopError("\n".join(_mistakes(path, wrong))) from None
        beside = path.parent / grid.scenario
        return grid.model_copy(update={"scenario": str(beside)}) if beside.is_file() else grid

    def run(self, *, jobs: int | None = None, client: Any = None, progress: bool = False) -> Sweep:
        """Do the sweep."""
        vary = {
            name: values.values() if isinstance(values, Steps) else list(values)
            for name, values in self.vary.items()
        }
        return sweep(
            Scenario.load(self.scenario),
            vary,
            self.measures,
            days=self.days,
            runs=self.runs,
            seed=self.seed,
            jobs=jobs,
            client=client,
            progress=progress,
        )


def _mistakes(path: Path, wrong: ValidationError) -> Iterator[str]:
    """One sentence for each field of a grid file that is wrong."""
    told = set()
    for detail in wrong.errors():
        location = [str(step) for step in detail["loc"]]
        if location[0] == "vary" and len(location) > 1:
            name = f"vary.{location[1]}"
            words = _("write a list of values, or from, to and steps (2 to 1000)")
        else:
            name = ".".join(location)
            words = {
                "extra_forbidden": _("there is no such field; the fields are {fields}").format(
                    fields=", ".join(Grid.model_fields)
                ),
                "missing": _("this field is missing"),
                "too_short": _("must not be empty"),
            }.get(detail["type"], _("{given!r} cannot stand here").format(given=detail.get("input")))
        if name not in told:
            told.add(name)
            yield _("{file}, field {field}: {reason}.").format(file=path.name, field=name, reason=words)
