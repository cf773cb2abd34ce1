"""What nbval leaves out: a cell's pictures. A plugin of the pytest that nbval runs in."""

from __future__ import annotations

from collections.abc import Generator
from copy import deepcopy
from typing import Any

import pytest

from simlib.course.build import same_picture, take_pictures


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: Any) -> Generator[None, None, None]:
    """Compare the pictures when nbval has run the cell and found nothing else wrong with it."""
    yield
    # Of a cell that nbval shall not look at, nothing is stored.
    if item.options["check"]:
        stored, fresh = (
            [picture for output in outputs for picture in take_pictures(deepcopy(output))]
            for outputs in (item.cell.outputs, item.test_outputs)
        )
        if len(stored) != len(fresh):
            item.raise_cell_error(f"{len(stored)} pictures are stored, {len(fresh)} were drawn")
        for number, (was, now) in enumerate(zip(stored, fresh, strict=True), start=1):
            if not same_picture(was, now):
                item.raise_cell_error(f"picture {number} is not the stored one")
