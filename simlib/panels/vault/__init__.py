"""The offline vault's screens: a small administration application in the notebook, over the real vault."""

from simlib.panels.vault.app import VaultApp
from simlib.panels.vault.phone import Account

__all__ = ["Account", "VaultApp"]
