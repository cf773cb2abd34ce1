"""One learner for all that a file looks at: what he starts once, every look at a lesson would start anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from simlib.course.folder import prepare
from simlib.course.progress import Progress, change_progress
from simlib.course.start_page import write_start_page
from tests.browsing import Visits, visiting
from tests.conftest import live_in

SEED = 10_000

# JupyterLab draws only the cells in view; the tests look at all of them, whatever the window's height.
TALL = 16_000


@dataclass
class Learner:
    """His folder, how to look at it, and the addresses beyond this computer that were asked for meanwhile."""

    folder: Path
    visits: Visits
    outside: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def learner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learner]:
    """One who guesses for himself, in English."""
    with pytest.MonkeyPatch.context() as patch:
        live_in(tmp_path_factory, patch)
        patch.delenv("SAFESHOP_PREDICT", raising=False)
        folder = tmp_path_factory.mktemp("learner") / "新店 lab"
        prepare(folder, "en")
        change_progress(folder, seeded)
        write_start_page(folder, "en")
        outside: list[str] = []
        with visiting(folder, outside, height=TALL) as visits:
            yield Learner(folder, visits, outside)


def seeded(progress: Progress) -> None:
    progress.seed = SEED
