"""Panels: the only room where widgets live; everything they show is computed and drawn elsewhere."""

from simlib.panels.order_flow import what_if_order_flow, what_if_price_error
from simlib.panels.own_shop import OwnShop
from simlib.panels.retention import what_if_retention
from simlib.panels.what_if import Choice, Slider, WhatIf

__all__ = [
    "Choice",
    "OwnShop",
    "Slider",
    "WhatIf",
    "what_if_order_flow",
    "what_if_price_error",
    "what_if_retention",
]
