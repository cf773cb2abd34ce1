"""Set up Safe Shop Lab in this folder, then open the course or run the tests.

    python3 start.py                       open the course
    python3 start.py test                  check the code and run every test; what follows goes to pytest
    python3 start.py simulate taiwan-gift-shop     anything else goes to the command ``safeshop``

A newcomer has Python and nothing else, so this file uses the standard library only, and only syntax that
Python 3.6 can read: an older Python must get far enough to say which one is needed. Its sentences are
English because the catalogues of the other languages come with the package that is being installed here.

What it decides:

* A virtual environment that is active is used; otherwise ``.venv`` beside this file is made and used.
* The package is installed as a copy, not editable. An editable installation writes this folder's path into a
  ``.pth`` file, which Python on Windows reads in the code page of the country: under such a code page a path
  with Chinese characters comes out garbled and the package is not found.
* An installation a developer made editable from this folder is used as it is and never replaced.
  One that is editable from another folder is refused, because the other folder's code would run.
* What was installed is noted in the environment (`NOTE`), so that nothing is installed twice.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Set
from urllib.parse import urlparse
from urllib.request import url2pathname

CLONE = Path(__file__).resolve().parent

OLDEST_PYTHON = (3, 11)

SHIPPED = (
    "simlib",
    "lessons/en",
    "lessons/zh-Hant",
    "lessons/zh-Hans",
    "exercises/en",
    "exercises/zh-Hant",
    "exercises/zh-Hans",
    "exercises/keys",
    "datasets",
)
"""Folders whose files go into the installed package; the same as `only-include` in pyproject.toml."""

DESCRIPTION = ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "lessons/LICENSE")
"""Files that say what is installed, and how."""

NOTE = "safeshop-installed.json"
"""File in the environment's folder: which state of the files was installed there, with which extras."""

SPACE = 2.5e9
"""Bytes of free disk a first installation asks for: 1.5 GB measured on Linux with the tests' tools, and two thirds
more because pip unpacks what it downloads beside it."""

PROBE = """
import importlib.metadata, importlib.util, json, sys
if sys.version_info < (3, 11):
    sys.exit(1)
origin = None
try:
    found = importlib.metadata.distribution("safeshop")
    origin = found.read_text("direct_url.json") or "{}"
except importlib.metadata.PackageNotFoundError:
    pass
print(json.dumps({
    "folder": sys.prefix,
    "origin": origin and json.loads(origin),
    "has_pip": importlib.util.find_spec("pip") is not None,
}))
"""
"""Program that an environment's own Python runs to say what the environment holds."""

SAFESHOP = "import sys; sys.argv[0] = 'safeshop'; from simlib.cli import main; sys.exit(main())"
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"

CHECKS = (
    ("ruff check", ["-m", "ruff", "check", "."]),
    ("ruff format", ["-m", "ruff", "format", "--check", "."]),
    ("mypy", ["-m", "mypy"]),
    # Not the script beside Python: -c finds the module whatever characters stand in the path.
    ("lint-imports", ["-c", LINT_IMPORTS]),
)
"""What runs before pytest: name and arguments to Python."""

SIDE_BY_SIDE = ["-n", "auto", "--dist", "worksteal"]
"""Tests run on all processors; what follows on the command line may say otherwise (`-n 0`)."""


class Environment(NamedTuple):
    """What a virtual environment says of itself; the fields are those of `PROBE`.

    ``folder`` is where it lies, ``origin`` pip's record of where the installed package came from (None when
    it is not installed), ``has_pip`` whether it has a pip of its own.
    """

    folder: str
    origin: Optional[Dict[str, Any]]
    has_pip: bool


class Note(NamedTuple):
    """What was installed: the fingerprint of the files, and the extras in alphabetical order."""

    files: str
    extras: List[str]


class SetupError(Exception):
    """Setting up ends here; the text is the one sentence for the reader."""


def main(arguments: List[str]) -> int:
    """Set up, then do what the arguments ask; the exit code."""
    show_any_character()
    testing = arguments[:1] == ["test"]
    try:
        refuse_old_python()
        python = environment(CLONE)
        install(CLONE, python, {"test"} if testing else set())
        if testing:
            return run_tests(CLONE, python, arguments[1:])
        return hand_over([str(python), "-c", SAFESHOP, *arguments])
    except SetupError as reason:
        print(reason, file=sys.stderr)
    except OSError as error:
        print(
            f"Setting up stopped: {error.strerror or error} ({error.filename or CLONE}); "
            "see that you may write there and that the disk is not full, then run the same command again.",
            file=sys.stderr,
        )
    except KeyboardInterrupt:
        print("Stopped; run the same command again to go on.", file=sys.stderr)
        return 130
    return 1


def show_any_character() -> None:
    """Let a terminal that lacks a character of a path show a stand-in rather than stop the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def refuse_old_python() -> None:
    """Say which Python is needed when this one is too old."""
    if sys.version_info < OLDEST_PYTHON:
        needed, this = "{}.{}".format(*OLDEST_PYTHON), "{}.{}".format(*sys.version_info)
        raise SetupError(
            f"Safe Shop Lab needs Python {needed} or newer, and this is Python {this}: "
            "install a newer Python, then run the same command with it."
        )


# -- the environment -----------------------------------------------------------------------------------------


def environment(clone: Path) -> Path:
    """The Python of the active virtual environment, or of ``.venv`` in the clone, made when needed."""
    if sys.prefix != sys.base_prefix:
        return Path(sys.executable)
    folder = clone / ".venv"
    python = python_in(folder)
    if ask(python) is None:
        make_environment(folder)
    return python


def python_in(folder: Path) -> Path:
    """Where a virtual environment keeps its Python."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def make_environment(folder: Path) -> None:
    """Make a virtual environment, replacing one that does not run any more."""
    if os.path.lexists(str(folder)):
        # Only an environment may be cleared: anything else under this name belongs to someone.
        if not (folder / "pyvenv.cfg").is_file():
            raise SetupError(
                f"{folder} exists and is not a virtual environment: "
                "rename it, then run the same command again."
            )
        print(f"The environment in {folder} no longer runs with this Python and is made anew.")
    if importlib.util.find_spec("venv") is None:
        raise SetupError(without_venv())
    # Debian leaves ensurepip out of Python; the pip of this Python then installs from outside.
    extra = [] if importlib.util.find_spec("ensurepip") else ["--without-pip"]
    print(f"Making a virtual environment in {folder} …", flush=True)
    if call([sys.executable, "-m", "venv", "--clear", *extra, str(folder)], folder.parent) != 0:
        raise SetupError(
            f"The virtual environment in {folder} could not be made, for the reason shown above: "
            "see that you may write there and that the disk is not full, then run the same command again."
        )


def without_venv() -> str:
    """The sentence for a Python that came without its means of installing packages."""
    return (
        "This Python came without its parts venv and pip: install them "
        "(on Debian and Ubuntu: sudo apt install python3-venv), then run the same command again."
    )


def ask(python: Path) -> Optional[Environment]:
    """What the environment of this Python says of itself; None when it does not run or is too old."""
    if not python.is_file():
        return None
    try:
        answer = subprocess.run(
            # -I: neither this folder nor PYTHONPATH may pass for an installation.
            [str(python), "-I", "-c", PROBE],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        return Environment(**json.loads(answer.stdout.decode("ascii")))
    except (OSError, ValueError, TypeError, subprocess.CalledProcessError):
        return None


# -- the installation ----------------------------------------------------------------------------------------


def install(clone: Path, python: Path, extras: Set[str]) -> None:
    """Install the package with these extras, unless the same files are already installed with them."""
    found = ask(python)
    if found is None:
        raise SetupError(
            f"{python} does not run: leave that virtual environment (deactivate), "
            "then run the same command again."
        )
    if found.origin is not None and found.origin.get("dir_info", {}).get("editable"):
        keep_editable(clone, found.origin)
        return
    file = Path(found.folder) / NOTE
    state = fingerprint(clone)
    # A note outlives the package when someone uninstalls it.
    before = read_note(file) if found.origin is not None else Note("", [])
    wanted = sorted(extras | set(before.extras))
    if before == Note(state, wanted):
        return
    quiet = []
    if not before.files:
        refuse_full_disk(clone)
        print("Installing Safe Shop Lab and what it needs; this takes some minutes, once …", flush=True)
    else:
        print("Something is new since the last time; installing it …", flush=True)
        # An update is soon done; two hundred lines on what stayed the same would only worry its reader.
        quiet = ["--quiet"] if wanted == before.extras else []
    if file.exists():
        file.unlink()  # An installation that breaks off must not pass for a finished one.
    target = ".[{}]".format(",".join(wanted)) if wanted else "."
    # Relative names: the folder's own characters then never pass through an argument.
    command = [*pip_for(python, found), "install", *quiet, "-c", "constraints.txt", target]
    if call(command, clone) != 0:
        raise SetupError(
            "Installing stopped, for the reason pip gives above: see that this computer reaches the internet "
            "and that the disk is not full, then run the same command again."
        )
    write_note(file, Note(state, wanted))


def keep_editable(clone: Path, origin: Dict[str, Any]) -> None:
    """Use a developer's installation from this clone as it is; refuse one from another folder."""
    home = Path(url2pathname(urlparse(origin["url"]).path))
    if not (home.is_dir() and home.samefile(clone)):
        raise SetupError(
            f"This virtual environment holds an editable installation of Safe Shop Lab from {home}, "
            f"not from {clone}: leave the environment (deactivate) or uninstall there "
            "(pip uninstall safeshop), then run the same command again."
        )
    print(
        "Using the editable installation from this folder as it is; after a change of pyproject.toml or "
        'constraints.txt renew it with: pip install -c constraints.txt -e ".[test]"',
        flush=True,
    )


def fingerprint(clone: Path) -> str:
    """One number for the content of all files that decide what gets installed."""
    files = [clone / name for name in DESCRIPTION]
    for folder in SHIPPED:
        files += (clone / folder).rglob("*")
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda path: path.relative_to(clone).as_posix()):
        name = file.relative_to(clone).as_posix()
        if file.is_file() and "/__pycache__/" not in name and "/.ipynb_checkpoints/" not in name:
            content = file.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def read_note(file: Path) -> Note:
    """What was noted at the last installation; an empty note when there is none that can be read."""
    try:
        return Note(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Note("", [])


def write_note(file: Path, note: Note) -> None:
    """Note what was installed, whole or not at all."""
    draft = file.with_name(file.name + ".part")
    draft.write_text(json.dumps(note._asdict(), indent=1) + "\n", encoding="utf-8")
    draft.replace(file)


def refuse_full_disk(clone: Path) -> None:
    """Stop before a download that cannot fit."""
    free = shutil.disk_usage(str(clone)).free
    if free < SPACE:
        raise SetupError(
            f"The disk that holds {clone} has {free / 1e9:.1f} GB free, and setting up needs "
            f"{SPACE / 1e9:.1f} GB: make room, then run the same command again."
        )


def pip_for(python: Path, found: Environment) -> List[str]:
    """The pip that installs into this environment: its own, or that of the Python it was made from."""
    if found.has_pip:
        return [str(python), "-m", "pip"]
    # In an active environment without a pip (uv makes such), the Python underneath may have one.
    outside = str(getattr(sys, "_base_executable", None) or sys.executable)
    if subprocess.call(
        [outside, "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ):
        raise SetupError(without_venv())
    return [outside, "-m", "pip", "--python", str(python)]


# -- the work ------------------------------------------------------------------------------------------------


def run_tests(clone: Path, python: Path, arguments: List[str]) -> int:
    """Check the code, then run pytest, whatever the checks said; 0 only when everything passed."""
    # Tests start hundreds of Python processes, kernels among them; without bytecode each compiles the course anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    failed = []
    for name, command in CHECKS:
        print(f"{name} …", flush=True)
        if call([str(python), *command], clone) != 0:
            failed.append(name)
    code = call([str(python), "-m", "pytest", *SIDE_BY_SIDE, *arguments], clone)
    if failed:
        print("Also failed, see further up: " + ", ".join(failed) + ".", file=sys.stderr)
    return code or int(bool(failed))


def child_variables() -> Dict[str, str]:
    """Environment variables for what is started here: text is UTF-8 everywhere, also on Windows.

    The start page tells the reader the command that he knows.
    """
    command = "py start.py" if os.name == "nt" else "python3 start.py"
    return dict(os.environ, PYTHONUTF8="1", PIP_DISABLE_PIP_VERSION_CHECK="1", SAFESHOP_COMMAND=command)


def call(command: List[str], folder: Path) -> int:
    """Run a command in a folder; its exit code."""
    return subprocess.call(command, cwd=str(folder), env=child_variables())


def hand_over(command: List[str]) -> int:
    """Let the command take this program's place, so that Ctrl-C and signals reach it alone."""
    sys.stdout.flush()
    if os.name != "nt":
        os.execve(command[0], command, child_variables())
    # Windows cannot replace a program: wait for it, and leave Ctrl-C, which both receive, to it.
    with subprocess.Popen(command, env=child_variables()) as program:
        while True:
            try:
                return program.wait()
            except KeyboardInterrupt:
                continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
