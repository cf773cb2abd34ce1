"""Facts: every default number of the kit with its unit, source, year and whether it was verified.

A fact is either *verified* (the cited source was read and says so) or an *assumption* (a plausible figure, or
one known only at second hand). Scenario presets refer to facts by id, so that a learner can ask any number
where it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.yaml_files import read_own

FOLDER = Path(__file__).parent
"""Where the fact files lie, one YAML file a subject."""


class Fact(BaseModel):
    """One number (or list of numbers) with what makes it trustworthy, or not.

    Attributes
    ----------
    id
        Name by which scenarios refer to it.
    value
        The figure itself, in `unit`.
    unit
        Unit of the value, ``"1"`` for shares and probabilities.
    source
        Who says so.
    year
        Year of the source.
    status
        ``verified``: read in the source; ``assumption``: plausible, or only second hand.
    note
        What a reader should know before he trusts it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    value: Any
    unit: str
    source: str
    year: int
    status: Literal["verified", "assumption"]
    note: str = ""


@lru_cache
def all_facts() -> Mapping[str, Fact]:
    """All facts by id.

    Returns
    -------
    Mapping
        Read-only, in the order of the files and of their lines.

    Raises
    ------
    SafeShopError
        If a fact file is incomplete or two facts share an id.
    """
    facts: dict[str, Fact] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for fact_id, fields in read_own(path).items():
            if fact_id in facts:
                raise SafeShopError(
                    _("{file}: the fact {id} stands in two files; rename one.").format(
                        file=path.name, id=fact_id
                    )
                )
            try:
                facts[fact_id] = Fact(id=fact_id, **fields)
            except (TypeError, ValidationError) as error:
                raise SafeShopError(
                    _("{file}: the fact {id} is incomplete: {reason}").format(
                        file=path.name, id=fact_id, reason=error
                    )
                ) from error
    return MappingProxyType(facts)


def fact(fact_id: str) -> Fact:
    """The fact of that id.

    Raises
    ------
    SafeShopError
        If there is none.
    """
    try:
        return all_facts()[fact_id]
    except KeyError:
        raise SafeShopError(
            _("There is no fact called {id}; the facts stand in {folder}.").format(id=fact_id, folder=FOLDER)
        ) from None


def value(fact_id: str) -> Any:
    """The value of the fact of that id, in the fact's own unit."""
    return fact(fact_id).value
