"""A folder for a USB stick: the course, and all it needs, for computers that have no internet.

It holds wheels for every system asked for, a start file for each, and what the instructor needs on paper and on the
wall. The wheels are exactly those of ``constraints.txt``. Which packages a Windows needs is written in the packages
themselves and decided for *that* computer, not for the one that packs: pip, told of another platform, still reads
conditions such as ``sys_platform == "win32"`` as if they were about this one.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

from simlib.course import instructor_pages, run_sheet, slides
from simlib.course.build import read_sources
from simlib.course.instructor_pages import Link
from simlib.errors import SafeShopError
from simlib.languages import LANGUAGES, _
from simlib.writing import new_folder, write_whole

WHEELS = "wheels"
SUMS = "SHA256SUMS"
"""Lists every file of the stick with its checksum; the start file compares before it installs anything."""

Told = Callable[[str], None]


@dataclass(frozen=True)
class System:
    """A kind of computer.

    Attributes
    ----------
    label
        How it is called.
    platforms
        pip's platform tags, the one that asks least of the computer last.
    markers
        What the packages' conditions ask of it (PEP 508).
    """

    label: str
    platforms: tuple[str, ...]
    markers: dict[str, str]


def _system(label: str, platforms: Sequence[str], sys_platform: str, system: str, machine: str) -> System:
    markers = {
        "os_name": "nt" if sys_platform == "win32" else "posix",
        "sys_platform": sys_platform,
        "platform_system": system,
        "platform_machine": machine,
        "platform_release": "",
        "platform_version": "",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    return System(label, tuple(platforms), markers)


def _macos(newest: int) -> list[str]:
    """Tags from the newest macOS down; before 11, these machines run what was built for both kinds."""
    tags = [f"macosx_{major}_0_{kind}" for major in range(newest, 10, -1) for kind in ("arm64", "universal2")]
    return tags + [f"macosx_10_{minor}_universal2" for minor in range(16, 8, -1)]


SYSTEMS = {
    "windows": _system("Windows", ["win_amd64"], "win32", "Windows", "AMD64"),
    "macos": _system("macOS (Apple silicon)", _macos(14), "darwin", "Darwin", "arm64"),
    "linux": _system(
        "Linux",
        [*(f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)), "manylinux2014_x86_64"],
        "linux",
        "Linux",
        "x86_64",
    ),
}
"""The systems a stick can serve; Linux from glibc 2.28 on, macOS from 14 on. No Intel Mac: cryptography has no wheel
for it any more, and building one there would need a compiler and the internet."""

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""Pythons for which wheels are packed unless others are asked for: what people have, from Debian 12 to the newest."""


def pack(
    root: Path,
    folder: Path,
    systems: Sequence[str],
    pythons: Sequence[str],
    told: Told,
    instructor: bool = True,
) -> None:
    """Write the folder, whole or not at all.

    Parameters
    ----------
    root
        Folder of the project's sources, with built lessons.
    folder
        New or empty.
    systems
        Names out of `SYSTEMS`.
    pythons
        Such as ``3.12``.
    told
        Hears what is being done.
    instructor
        Whether run sheets, slides and solutions come along.

    Raises
    ------
    SafeShopError
        If a system is unknown, a package cannot be had for it, or the folder cannot be written.
    """
    for name in systems:
        if name not in SYSTEMS:
            raise SafeShopError(
                _("There is no system “{name}”; there are {names}.").format(
                    name=name, names=", ".join(SYSTEMS)
                )
            )
    for python in pythons:
        if not re.fullmatch(r"3\.1[1-9]", python):
            raise SafeShopError(
                _("“{python}” is no Python that the course runs on; name one such as {example}.").format(
                    python=python, example=PYTHONS[0]
                )
            )
    with new_folder(folder) as draft:
        wheels = draft / WHEELS
        wheels.mkdir()
        told(_("Building the course’s own wheel"))
        own = _own_wheel(root, wheels)
        pins = read_pins(root / "constraints.txt")
        _fetch(wheels, ["pip"], (), told)
        for name in systems:
            for python in pythons:
                told(
                    _("Fetching wheels for {system}, Python {python}").format(
                        system=SYSTEMS[name].label, python=python
                    )
                )
                collect(wheels, own, SYSTEMS[name], python, pins)
        for file in sorted((root / "instructor" / "stick").iterdir()):
            shutil.copy(file, draft / file.name)
            if file.suffix in (".sh", ".command"):
                (draft / file.name).chmod(0o755)
        _name_pythons(draft / "README.txt", pythons)
        if instructor:
            told(_("Making run sheets and slides"))
            write_instructor(root, draft / "instructor")
        write_whole(draft / SUMS, "".join(_sums(draft)))


def _name_pythons(readme: Path, pythons: Sequence[str]) -> None:
    """Say in the first text that people read for which Pythons there are wheels; Windows' line ends suit everybody."""
    text = readme.read_text(encoding="utf-8").replace("{pythons}", " / ".join(pythons))
    write_whole(readme, text.replace("\n", "\r\n").encode())


def _sums(folder: Path) -> Iterator[str]:
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            with file.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            yield f"{digest}  {file.relative_to(folder).as_posix()}\n"


def write_instructor(root: Path, folder: Path) -> None:
    """Write run sheets, slides and solutions for every language: what an instructor opens without the course.

    Parameters
    ----------
    root
        Folder of the project's sources.
    folder
        Made when missing.
    """
    for lang in LANGUAGES:
        place = folder / lang
        groups = (_run_sheets(root, place, lang), _slides(root, place, lang), _solutions(root, place, lang))
        named = zip(instructor_pages.headings(lang), groups, strict=True)
        write_whole(place / "index.html", instructor_pages.first_page(lang, list(named)))


def _run_sheets(root: Path, place: Path, lang: str) -> list[Link]:
    links = []
    for name in run_sheet.read_plans(root / "instructor"):
        sheet = run_sheet.run_sheet(root, name, lang)
        links.append(Link(f"run-sheet-{name}.html", sheet.title))
        write_whole(place / links[-1].file, run_sheet.as_html(sheet))
    return links


def _slides(root: Path, place: Path, lang: str) -> list[Link]:
    links = []
    for lesson in read_sources(root / "lessons"):
        built = root / "lessons" / lang / f"{lesson.stem}.ipynb"
        if built.is_file():
            about = instructor_pages.read_notebook(built)["metadata"]["safeshop"]
            links.append(Link(f"slides-{lesson.stem}.html", f"{about['number']} {about['title']}"))
            write_whole(place / links[-1].file, slides.slides(root, lesson.head.number, lang))
    return links


def _solutions(root: Path, place: Path, lang: str) -> list[Link]:
    links = []
    for file in sorted((root / "exercises" / "solutions" / lang).glob("*.ipynb")):
        notebook = instructor_pages.read_notebook(file)
        about = notebook["metadata"]["safeshop"]
        links.append(Link(f"solutions-{file.stem}.html", f"{about['number']} {about['title']}"))
        write_whole(place / links[-1].file, instructor_pages.solution_page(notebook))
        write_whole(place / "solutions" / file.name, file.read_bytes())
    return links


def _own_wheel(root: Path, wheels: Path) -> Path:
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(root))
    return next(wheels.glob("safeshop-*.whl"))


def _pip(*arguments: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        arguments[0],
        "--quiet",
        *arguments[1:],
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [
            line for line in done.stderr.splitlines() if line.startswith("ERROR")
        ] or done.stderr.splitlines()
        raise SafeShopError(
            _("pip could not get what the stick needs: {reason}").format(
                reason=lines[-1].removeprefix("ERROR: ") if lines else done.returncode
            )
        )


def read_pins(path: Path) -> dict[str, str]:
    """Pinned versions by normalised name.

    Parameters
    ----------
    path
        ``constraints.txt``.
    """
    pins = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        pin = re.match(r"(?P<name>[\w.-]+)==(?P<version>[^\s;]+)", line)
        if pin:
            pins[normal(pin["name"])] = pin["version"]
    return pins


def normal(name: str) -> str:
    """A package's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def collect(wheels: Path, own: Path, system: System, python: str, pins: dict[str, str]) -> None:
    """Fetch what the course needs on one kind of computer, until nothing is missing.

    Each round fetches the packages that the wheels at hand ask for on that computer.

    Parameters
    ----------
    wheels
        Folder of the wheels, shared by all systems.
    own
        The course's wheel.
    system, python
        The computer.
    pins
        Versions, from `read_pins`.

    Raises
    ------
    SafeShopError
        If a package has no pin, or no wheel for that computer.
    """
    known: set[tuple[str, str]] = set()
    queue = list(needs(own, "", system, python))
    while queue:
        fresh = [need for need in dict.fromkeys(queue) if need not in known]
        known.update(fresh)
        names = sorted({name for name, _extra in fresh})
        for name in names:
            if name not in pins:
                raise SafeShopError(
                    _("constraints.txt has no version of {package}, which {system} needs.").format(
                        package=name, system=system.label
                    )
                )
        missing = [name for name in names if wheel_of(wheels, name, system, python) is None]
        if missing:
            _fetch(wheels, [f"{name}=={pins[name]}" for name in missing], _target(system, python), None)
        queue = []
        for name, extra in fresh:
            wheel = wheel_of(wheels, name, system, python)
            if wheel is None:
                raise SafeShopError(
                    _("There is no wheel of {package} for {system}, Python {python}.").format(
                        package=name, system=system.label, python=python
                    )
                )
            queue += needs(wheel, extra, system, python)


def _target(system: System, python: str) -> tuple[str, ...]:
    digits = python.replace(".", "")
    options = ["--implementation", "cp", "--python-version", python]
    options += ["--abi", f"cp{digits}", "--abi", "abi3", "--abi", "none"]
    for platform in (*system.platforms, "any"):
        options += ["--platform", platform]
    return tuple(options)


def _fetch(wheels: Path, requirements: Sequence[str], target: Sequence[str], told: Told | None) -> None:
    if told:
        told(_("Fetching {packages}").format(packages=", ".join(requirements)))
    _pip("download", "--no-deps", "--only-binary=:all:", "--dest", str(wheels), *target, *requirements)


def wheel_of(wheels: Path, name: str, system: System, python: str) -> Path | None:
    """The wheel of a package that fits a computer; None when there is none yet.

    Parameters
    ----------
    wheels
        Folder of wheels.
    name
        Normalised.
    system, python
        The computer.
    """
    from packaging.utils import parse_wheel_filename

    fitting = set(_tags(system, python))
    for path in sorted(wheels.glob("*.whl")):
        package, _version, _build, tags = parse_wheel_filename(path.name)
        if package == name and tags & fitting:
            return path
    return None


def _tags(system: System, python: str) -> Iterator[object]:
    from packaging.tags import compatible_tags, cpython_tags

    version = tuple(map(int, python.split(".")))
    interpreter = f"cp{python.replace('.', '')}"
    yield from cpython_tags(version, platforms=list(system.platforms))
    yield from compatible_tags(version, interpreter, platforms=list(system.platforms))


def needs(wheel: Path, extra: str, system: System, python: str) -> Iterator[tuple[str, str]]:
    """What a wheel asks for on a computer: (normalised name, extra), the package itself with no extra first.

    Parameters
    ----------
    wheel
        The file.
    extra
        The extra it is wanted with, or an empty text.
    system, python
        The computer.
    """
    from packaging.requirements import Requirement

    with zipfile.ZipFile(wheel) as archive:
        name = next(one for one in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one))
        described = message_from_bytes(archive.read(name))
    environment = {
        **system.markers,
        "python_version": python,
        "python_full_version": f"{python}.0",
        "extra": extra,
    }
    for line in described.get_all("Requires-Dist") or []:
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate(environment):
            for part in ("", *sorted(need.extras)):
                yield normal(need.name), part
