"""The course on a class's JupyterHub: prepares a learner's folder, then lets the hub's own server take over.

The hub starts ``python -m simlib.course.classroom`` instead of ``jupyterhub-singleuser`` (``instructor/server`` has the
configuration). Everything is then as on a learner's own computer: the start page, plain sentences in place of
tracebacks, his own copies of the lessons, and progress in his own folder, where ``safeshop grade`` finds it.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from simlib.course import contents, server, start_page
from simlib.course import folder as learner
from simlib.course.folder import OWN
from simlib.errors import SafeShopError
from simlib.languages import _, set_language, system_language

FOLDER = "Safe Shop Lab"
"""Folder in the learner's home; the same in every language, because the hub's configuration names it."""
SINGLE_USER = "jupyterhub-singleuser"


def main(arguments: list[str]) -> None:
    """Prepare the folder and become the hub's server, which then is this very process."""
    lang = os.environ.get("SAFESHOP_LANG")
    set_language(lang if lang in contents.languages_built() else system_language())
    try:
        # First, because what is missing from the server is not worth half a minute of copying.
        program = single_user()
        folder = Path.home() / FOLDER
        prepare(folder, lang)
    except SafeShopError as wrong:
        print(wrong.sentence, file=sys.stderr)
        sys.exit(1)
    os.chdir(folder)
    os.execve(program, [program, *server.QUIET, *arguments], environment(folder))


def prepare(folder: Path, lang: str | None) -> None:
    """Make or renew the learner's folder and start page, as ``safeshop`` does.

    Parameters
    ----------
    folder
        In the learner's home.
    lang
        The class's language; None for the one he used last, or the system's.
    """
    chosen = learner.choose_language(lang, folder, contents.languages_built(), system_language())
    set_language(chosen)
    learner.prepare(folder, chosen, None)
    notice = start_page.write_start_page(folder, chosen)
    if notice:
        print(notice, file=sys.stderr)
    server.write_settings(folder / OWN)


def single_user() -> str:
    """The hub's server program, beside this Python or on the path.

    Raises
    ------
    SafeShopError
        If it is not installed.
    """
    beside = Path(sys.executable).with_name(SINGLE_USER)
    found = str(beside) if beside.is_file() else shutil.which(SINGLE_USER)
    if found is None:
        raise SafeShopError(
            _(
                "{program} is not installed beside this Python; run: {python} -m pip install jupyterhub"
            ).format(program=SINGLE_USER, python=sys.executable)
        )
    return found


def environment(folder: Path) -> dict[str, str]:
    """Variables for the hub's server: ours, and what the hub itself says to it.

    Parameters
    ----------
    folder
        The learner's folder.
    """
    ours = server.environment(folder, "", "")
    # The hub knows who may enter, so there is no token; connection files lie where Jupyter puts them.
    for name in ("JUPYTER_TOKEN", "JUPYTER_RUNTIME_DIR"):
        del ours[name]
    return (
        ours
        | {"SAFESHOP_COMMAND": ""}
        | {name: value for name, value in os.environ.items() if name.startswith(("JUPYTERHUB_", "JPY_"))}
    )


if __name__ == "__main__":
    main(sys.argv[1:])
