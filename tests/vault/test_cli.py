"""The commands: each does what its method does, secrets come by standard input, errors are one sentence."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from simlib.vault import cli
from simlib.vault.cli import vault_app
from simlib.vault.holdings import system_clock
from simlib.vault.schema import MEMBERS, ORDER_LINES, ORDERS
from tests.vault.sample import PASSWORD, SHOP, Lab, csv_bytes, line, member, order, write
from tests.vault.test_session import guarded_methods


class Shell:
    """Runs commands on one vault; every log-in gets a fresh code, whatever the clock says."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lab = Lab(folder / "vault")
        self.folder = folder
        self.lab.clock.at = system_clock()
        monkeypatch.setattr(
            "simlib.vault.vault.Vault", lambda where, cost=None: Lab(where, self.lab.clock).vault
        )

    def run(self, *arguments: object, says: str = "", user: str = "olga", signed: bool = True) -> Result:
        given = [str(one) for one in arguments]
        if signed:
            self.lab.clock.pass_(seconds=31)
            given += ["--shop", SHOP, "--user", user]
            says = f"{PASSWORD}\n{self.lab.code(user)}\n{says}"
        return CliRunner().invoke(vault_app, given, input=says)

    def good(self, *arguments: object, **how: str) -> str:
        result = self.run(*arguments, **how)  # type: ignore[arg-type]
        assert result.exit_code == 0, result.output
        return result.output

    def bad(self, *arguments: object) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 1, result.output
        return " ".join(result.output.split())


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A vault made by command, with orders."""
    shell = Shell(tmp_path, monkeypatch)
    made = shell.run(
        "create",
        shell.lab.folder,
        "--shop",
        SHOP,
        "--owner",
        "olga",
        "--rehearsal",
        says=f"{PASSWORD}\n",
        signed=False,
    )
    assert made.exit_code == 0, made.output
    shell.lab.keep("olga", made.output.strip().splitlines()[-1])
    return shell


def test_a_day_at_the_vault_by_commands(shell: Shell, tmp_path: Path) -> None:
    vault = shell.lab.folder
    files = [
        write(tmp_path / "m.csv", MEMBERS, [member(n) for n in range(7)]),
        write(tmp_path / "o.csv", ORDERS, [order(n) for n in range(20)]),
        write(tmp_path / "l.csv", ORDER_LINES, [line(1)]),
    ]
    told = shell.good("import", vault, *files)
    assert "m.csv (members, utf-8): 7 rows; 7 new, 0 changed, 0 known, 0 older." in told
    (receipt,) = re.findall(r"Receipt, to be kept outside the vault: (\S+)", told)
    assert "o.csv: imported before as import 2; nothing was changed." in shell.good("import", vault, files[1])
    assert "members, read as utf-8" in shell.good("preview", vault, files[0])
    assert "2026-03" in shell.good("months", vault)
    assert "shop orders" in shell.good("dashboard", vault, "--day", "2026-03-04")
    assert "20 orders, page 1 of 1" in shell.good("orders", vault)
    assert "7 members, page 1 of 1" in shell.good("members", vault, "--keyword", "mei")
    assert "＊" in shell.good("find", vault, "--order", "SYNTW00000001")
    found = shell.good(
        "find", vault, "--order", "SYNTW00000001", "--reveal", "--reason", "parcel did not arrive"
    )
    assert "臺北市松山區範例路8號" in found
    revealed = ("--email", "syn-tw-mei-1@example.org", "--reveal-member", "--reason", "客人來電")
    assert "syn-tw-mei-1@example.org" in shell.good("find", vault, *revealed)
    versions = shell.good("history", vault, "orders", "SYNTW00000001")
    assert "From import 2, as it stands:" in versions
    assert "20 rows are in" in shell.good("export", vault, "orders", tmp_path / "out.csv")
    assert "reveal" in shell.good("trail", vault)
    assert "Nothing was changed, removed or put back." in shell.good("verify", vault, "--receipt", receipt)
    assert "Receipt of the copy" in shell.good("backup", vault, tmp_path / "backup")
    assert "Nothing was changed" in shell.good("drill", vault, tmp_path / "backup")
    shell.good("backup", vault, tmp_path / "backup-2")
    assert "20 orders of 2026-03 are destroyed" in shell.good(
        "destroy", vault, "2026-03", "--reason", "end of time"
    )
    assert "is destroyed. Flash storage may keep traces" in shell.good(
        "destroy-backup", vault, tmp_path / "backup-2", "--reason", "not needed any more"
    )
    assert not (tmp_path / "backup-2").exists()
    assert "The root key is now number 3." in shell.good("renew-keys", vault, "--reason", "a year has passed")
    assert "olga" in shell.good("users", vault)
    added = shell.good("add-user", vault, "carl", "clerk", says=f"{PASSWORD}\n")
    assert "otpauth://" in added
    reset = shell.good("reset-user", vault, "carl", says=f"{PASSWORD}\n")
    assert "otpauth://" in reset != added
    assert "carl is removed." in shell.good("remove-user", vault, "carl")
    assert "The password is changed." in shell.good(
        "change-password", vault, says=f"{PASSWORD}\n{PASSWORD}\n"
    )
    assert re.fullmatch(r"\S{30,40}\n", shell.good("receipt", vault).split("code: ")[-1])
    restored = CliRunner().invoke(vault_app, ["restore", str(tmp_path / "backup"), str(tmp_path / "again")])
    assert restored.exit_code == 0


def test_the_carrier_by_commands(shell: Shell, tmp_path: Path) -> None:
    vault, key = shell.lab.folder, tmp_path / "shop.key"
    public = re.findall(r"\S{43}=", shell.good("carrier-key", vault))[0]
    made = CliRunner().invoke(vault_app, ["new-shop-key", str(key)], input=f"{PASSWORD}\n")
    signing = re.findall(r"\S{43}=", made.output)[0]
    assert len(base64.b64decode(signing)) == 32
    assert "Bundles of gift are accepted." in shell.good(
        "add-shop", vault, "--shop-name", "gift", "--key", signing
    )
    orders = write(tmp_path / "o.csv", ORDERS, [order(n) for n in range(20)])
    given = ["pack", tmp_path / "x.bundle", orders, "--shop-name", "gift", "--key", key, "--to", public]
    packed = CliRunner().invoke(vault_app, [str(one) for one in given], input=f"{PASSWORD}\n")
    assert "orders: 20 rows" in packed.output, packed.output
    told = shell.good("inspect", vault, tmp_path / "x.bundle")
    assert "Signed by “gift”, unchanged, for this vault.\norders: 20 rows." in told
    assert "20 new" in shell.good("import", vault, tmp_path / "x.bundle")


def test_every_action_of_a_session_has_a_command() -> None:
    text = Path(cli.__file__).read_text(encoding="utf-8")
    # An order masked is shown by `find`; the months that can be destroyed, by `months`.
    assert {name for name in guarded_methods() if f"session.{name}(" not in text} == {"order", "months"}


def test_a_back_offices_headings_are_shown_and_can_be_told(shell: Shell, tmp_path: Path) -> None:
    text = (
        csv_bytes(ORDER_LINES, [line(1)])
        .decode()
        .replace("product_name", "商品名稱")
        .replace("quantity", "件數")
    )
    path = tmp_path / "l.csv"
    path.write_bytes(text.replace("\r\n", ",備註\r\n").encode("cp950"))
    meant = ["--column", "件數=quantity", "--column", "備註="]
    assert "l.csv has no column quantity" in shell.bad("preview", shell.lab.folder, path)
    told = shell.good("preview", shell.lab.folder, path, *meant)
    for sentence in (
        "“商品名稱” is read as product_name.",
        "“件數” is read as quantity.",
        "“備註” is left out.",
    ):
        assert sentence in told
    orders = write(tmp_path / "o.csv", ORDERS, [order(1)])
    assert "1 new" in shell.good("import", shell.lab.folder, orders)
    assert "1 new" in shell.good("import", shell.lab.folder, path, *meant)
    assert "“件數” does not say what a heading means" in shell.bad(
        "preview", shell.lab.folder, path, "--column", "件數"
    )


def test_a_refusal_is_one_sentence_and_ends_with_one(shell: Shell, tmp_path: Path) -> None:
    vault = shell.lab.folder
    bad = write(tmp_path / "bad.csv", MEMBERS, [member(1, level="gold")])
    refused = shell.run("import", vault, bad)
    assert refused.exit_code == 1
    assert refused.stderr == "bad.csv, row 2, column level: “gold” must be one of: new, regular, vip.\n"
    for arguments in (
        ("import", vault, tmp_path / "none.csv"),
        ("import", vault, bad, "--changed", "merge"),
        ("dashboard", vault, "--day", "yesterday"),
        ("destroy", vault, "2014-05", "--reason", "end of its time"),
        ("add-shop", vault, "--shop-name", "x", "--key", "short"),
        ("verify", vault, "--receipt", "nonsense"),
        ("remove-user", vault, "nobody"),
        ("months", tmp_path / "nowhere"),
    ):
        result = shell.run(*arguments)
        assert result.exit_code == 1, arguments
        assert len(result.stderr.splitlines()) == 1, result.stderr
        assert isinstance(result.exception, SystemExit)


def test_a_changed_vault_ends_verify_with_one(shell: Shell) -> None:
    with (shell.lab.folder / "vault.db").open("r+b") as file:
        file.seek(-1, 2)
        (byte,) = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([byte ^ 1]))
    result = shell.run("verify", shell.lab.folder)
    assert result.exit_code == 1
    assert "not, byte for byte, the one that was last closed" in result.output


def test_control_signs_and_markup_of_strangers_do_not_reach_the_terminal(
    shell: Shell, tmp_path: Path
) -> None:
    evil = "\x1b[2J[red]\u202eevil"
    people = write(tmp_path / "m.csv", MEMBERS, [member(1, name=evil)])
    shell.good("import", shell.lab.folder, people)
    shown = shell.good("members", shell.lab.folder)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\u001b[2J[red]\\u202eevil" in shown


def test_without_answers_a_command_says_so(shell: Shell) -> None:
    result = CliRunner().invoke(
        vault_app, ["months", str(shell.lab.folder), "--shop", SHOP, "--user", "olga"], input=""
    )
    assert result.exit_code == 1
    assert "got no answer; run the command in a terminal." in result.stderr
