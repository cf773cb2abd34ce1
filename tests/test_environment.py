"""What is installed: the pins, the conda environment, and the package that carries lessons and datasets."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from rattler import MatchSpec

CONDA_NAMES = {
    "jupyter-client": "jupyter_client",
    "playwright": "playwright-python",
    "tzdata": "python-tzdata",
}
"""Packages that conda-forge lists under another name; its `tzdata` is not a Python package."""

PARTS = {"pydantic-core": "pydantic"}
"""Distributions that are one half of another: pydantic asks for the one version of its core that fits."""

PLACES = re.compile(r"://|\bfile:|(?<![\w.-])[\w-]+(\.[\w-]+)*\.(org|com|net|io|dev)\b|^\s*-|@")
"""What a line of pins holds when it says where to fetch from: an address, a host, an option, a link."""


@pytest.fixture
def project(root: Path) -> dict[str, Any]:
    """The project table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    return table


def requirements(project: dict[str, Any]) -> list[Requirement]:
    extras = project["optional-dependencies"].values()
    return [Requirement(line) for line in [*project["dependencies"], *(x for extra in extras for x in extra)]]


@pytest.fixture
def pins(root: Path) -> dict[str, Requirement]:
    """Every pin by name; a name pinned twice fails."""
    found: dict[str, Requirement] = {}
    for line in (root / "constraints.txt").read_text("ascii").splitlines():
        pin = Requirement(line)
        name = canonicalize_name(pin.name)
        assert name not in found, f"{name} is pinned twice: the same course would run on two versions of it"
        found[name] = pin
    return found


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple",
        "-i example.org",
        "numpy @ file:///tmp/numpy.whl",
        "# from example.org",
    ],
)
def test_a_line_that_says_where_to_fetch_from_is_recognised(line: str) -> None:
    assert PLACES.search(line)


def test_pins_name_no_place_to_fetch_from(root: Path) -> None:
    lines = (root / "constraints.txt").read_text("ascii").splitlines()
    assert [line for line in lines if PLACES.search(line)] == []


def test_pins_cover_every_dependency_within_its_bounds(
    project: dict[str, Any], pins: dict[str, Requirement]
) -> None:
    for needed in requirements(project):
        pin = pins.get(canonicalize_name(needed.name))
        assert pin is not None, f"constraints.txt lacks {needed.name}: make it anew (CONTRIBUTING.md)"
        version = next(iter(pin.specifier)).version
        assert needed.specifier.contains(version), f"{needed} and the pin {pin} exclude each other"
        assert pin.marker is None, f"{pin} holds only on some machines, and pyproject.toml needs it on all"


def test_pins_are_exact(pins: dict[str, Requirement]) -> None:
    loose = [str(pin) for pin in pins.values() if [clause.operator for clause in pin.specifier] != ["=="]]
    assert loose == []


def third_party_imports(folder: Path) -> Iterator[tuple[str, bool, str]]:
    """Each import of a module from elsewhere: distribution, whether at the top of its file, and file."""
    providers = importlib.metadata.packages_distributions()
    for file in sorted(folder.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"simlib"}:
                for provider in providers.get(name, [name]):
                    yield canonicalize_name(provider), node in tree.body, str(file.relative_to(folder))


@pytest.mark.slow
def test_whatever_the_library_imports_is_declared(root: Path, project: dict[str, Any]) -> None:
    always = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    # What only builders need is imported where it is used, with a sentence when it is missing.
    optional = project["optional-dependencies"]
    for_builders = {
        canonicalize_name(Requirement(line).name)
        for extra in ("test", "cluster", "fast")
        for line in optional[extra]
    }
    undeclared = [
        (name, file)
        for name, at_top, file in third_party_imports(root / "simlib")
        if PARTS.get(name, name) not in always and (at_top or name not in for_builders)
    ]
    assert undeclared == []


def everything_needed(first: list[Requirement]) -> Iterator[str]:
    """Names of all distributions which these requirements bring to this machine, themselves included."""
    seen: set[tuple[str, str]] = set()
    queue = [(need, extra) for need in first for extra in {"", *need.extras}]
    while queue:
        need, extra = queue.pop()
        name = canonicalize_name(need.name)
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        yield name
        for line in importlib.metadata.requires(name) or []:
            further = Requirement(line)
            if further.marker is None or further.marker.evaluate({"extra": extra}):
                queue += [(further, deeper) for deeper in {"", *further.extras}]


def test_pins_cover_what_the_dependencies_bring_along(
    project: dict[str, Any], pins: dict[str, Requirement]
) -> None:
    # What brings what along can be asked only where it is installed: always the course and its tests.
    installed = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    needed = set(everything_needed([Requirement(line) for line in installed]))
    assert sorted(needed - set(pins)) == []


def test_conda_environment_asks_for_the_same_as_pyproject(root: Path, project: dict[str, Any]) -> None:
    environment = yaml.safe_load((root / "environment.yml").read_text("utf-8"))
    assert environment["name"] == "safeshop"
    assert environment["channels"] == ["conda-forge"]
    *lines, through_pip = environment["dependencies"]
    assert through_pip == {"pip": ["."]}
    asked = {}
    for line in lines:
        spec = MatchSpec(line, strict=True)
        asked[spec.name.normalized] = SpecifierSet(str(spec.version or ""))
    wanted = {"python": SpecifierSet(project["requires-python"]), "pip": SpecifierSet()}
    # The benchmarks' peers are left to those who run the benchmarks.
    peers = {Requirement(line).name for line in project["optional-dependencies"]["benchmarks"]}
    for needed in requirements(project):
        if needed.name in peers:
            continue
        wanted[CONDA_NAMES.get(needed.name, needed.name.lower())] = needed.specifier
    assert asked == wanted


def test_package_carries_the_library_the_built_lessons_the_exercises_and_the_datasets(
    root: Path, tmp_path: Path
) -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import sys, hatchling.build as b; b.build_wheel(sys.argv[1])", str(tmp_path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    (wheel,) = tmp_path.glob("*.whl")
    carried = {name for name in zipfile.ZipFile(wheel).namelist() if not name.startswith("safeshop-")}
    places = {
        "simlib": "simlib",
        "lessons/en": "simlib/course/_lessons/en",
        "lessons/zh-Hant": "simlib/course/_lessons/zh-Hant",
        "lessons/zh-Hans": "simlib/course/_lessons/zh-Hans",
        "exercises/en": "simlib/course/_exercises/en",
        "exercises/zh-Hant": "simlib/course/_exercises/zh-Hant",
        "exercises/zh-Hans": "simlib/course/_exercises/zh-Hans",
        "exercises/keys": "simlib/course/_exercises/keys",
        "datasets": "simlib/_datasets",
    }
    expected = {
        f"{inside}/{file.relative_to(root / folder).as_posix()}"
        for folder, inside in places.items()
        for file in (root / folder).rglob("*")
        if file.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(file.parts)
    }
    assert carried == expected
    assert "simlib/facts/orders.yaml" in carried
