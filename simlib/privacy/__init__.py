"""Privacy: where each piece of personal data lay, readable or not, from when to when.

`copies` turns a run and a retention policy into a table of copies; `exposure` counts and integrates them;
`needs` says which parties are left without the data they need.

The other half is what may be told of the data: `anonymising` (groups, pseudonyms, a record of treatments),
`differential` (counts with noise, and their budget), `sharing` (sums of numbers that nobody tells), `settings` (what
public pages show of buyers) and `notices` (what customers must be told).
"""

from simlib.privacy.copies import CONTACT, FORMS, ONLINE, PLACES, RECORDS, Field, copies_of, web_place
from simlib.privacy.exposure import (
    LittlesLaw,
    copies_taken,
    exposure,
    exposure_peak,
    littles_law,
    record_days,
    time_online,
)
from simlib.privacy.needs import NEEDS, Need, UnmetNeed, unmet_needs
from simlib.privacy.policies import POLICIES, policy, policy_label

__all__ = [
    "CONTACT",
    "FORMS",
    "NEEDS",
    "ONLINE",
    "PLACES",
    "POLICIES",
    "RECORDS",
    "Field",
    "LittlesLaw",
    "Need",
    "UnmetNeed",
    "copies_of",
    "copies_taken",
    "exposure",
    "exposure_peak",
    "littles_law",
    "policy",
    "policy_label",
    "record_days",
    "time_online",
    "unmet_needs",
    "web_place",
]
