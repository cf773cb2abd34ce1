"""The USB stick: what each system needs is decided for that system, and the course installs and opens offline."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from simlib.course import packing
from simlib.course.packing import SYSTEMS
from simlib.errors import SafeShopError

ROOT = Path(__file__).resolve().parents[2]
STICK = ROOT / "instructor" / "stick"
THIS_PYTHON = "{}.{}".format(*sys.version_info)


def wheel(folder: Path, name: str, tags: str = "py3-none-any", needs: tuple[str, ...] = ()) -> Path:
    """A wheel with nothing in it but its description."""
    path = folder / f"{name}-1.0-{tags}.whl"
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        "Version: 1.0",
        *(f"Requires-Dist: {one}" for one in needs),
    ]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}-1.0.dist-info/METADATA", "\n".join(lines) + "\n")
    return path


def test_what_a_package_needs_is_asked_for_the_computer_that_will_run_it(tmp_path: Path) -> None:
    own = wheel(
        tmp_path,
        "course",
        needs=(
            'winonly; sys_platform == "win32"',
            'maconly; platform_system == "Darwin"',
            'old; python_version < "3.13"',
            'Some.Part[extra-b]; os_name == "posix"',
            'never; extra == "test"',
        ),
    )
    needed = {
        (name, python): [one for one, _extra in packing.needs(own, "", SYSTEMS[name], python)]
        for name in SYSTEMS
        for python in ("3.12", "3.13")
    }
    assert needed["windows", "3.12"] == ["winonly", "old"]
    assert needed["windows", "3.13"] == ["winonly"]
    assert needed["macos", "3.13"] == ["maconly", "some-part", "some-part"]
    assert needed["linux", "3.12"] == ["old", "some-part", "some-part"]
    assert list(packing.needs(own, "test", SYSTEMS["windows"], "3.13")) == [("winonly", ""), ("never", "")]


@pytest.mark.parametrize(
    ("tags", "fits"),
    [
        ("py3-none-any", {"windows", "macos", "linux"}),
        ("cp312-cp312-win_amd64", {"windows"}),
        ("cp311-abi3-win_amd64", {"windows"}),
        ("cp312-cp312-macosx_11_0_arm64", {"macos"}),
        ("cp312-abi3-macosx_10_15_universal2", {"macos"}),
        ("cp312-cp312-macosx_10_13_x86_64", set()),
        ("cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64", {"linux"}),
        ("cp312-cp312-manylinux_2_34_x86_64", set()),
        ("cp312-cp312-musllinux_1_2_x86_64", set()),
        ("cp313-cp313-win_amd64", set()),
    ],
)
def test_a_wheel_fits_the_systems_that_it_was_built_for(tags: str, fits: set[str], tmp_path: Path) -> None:
    wheel(tmp_path, "thing", tags)
    found = {name for name in SYSTEMS if packing.wheel_of(tmp_path, "thing", SYSTEMS[name], "3.12")}
    assert found == fits


def test_packages_are_collected_until_none_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = {
        "a": ("b[more]",),
        "b": ('c; extra == "more"', 'd; sys_platform == "win32"'),
        "c": (),
        "d": ("a",),
    }
    asked: list[str] = []

    def fetch(wheels: Path, requirements: list[str], _target: object, _told: object) -> None:
        for requirement in requirements:
            name, version = requirement.split("==")
            assert version == "1.0"
            asked.append(name)
            wheel(wheels, name, needs=index[name])

    monkeypatch.setattr(packing, "_fetch", fetch)
    own = wheel(tmp_path, "course", needs=("a",))
    pins = dict.fromkeys(index, "1.0")
    packing.collect(tmp_path, own, SYSTEMS["linux"], "3.12", pins)
    assert sorted(asked) == ["a", "b", "c"]
    packing.collect(tmp_path, own, SYSTEMS["windows"], "3.12", pins)
    assert sorted(asked) == ["a", "b", "c", "d"], "what is there already is not fetched twice"
    del pins["c"]
    with pytest.raises(SafeShopError) as wrong:
        packing.collect(tmp_path, own, SYSTEMS["linux"], "3.12", pins)
    assert wrong.value.sentence == "constraints.txt has no version of c, which Linux needs."


@pytest.mark.parametrize(
    ("systems", "pythons", "sentence"),
    [
        (["beos"], ["3.12"], "There is no system “beos”; there are windows, macos, linux."),
        (["linux"], ["2.7"], "“2.7” is no Python that the course runs on; name one such as 3.11."),
    ],
)
def test_what_cannot_be_packed_is_refused_and_nothing_is_written(
    systems: list[str], pythons: list[str], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(SafeShopError) as wrong:
        packing.pack(ROOT, tmp_path / "stick", systems, pythons, print)
    assert wrong.value.sentence == sentence
    assert list(tmp_path.iterdir()) == []


def test_start_files_suit_their_systems() -> None:
    bat = (STICK / "start-windows.bat").read_bytes()
    assert bat.count(b"\r\n") == bat.count(b"\n"), "Windows reads a .bat with other line ends wrongly"
    for name in ("start-linux.sh", "start-macos.command"):
        assert b"\r" not in (STICK / name).read_bytes()
        assert os.access(STICK / name, os.X_OK)
        assert subprocess.run(["sh", "-n", str(STICK / name)], check=False).returncode == 0
    for python in packing.PYTHONS:
        assert all(
            python in (STICK / name).read_text("utf-8") for name in ("start-linux.sh", "start-windows.bat")
        )
    # Also an old Python must get as far as the sentence that names the one that is needed.
    compile((STICK / "start.py").read_text("ascii"), "start.py", "exec", dont_inherit=True)


def a_stick(folder: Path, python: str = THIS_PYTHON) -> Path:
    """A stick with the start files, and with nothing in its wheels, for one Python on this kind of computer."""
    shutil.copytree(STICK, folder)
    (folder / "wheels").mkdir()
    tag = "cp" + python.replace(".", "")
    platform = (
        sysconfig.get_platform().replace("linux", "manylinux_2_28").translate(str.maketrans("-.", "__"))
    )
    wheel(folder / "wheels", "numpy", f"{tag}-{tag}-{platform}")
    wheel(folder / "wheels", "safeshop")
    (folder / packing.SUMS).write_text("".join(packing._sums(folder)), "utf-8")
    return folder


def started(command: list[str], home: Path, **variables: str) -> tuple[int, str]:
    """Start the course as a person would; exit code, and what is said about why not."""
    done = subprocess.run(
        command,
        env={**os.environ, "SAFESHOP_HOME": str(home), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_damaged_stick_installs_nothing(tmp_path: Path) -> None:
    stick, home = a_stick(tmp_path / "stick"), tmp_path / "home"
    whole = stick / "wheels" / "safeshop-1.0-py3-none-any.whl"
    whole.write_bytes(whole.read_bytes()[:-1])
    assert started([sys.executable, str(stick / "start.py")], home) == (
        1,
        f"wheels/{whole.name} is damaged or was changed: copy the stick again from its source.\n",
    )
    assert not home.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has its own start file")
def test_a_python_that_the_stick_does_not_serve_is_told_which_ones_it_serves(tmp_path: Path) -> None:
    stick, home = a_stick(tmp_path / "USB 隨身碟", "3.19"), tmp_path / "home"
    paths = tmp_path / "bin"
    paths.mkdir()
    (paths / "python3").symlink_to(sys.executable)
    sh = ["/bin/sh", str(stick / "start-linux.sh")]
    # `dirname` alone of all programs, and then no Python either.
    (paths / "dirname").symlink_to(shutil.which("dirname") or "")
    assert started(sh, home, PATH=str(paths)) == (
        1,
        f"This is Python {THIS_PYTHON}, and the stick serves Python 3.19: install one of these, then start again.\n",
    )
    (paths / "python3").unlink()
    assert started(sh, home, PATH=str(paths)) == (
        1,
        "Safe Shop Lab needs Python, and none was found: README.txt says which one. Then run this file again.\n",
    )
    next((stick / "wheels").glob("numpy-*")).rename(stick / "wheels" / "numpy-1.0-cp319-cp319-beos_box.whl")
    code, said = started([sys.executable, str(stick / "start.py")], home)
    assert code == 1
    assert said.startswith("This stick has nothing for this kind of computer (")
    assert not home.exists()


# -- for the instructor ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_page_leads_the_instructor_to_every_file_and_a_browser_can_show_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "LANGUAGES", ("zh-Hant",))
    packing.write_instructor(ROOT, tmp_path)
    folder = tmp_path / "zh-Hant"
    page = (folder / "index.html").read_text("utf-8")
    links = re.findall(r'<a href="([^"]+)">([^<]+)</a>', page)
    assert {file for file, _title in links} == {one.name for one in folder.glob("*.html")} - {"index.html"}
    assert all(re.search("[一-鿿]", title) for _file, title in links)
    for kind, count in (("run-sheet-", 4), ("slides-", 10), ("solutions-", 11)):
        assert sum(file.startswith(kind) for file, _title in links) == count
    solved = (folder / "solutions-06-breach-scenarios.html").read_text("utf-8")
    assert solved.count("✓ 答對了") == 7
    assert not re.search(r'(src|href)="(?!data:)', solved), "nothing is fetched while it is read"


# -- offline ---------------------------------------------------------------------------------------------------

INSIDE = '''
"""Runs where there is no network: starts the course from the stick as a person would, and looks at it."""
import fcntl, json, os, re, signal, socket, struct, subprocess, sys, urllib.request

stick, folder = sys.argv[1:]
assert [name for _, name in socket.if_nameindex()] == ["lo"], socket.if_nameindex()
with socket.socket() as probe:
    # Every computer has its own loopback, also offline; a fresh namespace's must be switched on.
    fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", 0x49))
try:
    socket.create_connection(("192.0.2.1", 443), timeout=3).close()
    sys.exit("there is a way out")
except OSError:
    pass
start = ["sh", os.path.join(stick, "start-linux.sh")]
course = subprocess.Popen([*start, "--no-browser", "--lang", "zh-Hant", "--folder", folder],
    stdout=subprocess.PIPE, text=True, start_new_session=True)
said, address = [], None
for line in course.stdout:
    said.append(line)
    address = re.search(r"http://127\\.0\\.0\\.1:(\\d+)/\\S*token=(\\S+)", line)
    if address:
        break
assert address, said
ask = urllib.request.Request(f"http://127.0.0.1:{address[1]}/api/contents/Start%20here.md",
    headers={"Authorization": "token " + address[2]})
page = json.load(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(ask, timeout=60))
page = json.dumps(page["content"], ensure_ascii=False)
os.killpg(course.pid, signal.SIGINT)
course.wait(30)
# What it started names the learner's folder, and is gone with it.
left = []
for number in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open("/proc/" + number + "/cmdline", encoding="utf-8") as told:
            left += [word for word in told.read().split("\\0") if word.endswith("root_dir=" + folder)]
    except OSError:
        continue
again = subprocess.run([*start, "--version"], capture_output=True, text=True)
print(json.dumps({"said": said, "page": page, "left": left, "again": again.stdout, "wrong": again.stderr}))
'''


def without_network() -> list[str] | None:
    """The command that runs another one in a network namespace without interfaces; None where it is forbidden."""
    for command in (["unshare", "-n"], ["unshare", "-rn"]):
        if (
            shutil.which("unshare")
            and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
        ):
            return command
    return None


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_the_stick_installs_and_opens_the_course_without_any_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = without_network()
    if command is None and not os.environ.get("CI"):
        pytest.skip("this computer lets nobody make a network namespace")
    assert command is not None, "CI must allow network namespaces: it runs as root"
    pwd = pytest.importorskip("pwd")
    # Wheels come from this user's pip cache, not from an empty one in the test's home.
    monkeypatch.setenv("PIP_CACHE_DIR", str(Path(pwd.getpwuid(os.getuid()).pw_dir, ".cache", "pip")))
    stick = tmp_path / "USB 隨身碟"
    try:
        packing.pack(ROOT, stick, ["linux"], [THIS_PYTHON], print, instructor=False)
    except SafeShopError as wrong:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"wheels cannot be had here: {wrong.sentence}")
    inside = tmp_path / "inside.py"
    inside.write_text(INSIDE, "utf-8")
    home = tmp_path / "home"
    home.mkdir()
    python = str(Path(sys.executable).resolve())
    done = subprocess.run(
        [*command, python, "-I", str(inside), str(stick), str(home / "我的課程")],
        # A clean environment: nothing of ours leads to packages or settings.
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "SAFESHOP_PYTHON": python,
            # Spares a third of the time; whoever installs for real wants the compiled files.
            "PIP_NO_COMPILE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["said"][0].startswith("Checking the stick")
    assert "保存期間" in seen["page"]
    assert seen["left"] == [], "Ctrl-C ends the server, too"
    assert seen["again"].startswith("safeshop ")
    assert "Installing" not in seen["again"], "a second start installs nothing"
    assert (home / "我的課程" / "zh-Hant" / "05-retention-windows.ipynb").is_file()
