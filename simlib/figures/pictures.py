"""The two pictures of the README, drawn by the kit itself: ``python -m simlib.figures.pictures`` draws them anew.

A test compares them with what the code draws today, so that the first thing a visitor sees is never an old shop.
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes

from simlib.figures.order_flow import stage_days
from simlib.figures.retention import exposure_over_time
from simlib.figures.style import alt_text, picture, sentence
from simlib.privacy import copies_of, policy, policy_label
from simlib.scenario import Scenario
from simlib.world import simulate
from simlib.writing import write_whole

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
"""Where the README looks for them."""

DAYS, SEED = 120, 2026
"""The run of the lessons, so that README and lessons tell the same numbers."""


def readme_figures() -> dict[str, Axes]:
    """The figures by the name of their file, without ending."""
    shop = Scenario.load("taiwan-gift-shop")
    run = simulate(shop, days=DAYS, seed=SEED)
    compared = {
        policy_label(name): copies_of(run, policy(name, shop.retention))
        for name in ("keep-everything", "vault-at-completion")
    }
    return {
        "what-a-thief-would-find": exposure_over_time(compared, run.days),
        "where-the-time-goes": stage_days(run),
    }


def readme_lines(figures: dict[str, Axes]) -> dict[str, str]:
    """Each picture as it stands in the README: link with alt text, and the sentence below it."""
    return {
        name: f"![{alt_text(ax)}](docs/pictures/{name}.png)\n\n*{sentence(ax)}*"
        for name, ax in figures.items()
    }


def write_pictures(folder: Path = FOLDER) -> list[Path]:
    """Draw the pictures and write them.

    Parameters
    ----------
    folder
        Where to.

    Returns
    -------
    list
        The files.

    Raises
    ------
    SafeShopError
        If the place cannot be written.
    """
    files = []
    for name, ax in readme_figures().items():
        files.append(folder / f"{name}.png")
        write_whole(files[-1], picture(ax))
    return files


if __name__ == "__main__":
    for file in write_pictures():
        print(file)
