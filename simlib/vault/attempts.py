"""How often log-ins failed in a row: a small open file, as before a log-in there is no key to seal it.

A try is counted before the password is looked at, and taken off when it was right: whoever ends the program in
between has used up his guess.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from simlib.vault.accounts import bucket, wait_seconds
from simlib.vault.files import canonical, replace_file

ATTEMPTS_FILE = "vault.attempts"


Failures = tuple[int, float]
"""How many, and when the last one was (seconds since 1970)."""


class Attempts:
    """Failures by bucket of user names; unknown names are counted like known ones.

    Parameters
    ----------
    folder
        The vault's folder.
    vault
        Its id.
    """

    def __init__(self, folder: Path, vault: bytes) -> None:
        self._path, self._vault = folder / ATTEMPTS_FILE, vault

    def _read(self) -> dict[str, Failures]:
        try:
            told = json.loads(self._path.read_bytes())
            return {str(int(key)): (int(failures), float(last)) for key, (failures, last) in told.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}  # whoever can damage it can also delete it

    def seconds_to_wait(self, name: str, now: datetime) -> int:
        """How long this name must wait before the next try."""
        failures, last = self._read().get(str(bucket(self._vault, name)), (0, 0.0))
        # A clock set back must not lock anybody out for years.
        passed = max(0.0, now.timestamp() - last)
        return max(0, round(wait_seconds(failures) - passed))

    def failed(self, name: str, now: datetime) -> Failures:
        """Count one more failure, and how it stood before."""
        counts = self._read()
        key = str(bucket(self._vault, name))
        before = counts.get(key, (0, 0.0))
        self._write(counts | {key: (before[0] + 1, now.timestamp())})
        return before

    def take_back(self, name: str, before: Failures) -> None:
        """Put a count back: the try came to no decision, because the vault itself could not be opened."""
        counts, key = self._read(), str(bucket(self._vault, name))
        counts.pop(key, None)
        self._write(counts | ({key: before} if before[0] else {}))

    def succeeded(self, name: str) -> int:
        """Forget this name's failures; how many there were over all names."""
        counts = self._read()
        if not counts:
            return 0
        counts_before = sum(failures for failures, _last in counts.values())
        if counts.pop(str(bucket(self._vault, name)), None) is not None:
            self._write(counts)
        return counts_before

    def _write(self, counts: dict[str, Failures]) -> None:
        if counts:
            replace_file(self._path, canonical(counts))
        else:
            self._path.unlink(missing_ok=True)
