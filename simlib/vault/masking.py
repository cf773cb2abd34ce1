"""What customer service sees of a person before it gives a reason to see more."""

from __future__ import annotations

from collections.abc import Sequence

from simlib.vault.schema import FieldSpec, Table

BLANK = "＊＊＊"


def masked(spec: FieldSpec, cell: str) -> str:
    """A cell with what identifies taken out; cells that are not personal stay.

    Enough is left to compare with what a caller says: first sign of a name, end of a telephone number.
    """
    if not spec.personal or not cell:
        return cell
    name = spec.name
    if "email" in name or name == "account":
        first, _at, domain = cell.partition("@")
        return first[:1] + BLANK + (f"@{domain}" if domain else "")
    if "phone" in name or "mobile" in name:
        return BLANK + cell[-3:] if len(cell) > 6 else BLANK
    if name in ("name", "buyer_name", "recipient_name"):
        return cell[:1] + BLANK
    return BLANK


def masked_row(table: Table, row: Sequence[str]) -> list[str]:
    """A row with every personal cell masked."""
    return [masked(spec, cell) for spec, cell in zip(table.fields, row, strict=True)]
