"""Choices: a word that must be one of a few, refused with one sentence if it is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from simlib.errors import SafeShopError
from simlib.languages import _


def one_of(what: str, given: str, known: Iterable[str]) -> str:
    """The given word, if it is known.

    Parameters
    ----------
    what
        What is chosen, in the reader's language.
    given
        The word.
    known
        All words that are possible.

    Raises
    ------
    SafeShopError
        If it is not among them; the sentence names them all, and the nearest one.
    """
    words = list(known)
    if given in words:
        return given
    near = difflib.get_close_matches(str(given), words, n=1, cutoff=0.6)
    hint = _(" Did you mean {name}?").format(name=near[0]) if near else ""
    raise SafeShopError(
        _("{what} must be one of {known}, not {given}.{hint}").format(
            what=what, known=", ".join(words), given=given, hint=hint
        )
    )
