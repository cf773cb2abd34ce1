"""Risk: what attacks cost the shop and its customers, and what controls are worth."""

from simlib.risk.debrief import Debrief, Way, debrief, decisions_text, verdict
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
from simlib.risk.trials import Trials, lessened, vault_touches

__all__ = [
    "PARTS",
    "Debrief",
    "Loss",
    "QuietRun",
    "Trials",
    "Walks",
    "Way",
    "customers_loss",
    "debrief",
    "decisions_text",
    "lessened",
    "loss",
    "part_label",
    "persons_taken",
    "quiet",
    "total_loss",
    "vault_touches",
    "verdict",
    "walks",
    "years",
]
