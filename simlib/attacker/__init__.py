"""Attacker: campaigns from YAML, the walk through them, and what each step takes."""

from simlib.attacker.campaign import PRECONDITIONS, Campaign, campaign, campaigns

__all__ = ["PRECONDITIONS", "Campaign", "campaign", "campaigns"]
