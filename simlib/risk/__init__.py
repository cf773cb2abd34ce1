"""Risk: what attacks cost the shop and its customers, and what controls are worth."""

from simlib.risk.loss import (
    PARTS,
    Loss,
    QuietRun,
    Walks,
    customers_loss,
    loss,
    part_label,
    persons_taken,
    quiet,
    total_loss,
    walks,
    years,
)

__all__ = [
    "PARTS",
    "Loss",
    "QuietRun",
    "Walks",
    "customers_loss",
    "loss",
    "part_label",
    "persons_taken",
    "quiet",
    "total_loss",
    "walks",
    "years",
]
