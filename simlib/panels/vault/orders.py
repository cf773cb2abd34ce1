"""Orders: by month → list → detail (rows C6, C7). Looked at only, masked until a reason is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import ipywidgets

from simlib.figures.vault_words import cell_text
from simlib.languages import _
from simlib.panels.vault import grid
from simlib.vault.reports import ORDER_COLUMNS, MonthStatistics, OrderFilter
from simlib.vault.schema import ORDER_LINES, ORDERS
from simlib.vault.session import OrderDetail

if TYPE_CHECKING:
    from simlib.panels.vault.app import VaultApp

PAGE_ROWS = 10
BUYER = (
    "buyer_name",
    "buyer_email",
    "buyer_phone",
    "buyer_mobile",
    "buyer_orders",
    "buyer_exchanges",
    "buyer_returns",
)
RECIPIENT = (
    "recipient_name",
    "delivery_method",
    "recipient_phone",
    "recipient_postcode",
    "recipient_address",
    "delivery_date",
    "delivery_time",
    "expected_arrival",
)
INVOICE = (
    "invoice_type",
    "invoice_title",
    "invoice_address",
    "invoice_date",
    "invoice_number",
    "invoice_printed",
    "invoice_state",
)
ORDER = (
    "order_number",
    "ordered_at",
    "order_status",
    "item_status",
    "payment_method",
    "amount",
    "net_received",
    "completed_at",
)
MONTH, DAY = grid.Width(6, 16), grid.Width(6, 18)
LINES = ("product_code", "product_name", "quantity", "unit_price", "line_amount")


def money(amounts: Mapping[str, Mapping[str, Decimal]], column: str) -> str:
    """Sums of a column, one a currency."""
    return ", ".join(f"{sums[column]:,} {currency}" for currency, sums in sorted(amounts.items())) or "0"


class Orders:
    """The screen: months, a month's list, one order.

    Parameters
    ----------
    app
        The application.
    """

    def __init__(self, app: VaultApp) -> None:
        self._app = app
        heads = [_("month"), _("completed"), _("changed"), _("revenue"), _("discount"), _("net received")]
        self.months = grid.Grid(
            _("Orders by month"),
            heads,
            lambda month: app.guarded(lambda: self.open_month(month)),
            range(5),
        )
        self.since = grid.text(_("from"), "2014-05", MONTH)
        self.until = grid.text(_("to"), "2014-08", MONTH)
        query = ipywidgets.HBox(
            [
                self.since,
                self.until,
                grid.button(
                    _("Search"), _("Show these months"), lambda: app.guarded(self.show_months), primary=True
                ),
            ]
        )
        self._months = ipywidgets.VBox([grid.heading(_("Orders by month")), query, self.months.box])
        self.list = OrderList(app, self.back, self.open_order)
        self.detail = OrderView(app, lambda: self._put(self.list.box))
        self.box = ipywidgets.VBox([self._months])

    def refresh(self) -> None:
        """Show the months anew."""
        self.back()
        self.show_months()

    def _put(self, box: ipywidgets.VBox) -> None:
        self.box.children = (box,)

    def back(self) -> None:
        """Go back to the months."""
        self._put(self._months)

    def show_months(self) -> None:
        """Statistics of the months between the two fields."""
        found, total = self._app.session.monthly_statistics(
            self.since.value.strip() or None, self.until.value.strip() or None
        )
        self.months.fill(
            [(one.month, _cells(one)) for one in found],
            total=_cells(total),
        )
        self._destroyed = {one.month for one in found if one.destroyed}

    def open_month(self, month: str) -> None:
        """List a month's orders."""
        self.list.show(month)
        self._put(self.list.box)

    def open_order(self, number: str) -> None:
        """Show one order, masked."""
        self.detail.show(number)
        self._put(self.detail.box)


def _cells(month: MonthStatistics) -> list[str]:
    told = _("{count} (rows destroyed)") if month.destroyed else "{count}"
    return [
        told.format(count=f"{month.completed:,}"),
        f"{month.changed:,}",
        *(money(month.amounts, name) for name in ("goods_amount", "discount", "net_received")),
    ]


class OrderList:
    """A month's orders, a page at a time or all of them.

    Parameters
    ----------
    app
        The application.
    back
        Goes back to the months.
    opens
        Opens an order by its number.
    """

    def __init__(self, app: VaultApp, back: Callable[[], object], opens: Callable[[str], object]) -> None:
        self._app, self._month, self._all = app, "", False
        columns = [name for name in ORDER_COLUMNS if name != "order_number"]
        self.columns = columns
        self.title = ipywidgets.HTML()
        self.sums = ipywidgets.HTML()
        self.grid = grid.Grid(
            _("Orders"),
            [ORDERS["order_number"].label, *(ORDERS[name].label for name in columns)],
            lambda number: app.guarded(lambda: opens(number)),
            [columns.index("amount")],
        )
        self.since = grid.text(_("ordered from"), "2014-05-01", DAY)
        self.until = grid.text(_("to"), "2014-05-31", DAY)
        query = ipywidgets.HBox(
            [
                self.since,
                self.until,
                grid.button(
                    _("Search"),
                    _("Show the orders of these days"),
                    lambda: app.guarded(lambda: self.turn(1)),
                    primary=True,
                ),
                grid.button(_("See all"), _("All orders on one page"), lambda: app.guarded(self.see_all)),
            ]
        )
        self.pager = grid.Pager(lambda page: app.guarded(lambda: self.turn(page)))
        head = ipywidgets.HBox([grid.button(_("◀ Back"), _("Back to the months"), back), self.title])
        self.box = ipywidgets.VBox([head, query, self.sums, self.grid.box, self.pager.box])

    def show(self, month: str) -> None:
        """Show a month's first page."""
        self.since.value = self.until.value = self._month = month
        self.turn(1)

    def see_all(self) -> None:
        """Show all orders on one page."""
        self._fill(1, None)

    def turn(self, page: int) -> None:
        """Show a page."""
        self._fill(page, PAGE_ROWS)

    def _fill(self, page: int, page_rows: int | None) -> None:
        wanted = OrderFilter(self.since.value.strip() or None, self.until.value.strip() or None)
        found = self._app.session.list_orders(wanted, page, page_rows)
        self.title.value = grid.title_html(_("Orders of {month}").format(month=self._month))
        self.sums.value = _(
            "{count} orders · revenue {revenue} · discount {discount} · net received {net}"
        ).format(
            count=found.count,
            revenue=money(found.amounts, "goods_amount"),
            discount=money(found.amounts, "discount"),
            net=money(found.amounts, "net_received"),
        )
        self.grid.fill(
            [
                (row["order_number"], [cell_text(ORDERS[name], masked[name]) for name in self.columns])
                for row in found.rows
                for masked in [grid.masked_record(ORDERS, row)]
            ]
        )
        self.pager.at(found.page, found.pages)


class OrderView:
    """One order (row C7): buyer, recipient, invoice, lines.

    Parameters
    ----------
    app
        The application.
    back
        Goes back.
    """

    def __init__(self, app: VaultApp, back: Callable[[], object]) -> None:
        self._app, self._number = app, ""
        self.title, self.record = ipywidgets.HTML(), ipywidgets.HTML()
        self.reveal = grid.Reveal(lambda reason: app.guarded(lambda: self.unmask(reason)))
        head = ipywidgets.HBox([grid.button(_("◀ Back"), _("Back to where you came from"), back), self.title])
        self.box = ipywidgets.VBox([head, self.record, self.reveal.box])

    def show(self, number: str) -> None:
        """Show an order, masked."""
        self._number = number
        self.reveal.reason.value = ""
        self._write(self._app.session.order(number))

    def unmask(self, reason: str) -> None:
        """Show it in full; the reason goes into the trail."""
        self._write(self._app.session.reveal_order(self._number, reason))
        self._app.say(_("Shown in full; the trail notes you, the record and the reason."))

    def _write(self, detail: OrderDetail) -> None:
        self.title.value = grid.title_html(_("Order {number}").format(number=self._number))
        parts = [
            grid.card(title, grid.pairs_of(ORDERS, detail.order, names))
            for title, names in (
                (_("Order"), ORDER),
                (_("Buyer"), BUYER),
                (_("Recipient"), RECIPIENT),
                (_("Invoice"), INVOICE),
            )
        ]
        lines = grid.table_html(
            _("Lines"),
            [ORDER_LINES[name].label for name in LINES],
            [[cell_text(ORDER_LINES[name], line[name]) for name in LINES] for line in detail.lines],
            [2, 3, 4],
        )
        self.record.value = f"{grid.cards(parts)}<br>{lines}"
