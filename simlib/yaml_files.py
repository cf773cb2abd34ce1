"""YAML: the kit's own files are read by the quick parser, a reader's files by the one that explains itself.

PyYAML's parser in C (libyaml) reads the facts nine times as fast as the one in Python, and no kernel and no command
starts without them. Of a wrong file it says less, and a file that nests without end could exhaust the stack in C; so
what a learner wrote goes to the parser in Python.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

PACKAGE = Path(__file__).parent
"""Files below this folder come with the kit."""


class Loader(yaml.SafeLoader):
    """Plain values only, and no dates: an impossible one is told by its field and line, as any other wrong value."""


class OwnLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same for files that come with the kit, in C where PyYAML was built with it."""


for _loader in (Loader, OwnLoader):
    _loader.yaml_implicit_resolvers = {
        first: [resolver for resolver in resolvers if not resolver[0].endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def loader_for(path: Path) -> type[Loader] | type[OwnLoader]:
    """The loader for a file.

    Parameters
    ----------
    path
        Where it lies.
    """
    return OwnLoader if PACKAGE in path.parents else Loader


def read_own(path: Path) -> Any:
    """What a file of the kit says; dates in it are texts.

    Parameters
    ----------
    path
        The file; UTF-8.
    """
    return yaml.load(path.read_text(encoding="utf-8"), Loader=OwnLoader)  # noqa: S506 - a SafeLoader
