"""Attacker: campaigns from YAML, the walk through them, and what each step takes.

Start from a scenario: ``shop.changed(attacks=[{"campaign": "ransomware", "day": 20}])`` is simulated as any other.
`course_of` walks without a shop, `taken` says which records a thief got under which retention policy.
"""

from simlib.attacker.arrivals import rates
from simlib.attacker.breach import (
    Reader,
    Taken,
    expected_orders,
    lost_records,
    persons,
    surviving,
    taken,
    taken_in,
)
from simlib.attacker.campaign import PRECONDITIONS, Campaign, campaign, campaigns
from simlib.attacker.course import EFFECTS, MEMORY, TASKS, Course, Incident, Notice, Take, Work
from simlib.attacker.drill import Alternative, Drill, alternatives
from simlib.attacker.process import course_of

__all__ = [
    "EFFECTS",
    "MEMORY",
    "PRECONDITIONS",
    "TASKS",
    "Alternative",
    "Campaign",
    "Course",
    "Drill",
    "Incident",
    "Notice",
    "Reader",
    "Take",
    "Taken",
    "Work",
    "alternatives",
    "campaign",
    "campaigns",
    "course_of",
    "expected_orders",
    "lost_records",
    "persons",
    "rates",
    "surviving",
    "taken",
    "taken_in",
]
