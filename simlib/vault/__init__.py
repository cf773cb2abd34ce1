"""The offline vault: a PC without network that keeps what the web shop should not keep.

The room stands alone: nothing of the simulated world is imported here, so that the vault could be lifted out
and used by a real shop. It starts with what shop and vault must agree on, the export format (`schema`).
"""
