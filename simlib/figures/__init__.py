"""Figures: functions that take data and an optional ``ax``, draw, and return the ``ax``.

Every figure carries a title, units, a text for those who cannot see it, and one sentence with the number that
matters. `show` puts picture and sentence into a notebook; `picture` makes the bytes.
"""

from simlib.figures.order_flow import (
    order_timeline,
    orders_under_way,
    payment_outcomes,
    price_error_results,
    shop_funnel,
    stage_days,
)
from simlib.figures.retention import (
    copies_by_place,
    days_online,
    exposure_over_time,
    history_protected,
    show_copies_of_order,
    show_littles_law,
    show_unmet_needs,
)
from simlib.figures.style import (
    alt_text,
    html_picture,
    new_axes,
    picture,
    sentence,
    settle_layout,
    show,
    use_fonts,
)
from simlib.figures.tables import show_sources, show_table, table

__all__ = [
    "alt_text",
    "copies_by_place",
    "days_online",
    "exposure_over_time",
    "history_protected",
    "html_picture",
    "new_axes",
    "order_timeline",
    "orders_under_way",
    "payment_outcomes",
    "picture",
    "price_error_results",
    "sentence",
    "settle_layout",
    "shop_funnel",
    "show",
    "show_copies_of_order",
    "show_littles_law",
    "show_sources",
    "show_table",
    "show_unmet_needs",
    "stage_days",
    "table",
    "use_fonts",
]
