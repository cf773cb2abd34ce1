"""Files and folders appear whole or not at all: a power cut never leaves half a lesson or half a result."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from simlib.errors import SafeShopError
from simlib.languages import _


def cannot_write(path: Path, reason: OSError) -> SafeShopError:
    """The sentence for a place that refuses to be written.

    Parameters
    ----------
    path
        The file or folder meant.
    reason
        What the operating system answered.
    """
    return SafeShopError(
        _("Cannot write {path}: {reason}. Choose a folder that is yours, or make room on the disk.").format(
            path=path, reason=reason.strerror or reason
        )
    )


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader finds either the old content or all of the new.

    Parameters
    ----------
    path
        The file; its folder is made when missing.
    content
        Text (written as UTF-8, its line ends as they are) or bytes.

    Raises
    ------
    SafeShopError
        If the place cannot be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    draft: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder, since a rename is only indivisible within one file system.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-", suffix=path.suffix)
        draft = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(path)
    except OSError as reason:
        raise cannot_write(path, reason) from None
    finally:
        if draft is not None:
            with suppress(OSError):
                draft.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a draft folder that takes its final name only when everything in it was written.

    Parameters
    ----------
    path
        The final name; may exist only as an empty folder.

    Yields
    ------
    Path
        The draft folder to write into.

    Raises
    ------
    SafeShopError
        If the name is taken by a file or by a folder that is not empty, or cannot be written.
    """
    path = path.absolute()
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise SafeShopError(
            _(
                "{path} already exists and is not an empty folder, so nothing was written; "
                "choose another name."
            ).format(path=path)
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    except OSError as reason:
        raise cannot_write(path, reason) from None
    try:
        yield draft
        draft.chmod(0o755)
        if path.is_dir():
            path.rmdir()
        draft.rename(path)
    except OSError as reason:
        raise cannot_write(path, reason) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
