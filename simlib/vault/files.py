"""Small files that are replaced whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO


def canonical(value: Any) -> bytes:
    """The one way this room writes JSON: sorted, without blanks, ASCII. Equal values, equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def replace_file(path: Path, data: bytes, *, overwrite_old: bool = False) -> None:
    """Put new content into a file so that a crash leaves the old or the new, never a mixture.

    Parameters
    ----------
    path
        The file, whether it exists or not.
    data
        Its new content; nothing secret stands in the temporary file that will not stand in the file itself.
    overwrite_old
        Overwrite the former content on the disk afterwards. Best effort: flash storage and snapshots may
        keep it all the same.
    """
    old = None
    try:
        with new_file(path) as file:
            file.write(data)
            # Windows cannot rename onto an open file; there the old bytes stay until the disk uses their place.
            if overwrite_old and os.name != "nt" and path.exists():
                old = path.open("r+b")
        if old is not None:
            length = old.seek(0, os.SEEK_END)
            old.seek(0)
            old.write(os.urandom(length))
            old.flush()
            os.fsync(old.fileno())
    finally:
        if old is not None:
            old.close()


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write piece by piece that takes its name, and the place of a former one, only when it is whole.

    Only its owner may read it. After an error nothing of it is left.
    """
    handle, name = tempfile.mkstemp(prefix=path.name + ".", suffix=".new", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        flush_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_leftovers(path: Path) -> None:
    """Remove what a killed `replace_file` left beside a file: a former content, which may have to be forgotten.

    Only for files that nobody else can be writing at this moment.
    """
    for left in path.parent.glob(f"{path.name}.*.new"):
        erase_file(left)


def erase_file(path: Path) -> None:
    """Overwrite a file's bytes and remove it; best effort, as flash storage and snapshots may keep them."""
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def new_private_file(path: Path) -> None:
    """Make an empty file that only its owner may read, whatever permissions the system gives to new files."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def flush_folder(folder: Path) -> None:
    """Make names in a folder survive a power cut, where the system knows how."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
