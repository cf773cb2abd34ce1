"""The offline vault: a PC without network that keeps what the web shop should not keep.

The room stands alone: nothing of the simulated world is imported here, so that the vault could be lifted out
and used by a real shop. It starts with what shop and vault must agree on, the export format (`schema`). What
it protects against, what not, and how it stores is told in ``FORMAT.md``, beside this file.

Enter by `simlib.vault.vault.Vault`: ``Vault(folder).create(…)`` makes one, ``Vault(folder).sign_in(…)`` gives
a `simlib.vault.session.Session`, on which every button of the screens is one method.
"""
