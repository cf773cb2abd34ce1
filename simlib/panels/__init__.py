"""Panels: the only room where widgets live; everything they show is computed and drawn elsewhere."""

from simlib.panels.breach import what_if_attack, what_if_control, what_if_years
from simlib.panels.devices import FraudQuiz, OwnDevices, switched, what_if_devices
from simlib.panels.drill import IncidentDrill
from simlib.panels.heartbleed import what_if_response, what_if_update
from simlib.panels.order_flow import what_if_order_flow, what_if_price_error
from simlib.panels.own_shop import OwnShop
from simlib.panels.payment import what_if_payout_account, what_if_screening, what_if_settlement
from simlib.panels.publishing import (
    AnswerDesk,
    HiddenSum,
    NoticeForm,
    keep_record,
    what_if_answers,
    what_if_release,
    what_if_settings,
)
from simlib.panels.retention import what_if_retention
from simlib.panels.trust import (
    what_if_check,
    what_if_false_reviews,
    what_if_lost_parcels,
    what_if_watched,
)
from simlib.panels.vault_reach import what_if_vault_reach
from simlib.panels.what_if import Choice, Slider, WhatIf
from simlib.panels.where_to_sell import WhereToSell, what_if_fees

__all__ = [
    "AnswerDesk",
    "Choice",
    "FraudQuiz",
    "HiddenSum",
    "IncidentDrill",
    "NoticeForm",
    "OwnDevices",
    "OwnShop",
    "Slider",
    "WhatIf",
    "WhereToSell",
    "keep_record",
    "switched",
    "what_if_answers",
    "what_if_attack",
    "what_if_check",
    "what_if_control",
    "what_if_devices",
    "what_if_false_reviews",
    "what_if_fees",
    "what_if_lost_parcels",
    "what_if_order_flow",
    "what_if_payout_account",
    "what_if_price_error",
    "what_if_release",
    "what_if_response",
    "what_if_retention",
    "what_if_screening",
    "what_if_settings",
    "what_if_settlement",
    "what_if_update",
    "what_if_vault_reach",
    "what_if_watched",
    "what_if_years",
]
