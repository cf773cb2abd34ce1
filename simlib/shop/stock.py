"""Stock: pieces on the shelf, finite and conserved.

Every piece that comes or goes leaves a movement, so the shelf at the end is the shelf at the start plus all
movements; a test counts both ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Lines = Sequence[tuple[int, int]]
"""Products and pieces of one order: (position in the catalogue, pieces)."""


@dataclass
class Stock:
    """The shelf.

    Attributes
    ----------
    on_hand
        Pieces on the shelf, per product.
    reserved
        Pieces of these that are promised to an order.
    on_order
        Pieces ordered from suppliers that have not arrived.
    movements
        (time in days, product, pieces (+ in, − out), reason, order or −1).
    """

    on_hand: list[int]
    reserved: list[int] = field(init=False)
    on_order: list[int] = field(init=False)
    movements: list[tuple[float, int, int, int, int]] = field(default_factory=list)

    REASONS = ("delivered_by_supplier", "shipped", "returned")

    def __post_init__(self) -> None:
        self.reserved = [0] * len(self.on_hand)
        self.on_order = [0] * len(self.on_hand)

    def has(self, lines: Lines) -> bool:
        """Whether enough unpromised pieces lie on the shelf for all lines together."""
        wanted: dict[int, int] = {}
        for product, pieces in lines:
            wanted[product] = wanted.get(product, 0) + pieces
        return all(self.on_hand[product] - self.reserved[product] >= n for product, n in wanted.items())

    def reserve(self, lines: Lines) -> None:
        """Promise the pieces of an order; call `has` first."""
        for product, pieces in lines:
            self.reserved[product] += pieces

    def release(self, lines: Lines) -> None:
        """Take a promise back."""
        for product, pieces in lines:
            self.reserved[product] -= pieces

    def ship(self, t: float, lines: Lines, order: int) -> None:
        """Promised pieces leave the house at time `t` (days)."""
        self.release(lines)
        for product, pieces in lines:
            self._move(t, product, -pieces, "shipped", order)

    def take_back(self, t: float, lines: Lines, order: int) -> None:
        """Returned pieces go back on the shelf at time `t` (days)."""
        for product, pieces in lines:
            self._move(t, product, pieces, "returned", order)

    def receive(self, t: float, product: int, pieces: int) -> None:
        """A supplier's delivery arrives at time `t` (days)."""
        self.on_order[product] -= pieces
        self._move(t, product, pieces, "delivered_by_supplier", -1)

    def _move(self, t: float, product: int, pieces: int, reason: str, order: int) -> None:
        self.on_hand[product] += pieces
        self.movements.append((t, product, pieces, self.REASONS.index(reason), order))
