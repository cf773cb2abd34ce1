"""Identifiers: which ids of MITRE ATT&CK and of the Fight Fraud Framework a campaign may name.

Frameworks change: ids are revoked, renamed and moved. A small list with the version stated is better than a large one
that nobody checked; an id that is not on it is refused with a sentence that says what takes its place.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.yaml_files import read_own

FILE: Final = Path(__file__).with_name("identifiers.yaml")

Framework = Literal["attack", "fraud"]
FRAMEWORKS: Final[tuple[str, ...]] = get_args(Framework)
"""``attack``: MITRE ATT&CK, Enterprise; ``fraud``: Fight Fraud Framework F3."""


class Listing(BaseModel):
    """The ids of one framework.

    Attributes
    ----------
    version, year
        Of the framework.
    valid
        Id → the framework's own name for it.
    revoked
        Id that is no longer valid → what takes its place.
    tactics
        Those tactics that took over from one that was dropped: id → name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    year: int
    valid: Mapping[str, str]
    revoked: Mapping[str, str]
    tactics: Mapping[str, str] = {}


def listing(framework: Framework) -> Listing:
    """All ids of a framework that the kit knows."""
    return _listings()[framework]


def identifier(framework: Framework, given: str) -> str:
    """The id, if a campaign may name it.

    Parameters
    ----------
    framework
        One of `FRAMEWORKS`.
    given
        Such as ``T1566.002`` or ``F1006.002``.

    Raises
    ------
    SafeShopError
        If the framework's version has revoked it, naming the replacement; or if it is unknown, naming a near one.
    """
    known = listing(framework)
    if given in known.valid:
        return given
    title = framework_label(framework)
    if given in known.revoked:
        new = known.revoked[given]
        raise SafeShopError(
            _("{given} was revoked in {framework}: write {new} ({name}) instead.").format(
                given=given, framework=title, new=new, name=known.valid[new]
            )
        )
    for other in FRAMEWORKS:
        if other != framework and given in _listings()[other].valid:
            raise SafeShopError(
                _("{given} is not an id of {framework} but of {other}; write it there.").format(
                    given=given, framework=title, other=framework_label(other)
                )
            )
    near = difflib.get_close_matches(given, known.valid, n=1, cutoff=0.6)
    hint = _(" Did you mean {name}?").format(name=f"{near[0]} ({known.valid[near[0]]})") if near else ""
    raise SafeShopError(
        _("{given} is not on the kit's list of {framework} ids ({file}).{hint}").format(
            given=given, framework=title, file=FILE.name, hint=hint
        )
    )


def name_of(given: str) -> str:
    """The framework's own name of an id; a proper name, the same in every language.

    Raises
    ------
    SafeShopError
        If the id is unknown or revoked.
    """
    framework: Framework = "fraud" if given.startswith("F") else "attack"
    return listing(framework).valid[identifier(framework, given)]


def framework_label(framework: str) -> str:
    """Name and version of a framework."""
    title = {"attack": "MITRE ATT&CK", "fraud": "MITRE Fight Fraud Framework F3"}[framework]
    return f"{title} v{_listings()[framework].version}"


@lru_cache
def _listings() -> Mapping[str, Listing]:
    tree: dict[str, Any] = read_own(FILE)
    return {framework: Listing.model_validate(tree[framework]) for framework in FRAMEWORKS}
