"""The key of the exercises as it is installed: what judges the answers, and what is said about them.

Apart from `simlib.course.exercises`, which makes it, because a learner's notebook needs none of what builds notebooks.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

from simlib.course.contents import exercises_folder
from simlib.errors import SafeShopError
from simlib.languages import _


@dataclass(frozen=True)
class KeyTexts:
    """What is said about one question in one language: hints, explanations of mistakes, praise."""

    title: str
    hints: tuple[str, ...]
    mistakes: Mapping[str, str]
    right: str


@dataclass(frozen=True)
class KeyFile:
    """The key of one notebook of exercises.

    Attributes
    ----------
    number
        Two digits.
    code
        Question → program text that ends with ``key = …``.
    texts
        Language → question → what is said.
    titles
        Language → heading of the notebook.
    """

    number: str
    code: Mapping[str, str]
    texts: Mapping[str, Mapping[str, KeyTexts]]
    titles: Mapping[str, str]


def read_key(number: str) -> KeyFile:
    """The installed key of a notebook of exercises.

    Raises
    ------
    SafeShopError
        If there is none, or it is damaged.
    """
    for path in sorted((exercises_folder() / "keys").glob(f"{number}-*.key")):
        try:
            tree = json.loads(base64.b64decode(path.read_text(encoding="ascii")))
            return KeyFile(
                tree["number"],
                tree["code"],
                {
                    lang: {
                        name: KeyTexts(said["title"], tuple(said["hints"]), said["mistakes"], said["right"])
                        for name, said in known.items()
                    }
                    for lang, known in tree["texts"].items()
                },
                tree["titles"],
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, binascii.Error):
            raise SafeShopError(
                _("The key of exercises {number} is damaged; install Safe Shop Lab again.").format(
                    number=number
                )
            ) from None
    raise SafeShopError(_("There are no exercises {number}.").format(number=number))
