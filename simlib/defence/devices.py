"""Devices: the learner's laptop, phone, router, vault PC and accounts, each as it is really set.

Twenty-seven settings (`settings.yaml`) hold on one device or on several. Each is PASS, FAIL or UNKNOWN; nobody counts
on what he does not know, so UNKNOWN protects no more than FAIL. From the settings follow the controls that an attacker
of the simulation meets.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field

from simlib.defence.controls import DEVICES, Device, Theme, device_label, theme_label
from simlib.defence.controls import control as known_control
from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.languages import _
from simlib.scenario import Scenario
from simlib.writing import write_whole
from simlib.yaml_files import read_own

State = Literal["pass", "fail", "unknown"]

STATES: Final[tuple[State, ...]] = get_args(State)
SETTINGS_FILE: Final = Path(__file__).with_name("settings.yaml")


def state_label(state: str) -> str:
    """PASS, FAIL or UNKNOWN in the reader's language."""
    return {"pass": _("good"), "fail": _("not good"), "unknown": _("not known")}[state]


class Setting(BaseModel):
    """One of the 27 settings.

    Attributes
    ----------
    number, name
        Its place in the list; its name for programs and files.
    title_en, sentence_en
        English title, and the sentence that is true when it is set well. `title` and `sentence` translate them.
    controls
        Safeguards of CIS Controls v8.1 IG1 that it carries.
    theme
        Theme of UK Cyber Essentials v3.3, or none.
    devices
        Where it exists.
    hours
        What it costs to set it well on one device, in hours of a person (facts ``setting-hours-…``).
    how_en
        What to do, in English, for ``windows``, ``macos``, ``linux`` or ``any``. `how` translates it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    number: int
    name: str
    title_en: Annotated[str, Field(alias="title", min_length=1)]
    sentence_en: Annotated[str, Field(alias="sentence", min_length=1)]
    controls: Annotated[tuple[str, ...], Field(min_length=1)]
    theme: Theme | None
    devices: Annotated[tuple[Device, ...], Field(min_length=1)]
    hours: Annotated[float, Field(gt=0)]
    how_en: Annotated[
        Mapping[Literal["windows", "macos", "linux", "any"], str], Field(alias="how", min_length=1)
    ]

    @property
    def title(self) -> str:
        """Its title in the reader's language."""
        return _(self.title_en)

    @property
    def sentence(self) -> str:
        """What is true when it is set well, in the reader's language."""
        return _(self.sentence_en)

    def how(self, device: str, system: str) -> str:
        """What to do, in the reader's language.

        Parameters
        ----------
        device
            One of `DEVICES`; only computers have a system.
        system
            ``windows``, ``macos`` or ``linux``.
        """
        known = self.how_en
        on_computer = device in ("laptop", "vault-pc")
        text = known.get(system) if on_computer else None  # type: ignore[call-overload]
        return _(text or known.get("any") or next(iter(known.values())))

    def texts(self) -> tuple[str, ...]:
        """Its English words, for translators."""
        return (self.title_en, self.sentence_en, *self.how_en.values())


@lru_cache
def settings() -> Mapping[str, Setting]:
    """All 27 settings by name, in the order of their numbers."""
    found = {}
    for entry in read_own(SETTINGS_FILE):
        setting = Setting.model_validate({**entry, "hours": value(entry["hours"]["fact"])})
        found[setting.name] = setting
    return MappingProxyType(found)


def places() -> tuple[tuple[str, str], ...]:
    """Every (device, setting name) that exists, device by device."""
    return tuple(
        (device, name) for device in DEVICES for name, one in settings().items() if device in one.devices
    )


def texts() -> Iterable[str]:
    """English words of all settings, for translators."""
    for setting in settings().values():
        yield from setting.texts()


class Devices(BaseModel):
    """How a learner's devices and accounts are set.

    Attributes
    ----------
    name
        What he calls them.
    states
        Device → setting → state; what is missing is unknown. Devices that the shop does not have are left out of
        `has`.
    has
        Devices and accounts that exist.
    """

    model_config = ConfigDict(frozen=True)

    name: str = "devices"
    has: tuple[Device, ...] = DEVICES
    states: Mapping[str, Mapping[str, State]] = Field(default_factory=dict)

    def state(self, device: str, setting: str) -> State:
        """State of a setting on a device; ``unknown`` if nobody said."""
        return self.states.get(device, {}).get(setting, "unknown")

    def places(self) -> tuple[tuple[str, str], ...]:
        """Every (device, setting) of the devices that exist."""
        return tuple(place for place in places() if place[0] in self.has)

    def with_states(self, changes: Mapping[tuple[str, str], State]) -> Devices:
        """The same devices with some settings changed.

        Parameters
        ----------
        changes
            (device, setting) → state.

        Raises
        ------
        SafeShopError
            If a device does not have such a setting, or the state is none.
        """
        new = {device: dict(known) for device, known in self.states.items()}
        for (device, setting), state in changes.items():
            _check(device, setting, state, _("devices"))
            new.setdefault(device, {})[setting] = state
        return self.model_copy(update={"states": new})

    def to_yaml(self) -> str:
        """Everything as YAML that `load` reads back."""
        tree: dict[str, object] = {"name": self.name}
        for device in self.has:
            tree[device] = {
                name: self.state(device, name) for known, name in self.places() if known == device
            }
        return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)

    def save(self, path: str | Path) -> None:
        """Write `to_yaml`; an existing file is replaced only when all is written.

        Raises
        ------
        SafeShopError
            If the file cannot be written.
        """
        write_whole(Path(path), self.to_yaml())

    @classmethod
    def load(cls, path: str | Path) -> Devices:
        """Devices from a YAML file: ``name``, then one group ``setting: pass | fail | unknown`` for each device.

        Raises
        ------
        SafeShopError
            If it cannot be read, or names a device, setting or state that does not exist.
        """
        path = Path(path)
        try:
            tree = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
        except OSError as wrong:
            raise SafeShopError(
                _("{file} cannot be read: {reason}.").format(file=path, reason=wrong.strerror)
            ) from None
        except (UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as wrong:
            mark = getattr(wrong, "problem_mark", None)
            raise SafeShopError(
                _("{file}, line {line}: this is not readable YAML ({reason}).").format(
                    file=path.name,
                    line=mark.line + 1 if mark else 1,
                    reason=getattr(wrong, "problem", None) or wrong,
                )
            ) from None
        if not isinstance(tree, dict):
            raise SafeShopError(
                _(
                    "{file}: devices are groups of 'setting: pass, fail or unknown' lines; found something else."
                ).format(file=path.name)
            )
        name = str(tree.pop("name", path.stem))
        for device, group in tree.items():
            if not isinstance(group, dict):
                raise SafeShopError(
                    _(
                        "{file}, field {field}: must be a group of 'setting: pass, fail or unknown' lines."
                    ).format(file=path.name, field=device)
                )
            for setting, state in group.items() or [("", None)]:
                _check(str(device), str(setting), state, path.name)
        return cls(name=name, has=tuple(each for each in DEVICES if each in tree), states=tree)


def _check(device: str, setting: str, state: object, where: str) -> None:
    """Refuse a device, setting or state that does not exist, in one sentence."""
    if device not in DEVICES:
        raise SafeShopError(
            _("{file}, field {field}: there is no such device; there are {devices}.").format(
                file=where, field=device, devices=", ".join(DEVICES)
            )
        )
    known = [name for each, name in places() if each == device]
    if setting not in known:
        near = difflib.get_close_matches(setting, known, n=1, cutoff=0.4)
        raise SafeShopError(
            _(
                "{file}, field {field}: the device {device} has no such setting; perhaps {name} is meant."
            ).format(
                file=where, field=f"{device}.{setting}", device=device, name=near[0] if near else known[0]
            )
        )
    if state not in STATES:
        raise SafeShopError(
            _("{file}, field {field}: must be one of {choices}, not {given!r}.").format(
                file=where, field=f"{device}.{setting}", choices=", ".join(STATES), given=state
            )
        )


def settings_for(control: str, device: str) -> tuple[str, ...]:
    """Names of the settings that carry a control on a device."""
    if device not in known_control(control).belongs_to:
        return ()
    return tuple(
        name for name, one in settings().items() if control in one.controls and device in one.devices
    )


@lru_cache
def controls_known() -> Mapping[str, tuple[str, ...]]:
    """Control → the devices on which some setting carries it."""
    known: dict[str, list[str]] = {}
    for device, name in places():
        for control in settings()[name].controls:
            if settings_for(control, device) and device not in known.setdefault(control, []):
                known[control].append(device)
    return MappingProxyType({control: tuple(devices) for control, devices in known.items()})


def controls_in_place(devices: Devices) -> tuple[str, ...]:
    """The controls that hold, as ``Scenario.defence.controls`` names them.

    ``"6.3@mail"`` stands where every setting that carries the control on that device passes; what is unknown does not.
    A bare ``"6.3"`` would say that it stands everywhere, also where no setting speaks of it; it never comes out here.

    Parameters
    ----------
    devices
        The learner's.

    Returns
    -------
    tuple of str
        In the order of the numbers, without repetition.
    """
    found = [
        f"{control}@{device}"
        for control, possible in controls_known().items()
        for device in possible
        if device in devices.has
        and all(devices.state(device, name) == "pass" for name in settings_for(control, device))
    ]
    return tuple(sorted(found, key=_in_order))


def _in_order(control: str) -> tuple[int, int, str]:
    number, _at, device = control.partition("@")
    chapter, _dot, safeguard = number.partition(".")
    return int(chapter), int(safeguard), device


def devices_of(scenario: Scenario) -> tuple[Device, ...]:
    """The devices and accounts that a shop has: its sales account or its own web shop, a vault PC if it keeps one.

    Parameters
    ----------
    scenario
        The shop.
    """
    sells = "web-shop" if scenario.channel == "own-site" else "marketplace"
    vault = scenario.retention.orders_leave in ("at-completion", "at-order") or (
        scenario.retention.members_leave == "on-joining"
    )
    has = {"laptop", "phone", "router", "payment", "mail", sells} | ({"vault-pc"} if vault else set())
    return tuple(device for device in DEVICES if device in has)


class Score(BaseModel):
    """How many settings pass, fail or are unknown.

    Attributes
    ----------
    passed, failed, unknown
        Counts.
    """

    model_config = ConfigDict(frozen=True)

    passed: int
    failed: int
    unknown: int

    @property
    def share(self) -> float:
        """Share that passes, from 0 to 1; ``nan`` if there are none."""
        count = self.passed + self.failed + self.unknown
        return self.passed / count if count else float("nan")


def score(devices: Devices, device: str | None = None) -> Score:
    """Count the settings of one device, or of all.

    Parameters
    ----------
    devices
        The learner's.
    device
        One of `DEVICES`; all that exist if left out.
    """
    states = [
        devices.state(each, name) for each, name in devices.places() if device is None or each == device
    ]
    return Score(passed=states.count("pass"), failed=states.count("fail"), unknown=states.count("unknown"))


__all__ = [
    "DEVICES",
    "STATES",
    "Device",
    "Devices",
    "Score",
    "Setting",
    "State",
    "controls_in_place",
    "controls_known",
    "device_label",
    "devices_of",
    "places",
    "score",
    "settings",
    "settings_for",
    "state_label",
    "texts",
    "theme_label",
]
