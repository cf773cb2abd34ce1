"""Starts Safe Shop Lab from this USB stick, on a computer without internet.

Run by the start file of your system. It compares the files of the stick with their checksums, installs the course
into a folder of your own (once), and opens it. Only Python is needed, 3.11 or newer; nothing is fetched from anywhere.
Everything here is understood by old Pythons, so that they, too, can say what is needed.
"""

import hashlib
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
WHEELS = os.path.join(HERE, "wheels")
SUMS = os.path.join(HERE, "SHA256SUMS")


def main(arguments):
    """Install when something is new, then open the course; the exit code."""
    if sys.version_info < (3, 11):
        return stop(
            "Safe Shop Lab needs Python 3.11 or newer, and this is Python {}.{}.".format(*sys.version_info)
        )
    with open(SUMS, "rb") as file:
        state = hashlib.sha256(file.read()).hexdigest()
    home = os.environ.get("SAFESHOP_HOME") or default_home()
    note = os.path.join(home, "installed.txt")
    python = os.path.join(home, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
    if not (os.path.isfile(python) and read(note) == state):
        code = install(home, python)
        if code:
            return code
        with open(note, "w") as file:
            file.write(state)
    command = [
        python,
        "-c",
        "import sys; sys.argv[0] = 'safeshop'; from simlib.cli import main; sys.exit(main())",
    ]
    try:
        return subprocess.call(command + arguments, cwd=os.path.expanduser("~"), env=variables())
    except KeyboardInterrupt:
        return 130


def default_home():
    """Where the installed course lies: among this user's own programs, never on the stick."""
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.path.expanduser("~/.local/share")
    return os.path.join(base or os.path.expanduser("~"), "safe-shop-lab")


def install(home, python):
    """Install from the wheels of the stick; the exit code."""
    print("Checking the stick ...")
    sys.stdout.flush()
    for line in (read(SUMS) or "").splitlines():
        wanted, name = line.split("  ", 1)
        # Only what is going to run is read here: slides and notes would cost time on a slow stick.
        if name.startswith("wheels/") and checksum(os.path.join(HERE, *name.split("/"))) != wanted:
            return stop("{} is damaged or was changed: copy the stick again from its source.".format(name))
    print("Installing Safe Shop Lab, once; this takes some minutes ...")
    sys.stdout.flush()
    # Without pip: Debian's Python lacks the part that would put it there. The stick carries one.
    if subprocess.call([sys.executable, "-m", "venv", "--clear", "--without-pip", home]):
        return stop("A folder of its own could not be made in {}: see that there is room.".format(home))
    pip = [name for name in sorted(os.listdir(WHEELS)) if name.startswith("pip-")][-1]
    own = [name for name in sorted(os.listdir(WHEELS)) if name.startswith("safeshop-")][-1]
    command = [python, os.path.join(WHEELS, pip, "pip"), "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-index", "--find-links", WHEELS, os.path.join(WHEELS, own)]
    if subprocess.call(command, env=variables()):
        return stop(
            "Installing stopped, for the reason above. The stick serves Python {}; this is {}.{}.".format(
                ", ".join(pythons()), *sys.version_info
            )
        )
    return 0


def pythons():
    """The Pythons that the stick has wheels for."""
    found = set()
    for name in os.listdir(WHEELS):
        tag = name.split("-")[-3] if name.startswith("numpy-") else ""
        if tag.startswith("cp3"):
            found.add("3." + tag[3:])
    return sorted(found)


def variables():
    """Variables for what is started here: text is UTF-8, and another Python's folders are not looked into."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    kept.update(PYTHONUTF8="1", PIP_CONFIG_FILE=os.devnull)
    return kept


def checksum(path):
    """The checksum of a file; an empty text when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                digest.update(piece)
    except OSError:
        return ""
    return digest.hexdigest()


def read(path):
    """The text of a file; None when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8")
    except OSError:
        return None


def stop(sentence):
    """Say why nothing was started."""
    sys.stderr.write(sentence + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
