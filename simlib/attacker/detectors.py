"""Detectors: what can notice an attack, how often it cries wolf, and what looking into an alarm takes.

How well a detector sees a step, and the control without which it is blind, stand with the step in its campaign; here
stands what a detector is like in quiet times. A detector that nobody can afford to answer is no detector.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from simlib.attacker.words import detector_label
from simlib.facts import value
from simlib.languages import _
from simlib.platform.choices import one_of
from simlib.yaml_files import read_own

FILE: Final = Path(__file__).with_name("detectors.yaml")


class Detector(BaseModel):
    """One detector.

    Attributes
    ----------
    name
        As campaigns call it.
    by
        Who tells the owner: his own monitoring, an outsider, or the attacker himself.
    false_alarms_per_year
        Alarms a year in a shop that nobody attacks.
    hours_each
        Working hours to look into one alarm.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    by: Literal["own", "outsider", "attacker"]
    false_alarms_per_year: Annotated[float, Field(ge=0)]
    hours_each: Annotated[float, Field(ge=0)]

    @property
    def label(self) -> str:
        """What notices, in the reader's language."""
        return detector_label(self.name)

    @property
    def false_hours_per_year(self) -> float:
        """Working hours a year that go into false alarms."""
        return self.false_alarms_per_year * self.hours_each


def detector(name: str) -> Detector:
    """The detector of that name.

    Raises
    ------
    SafeShopError
        If there is none.
    """
    return detectors()[one_of(_("The detector"), name, detectors())]


@lru_cache
def detectors() -> Mapping[str, Detector]:
    """All detectors by name."""
    tree: dict[str, dict[str, Any]] = read_own(FILE)
    return MappingProxyType(
        {
            name: Detector.model_validate(
                {
                    "name": name,
                    "by": entry["by"],
                    "false_alarms_per_year": value(entry["false_alarms_per_year"]["fact"]),
                    "hours_each": value(entry["hours_each"]["fact"]),
                }
            )
            for name, entry in tree.items()
        }
    )
