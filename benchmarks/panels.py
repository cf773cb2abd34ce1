"""How long a learner waits for the picture after moving a slider: ``python -m benchmarks.panels [LESSON…]``.

Every lesson is run once in this process and each of its what-if panels is drawn where its controls stand at first and
at every combination of the ends of its sliders. Wanted is under 0.3 seconds everywhere (`simlib.panels.what_if`).
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import nbformat

from simlib.panels import WhatIf

LESSONS = Path(__file__).resolve().parents[1] / "lessons" / "en"

REPEATS = 5
"""Redraws at each place, of which the median counts."""

MOST_CORNERS = 64
"""Combinations of the ends tried; a panel with many choices has more than anybody waits for."""


def panels_of(notebook: Path) -> list[WhatIf]:
    """The what-if panels that a lesson shows, by running it."""
    shown: list[WhatIf] = []
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with mock.patch.object(WhatIf, "show", lambda panel: shown.append(panel)), redirect_stdout(StringIO()):
        cells = nbformat.read(notebook, as_version=4).cells  # type: ignore[no-untyped-call]
        for cell in cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, notebook.name, "exec"), namespace)
    return shown


def offered(widget: Any) -> list[Any]:
    """The ends of a slider, or all that can be chosen."""
    if hasattr(widget, "min"):
        return [widget.min, widget.max]
    return [value for _label, value in widget.options]


def corners(panel: WhatIf) -> Iterator[dict[str, Any]]:
    """Combinations of the extreme positions of all controls."""
    ends = [offered(widget) for widget in panel.controls.values()]
    for values in itertools.islice(itertools.product(*ends), MOST_CORNERS):
        yield dict(zip(panel.controls, values, strict=True))


def seconds(panel: WhatIf, values: dict[str, Any]) -> float:
    """Median processor time of a redraw with the controls at these values."""
    for name, value in values.items():
        widget = panel.controls[name]
        if hasattr(widget, "options") and value not in offered(widget):
            # What can be chosen here follows from what was chosen before; a redraw offers it.
            panel.redraw()
        panel.quiet = True
        widget.value = value if hasattr(widget, "min") or value in offered(widget) else offered(widget)[-1]
        panel.quiet = False
    times = []
    for _again in range(REPEATS):
        begun = time.process_time()
        panel.redraw()
        times.append(time.process_time() - begun)
    return median(times)


def main(wanted: list[str]) -> None:
    """Print a row a panel."""
    print("| lesson | panel | at first, s | slowest corner, s |\n|---|--:|--:|--:|")
    for notebook in sorted(LESSONS.glob("*.ipynb")):
        if wanted and notebook.stem[:2] not in wanted:
            continue
        for number, panel in enumerate(panels_of(notebook), 1):
            first = seconds(panel, panel.at_first)
            worst = max(seconds(panel, values) for values in corners(panel))
            print(f"| {notebook.stem} | {number} | {first:.2f} | {worst:.2f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
