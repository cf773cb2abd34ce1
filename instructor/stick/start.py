"""Starts Safe Shop Lab from this USB stick, on a computer without internet.

Run by the start file of your system. It compares the files of the stick with their checksums, installs the course
into a folder of your own (once), and opens it. Only a Python is needed for which the stick has wheels; nothing is
fetched from anywhere. With --serves it only answers, by its exit code, whether the Python that runs it is one.
Everything here is understood by old Pythons, so that they, too, can say what is needed.
"""

import hashlib
import os
import platform
import subprocess
import sys
import sysconfig

HERE = os.path.dirname(os.path.abspath(__file__))
WHEELS = os.path.join(HERE, "wheels")
SUMS = os.path.join(HERE, "SHA256SUMS")


def main(arguments):
    """Install when something is new, then open the course; the exit code."""
    served = pythons()
    this = "{}.{}".format(*sys.version_info)
    if arguments == ["--serves"]:
        return int(this not in served)
    if not served:
        return stop(
            "This stick has nothing for this kind of computer ({}). README.txt says which kinds it serves.".format(
                kind()
            )
        )
    if this not in served:
        return stop(
            "This is Python {}, and the stick serves Python {}: install one of these, then start again.".format(
                this, ", ".join(served)
            )
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
    return hand_over(command + arguments)


def hand_over(command):
    """Let the course take this program's place, so that Ctrl-C reaches it alone and it ends its server in peace.

    `subprocess.call` would kill it a quarter of a second after Ctrl-C, and the server would stay behind.
    """
    sys.stdout.flush()
    os.chdir(os.path.expanduser("~"))
    if os.name != "nt":
        os.execve(command[0], command, variables())
    # Windows cannot replace a program: wait for it, and leave Ctrl-C, which both receive, to it.
    program = subprocess.Popen(command, env=variables())
    while True:
        try:
            return program.wait()
        except KeyboardInterrupt:
            continue


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
            "Installing stopped, for the reason above. Start again; nothing else on this computer was changed."
        )
    return 0


def kind():
    """The kind of this computer, as wheels name it: such as linux-x86_64, win-amd64 or macosx-arm64."""
    parts = sysconfig.get_platform().split("-")
    # One Python for macOS runs on both kinds of machine; which one this is, only the machine knows.
    return parts[0] + "-" + (platform.machine() if parts[0] == "macosx" else parts[-1])


def pythons():
    """The Pythons that the stick has wheels for, on this kind of computer; the newest last."""
    system, machine = kind().split("-", 1)
    found = []
    for name in os.listdir(WHEELS):
        parts = name[: -len(".whl")].split("-")
        fits = system in parts[-1] and parts[-1].endswith(machine)
        if parts[0] == "numpy" and fits and parts[-3].startswith("cp3"):
            found.append(int(parts[-3][len("cp3") :]))
    return ["3.{}".format(minor) for minor in sorted(set(found))]


def variables():
    """Variables for what is started here: text is UTF-8, and another Python's folders are not looked into."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    starter = {"nt": "start-windows.bat"}.get(os.name, "sh start-linux.sh")
    if sys.platform == "darwin":
        starter = "./start-macos.command"
    # The course's start page tells the reader the command that he knows.
    kept.update(PYTHONUTF8="1", PIP_CONFIG_FILE=os.devnull, SAFESHOP_COMMAND=starter)
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
