"""Controls: what a shop can do against attacks, what it asks of the shop, and where it is put in place.

Fifty-six of them are the safeguards of Implementation Group 1 of the CIS Controls v8.1, called by their number
(``"6.3"``); the others have a name of their own (``"call-back"``). A control stands everywhere (``"6.3"``) or on one
device or account (``"6.3@mail"``). How much of which attack each control stops is said by the campaigns
(`simlib.attacker.campaigns`), not here: the same control is worth much against one attack and nothing against another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simlib.defence.control_words import WORDS
from simlib.errors import SafeShopError
from simlib.facts import Fact, fact
from simlib.languages import _
from simlib.platform.choices import one_of
from simlib.yaml_files import read_own

FILE: Final = Path(__file__).with_name("controls.yaml")

SPANS: Final = (
    ("1", 1, 2),
    ("2", 1, 3),
    ("3", 1, 6),
    ("4", 1, 7),
    ("5", 1, 4),
    ("6", 1, 5),
    ("7", 1, 4),
    ("8", 1, 3),
    ("9", 1, 2),
    ("10", 1, 3),
    ("11", 1, 4),
    ("12", 1, 1),
    ("14", 1, 8),
    ("15", 1, 1),
    ("17", 1, 3),
)
"""Group, first and last number of the safeguards of Implementation Group 1 (CIS Controls v8.1). Public copies that
machines can read wrongly add 14.9 or 17.9."""

IG1: Final = tuple(f"{group}.{number}" for group, first, last in SPANS for number in range(first, last + 1))
"""The 56 safeguards of Implementation Group 1, in the order of the CIS Controls."""

EXTRAS: Final = (
    "new-keys-and-certificates",
    "content-security-policy",
    "rate-limit",
    "call-back",
    "payout-hold",
    "price-floor",
    "four-eyes",
    "order-cap",
    "three-d-secure",
    "velocity-limit",
    "signed-manifest",
    "cdn",
    "canary-orders",
    "offline-vault",
    "masking",
    "security-key",
)
"""Controls beyond Implementation Group 1 that the attack scenarios name."""

Theme = Literal["FW", "SC", "SUM", "UAC", "MP"]
THEMES: Final[tuple[str, ...]] = get_args(Theme)
"""Themes of UK Cyber Essentials v3.3: firewalls, secure configuration, security updates, user access control, malware
protection."""

Device = Literal["laptop", "phone", "router", "vault-pc", "marketplace", "payment", "mail", "web-shop"]
DEVICES: Final[tuple[Device, ...]] = get_args(Device)
"""Devices and accounts on which a control can be put in place: those of `simlib.scenario.DEVICES`."""

Hours = Annotated[float, Field(ge=0, le=1000)]


class _Effort(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    setup_hours: Hours
    yearly_hours: Hours
    yearly_cost: Annotated[float, Field(ge=0, le=100_000)]


class _Entry(BaseModel):
    """One control as the file has it; `effort` names the fact."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    themes: tuple[Theme, ...]
    belongs_to: Annotated[tuple[Device, ...], Field(min_length=1)]
    effort: Mapping[Literal["fact"], str]


class Control(BaseModel):
    """One control and what it asks of a small shop of two or three people.

    Attributes
    ----------
    id
        Number of the CIS safeguard, or the name of an extra control.
    themes
        Of `THEMES`; empty where Cyber Essentials does not ask for it.
    belongs_to
        Of `DEVICES`: where it is put in place.
    setup_hours, yearly_hours
        Working hours once, and each year after.
    yearly_cost
        US dollars a year for what must be bought (fact ``currency-per-usd`` brings them into the shop's currency).
    source
        The fact these three come from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    themes: tuple[Theme, ...]
    belongs_to: tuple[Device, ...]
    setup_hours: Hours
    yearly_hours: Hours
    yearly_cost: float
    source: Fact

    @property
    def title(self) -> str:
        """A few words, in the reader's language."""
        return _(WORDS[self.id][0])

    @property
    def sentence(self) -> str:
        """What a small shop does, in the reader's language."""
        return _(WORDS[self.id][1])

    @property
    def is_ig1(self) -> bool:
        """Whether it is a safeguard of Implementation Group 1."""
        return self.id in IG1

    def hours(self, years: float = 1) -> float:
        """Working hours to set it up and keep it for so many years."""
        return self.setup_hours + years * self.yearly_hours


def control(name: str) -> Control:
    """The control of that number or name.

    Parameters
    ----------
    name
        Without a device: ``"6.3"``, ``"call-back"``.

    Raises
    ------
    SafeShopError
        If there is none.
    """
    known = controls()
    if name not in known and re.fullmatch(r"\d+\.\d+", name):
        raise SafeShopError(
            _(
                "{number} is not a safeguard of Implementation Group 1 of the CIS Controls v8.1; "
                "those of its group are {known}."
            ).format(number=name, known=", ".join(_same_group(name)) or _("none"))
        )
    return known[one_of(_("The control"), name, known)]


def controls() -> Mapping[str, Control]:
    """All controls by number or name: first the 56 of Implementation Group 1, then the others."""
    return _controls()


def split(placed: str) -> tuple[str, str | None]:
    """A control as a scenario names it, taken apart and checked.

    Parameters
    ----------
    placed
        ``"6.3"`` for everywhere, ``"6.3@mail"`` for one device or account only.

    Returns
    -------
    tuple
        The control, and the device or None for everywhere.

    Raises
    ------
    SafeShopError
        If there is no such control or device, or the control has nothing to do with that device.
    """
    name, at, device = placed.partition("@")
    known = control(name)
    if not at:
        return name, None
    one_of(_("The device"), device, DEVICES)
    if device not in known.belongs_to:
        raise SafeShopError(
            _(
                "The control {control} cannot be put in place on {device}; it belongs to {places}. "
                "Without @ it stands on all of them."
            ).format(control=name, device=device, places=", ".join(known.belongs_to))
        )
    return name, device


def theme_label(name: str) -> str:
    """A theme of Cyber Essentials in the reader's language."""
    return {
        "FW": _("firewalls"),
        "SC": _("secure configuration"),
        "SUM": _("security updates"),
        "UAC": _("user access"),
        "MP": _("protection against malware"),
    }[one_of(_("The theme"), name, THEMES)]


def device_label(device: str) -> str:
    """A device or account in the reader's language."""
    return {
        "laptop": _("laptop"),
        "phone": _("mobile phone"),
        "router": _("router"),
        "vault-pc": _("vault computer"),
        "marketplace": _("marketplace account"),
        "payment": _("payment account"),
        "mail": _("mail account"),
        "web-shop": _("web shop"),
    }[one_of(_("The device"), device, DEVICES)]


@lru_cache
def _controls() -> Mapping[str, Control]:
    return read(FILE)


def read(path: Path) -> Mapping[str, Control]:
    """All controls of a file.

    Parameters
    ----------
    path
        A YAML file like `FILE`.

    Raises
    ------
    SafeShopError
        If it does not hold exactly the 56 safeguards of Implementation Group 1 and the extra controls, or if an entry
        is incomplete.
    """
    tree: dict[str, Any] = read_own(path)
    _exactly_the_known(path.name, [str(name) for name in tree])
    return MappingProxyType({name: _control(path.name, name, tree[name]) for name in (*IG1, *EXTRAS)})


def _exactly_the_known(file: str, names: list[str]) -> None:
    for name in names:
        if name not in (*IG1, *EXTRAS):
            raise SafeShopError(
                _(
                    "{file}: {control} is neither one of the 56 safeguards of Implementation Group 1 nor one of the "
                    "extra controls; remove it."
                ).format(file=file, control=name)
            )
    missing = [name for name in (*IG1, *EXTRAS) if name not in names]
    if missing:
        raise SafeShopError(
            _("{file}: {controls} missing; there must be 56 safeguards and {extras} extra controls.").format(
                file=file, controls=", ".join(missing), extras=len(EXTRAS)
            )
        )


def _control(file: str, name: str, tree: Any) -> Control:
    try:
        entry = _Entry.model_validate(tree)
        source = fact(entry.effort["fact"])
        effort = _Effort.model_validate(source.value)
    except ValidationError as error:
        first = error.errors()[0]
        raise SafeShopError(
            _("{file}: the control {control} is incomplete: {field}: {reason}.").format(
                file=file,
                control=name,
                field=".".join(str(step) for step in first["loc"]) or "effort",
                reason=first["msg"],
            )
        ) from None
    return Control(
        id=name, themes=entry.themes, belongs_to=entry.belongs_to, source=source, **effort.model_dump()
    )


def _same_group(name: str) -> Iterator[str]:
    group = name.partition(".")[0]
    return (known for known in IG1 if known.partition(".")[0] == group)
