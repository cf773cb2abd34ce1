"""A practice vault: made, opened, filled and thrown away, so that a cleaned list can be carried in for real."""

from __future__ import annotations

import csv
import io
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault.importing import ImportReport

SHOP, OWNER = "PRACTICE", "olga"
LIGHT = (64, 1, 1)
"""Memory in KiB, passes and lanes of the password's hash: nobody can guess a random password that is thrown away with
its vault, so it need not take a second to try one."""


def carried_into_vault(rows: Sequence[Mapping[str, str]]) -> ImportReport:
    """Carry member rows into a fresh vault, as its importer takes them, and say what it did.

    Parameters
    ----------
    rows
        Column → cell; the columns of the vault's member table, in any order.

    Returns
    -------
    ImportReport
        Of which `new` counts the members that the vault now knows.

    Raises
    ------
    SafeShopError
        If there are no rows, or the vault refuses one: with file, row and column.
    """
    import pyotp

    from simlib.vault.sealing import PasswordCost
    from simlib.vault.vault import Vault

    if not rows:
        raise SafeShopError(_("There are no rows to carry into the vault yet."))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    with tempfile.TemporaryDirectory(prefix="safeshop-vault-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "members.csv"
        file.write_bytes(text.getvalue().encode("utf-8"))
        password = secrets.token_urlsafe(24)
        made = Vault(Path(folder) / "vault", cost=PasswordCost(*LIGHT)).create(SHOP, OWNER, password)
        code = pyotp.parse_uri(made.authenticator)
        assert isinstance(code, pyotp.TOTP)
        with made.vault.sign_in(SHOP, OWNER, password, code.now()) as session:
            return session.import_file(file, "members")
