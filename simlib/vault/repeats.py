"""Finds a key that stands twice in one file, however long the file is, in the same little memory.

The tags of the rows' keys are kept until there is a run of them; then they leave the memory as sealed pages,
like those of the index. At the end each bucket is read from all runs: equal tags lie in the same one. The
pages are gone before the change ends.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simlib.vault.holdings import Holdings
from simlib.vault.segments import REPEATS, ROW, Entries, Segment, write_segment

RUN_ROWS = 1 << 17  # 1.5 MB of tags and row numbers
RUN_BITS = 6
"""A run is cut into 2**6 buckets: three million rows have 50,000 in each."""


class Repeats:
    """The keys of one import.

    Parameters
    ----------
    holdings
        Where runs are put, within a change that either ends with `first` or is taken back.
    """

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._waiting: list[Entries] = []
        self._count = 0
        self._runs: list[Segment] = []

    def add(self, first: int, tags: NDArray[np.uint64]) -> None:
        """Take the tags of the keys of rows that follow each other, the first of which has this number."""
        entries = np.empty(len(tags), ROW)
        entries["tag"], entries["row"] = tags, np.arange(first, first + len(tags))
        self._waiting.append(entries)
        self._count += len(tags)
        if self._count >= RUN_ROWS:
            self._write_run()

    def first(self) -> tuple[int, int] | None:
        """Number of the first row whose key stands further up, after that of the row it stands in there.

        Tags have 64 bits: two different keys share one in one of four million files of three million rows.
        """
        found = [rows for bucket in self._buckets() if (rows := _first_repeat(bucket))]
        for run in self._runs:
            self._holdings.store.delete_segment(run.id)
        self._runs, self._waiting, self._count = [], [], 0
        return min(found, key=lambda rows: rows[1], default=None)

    def _write_run(self) -> None:
        holdings, entries = self._holdings, np.concatenate(self._waiting)
        self._waiting, self._count = [], 0
        self._runs.append(
            write_segment(
                holdings.store,
                holdings.vault,
                holdings.directory,
                REPEATS,
                entries,
                holdings.random,
                RUN_BITS,
            )
        )

    def _buckets(self) -> Iterator[Entries]:
        if not self._runs:  # a file of an ordinary length never left the memory
            yield np.concatenate([np.empty(0, ROW), *self._waiting])
            return
        if self._waiting:
            self._write_run()
        segments, directory = self._holdings.segments, self._holdings.directory
        for bucket in range(1 << RUN_BITS):
            yield np.concatenate([segments.open(directory, run, bucket) for run in self._runs])


def _first_repeat(entries: Entries) -> tuple[int, int] | None:
    """What `Repeats.first` says, of entries in which equal tags stand in the order of their rows."""
    tags = np.sort(entries["tag"])
    if not (tags[1:] == tags[:-1]).any():
        return None
    order = np.argsort(entries["tag"], kind="stable")
    tags, rows = entries["tag"][order], entries["row"][order]
    (twins,) = (tags[1:] == tags[:-1]).nonzero()
    # The repeat that comes first is its key's second row, never the third: the one before it is the first.
    at = twins[np.argmin(rows[twins + 1])]
    return int(rows[at]), int(rows[at + 1])
