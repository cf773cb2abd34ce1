"""A file of synthetic orders of any length, made fast: what the vault's speed is measured on.

Nobody in it is real: numbers and domains follow the rules of `simlib.people`, without its care for beauty.
"""

from __future__ import annotations

import csv
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from simlib.vault.schema import ORDERS

TAIPEI = timezone(timedelta(hours=8))
FAMILY, GIVEN = "陳林黃張李王吳劉蔡楊", "怡君雅婷志明淑芬家豪美玲俊傑"
ROADS = ("臺北市松山區範例路", "新北市板橋區範例街", "高雄市左營區範例大道")
MEMBERS_PER_ORDER = 0.4


def write_orders(path: Path, rows: int, months: int = 36, seed: int = 1) -> None:
    """Write an orders file in the export format, in the order of time.

    Parameters
    ----------
    path
        The file to write.
    rows
        Number of orders.
    months
        Number of calendar months, of 30 days each, over which they are spread evenly.
    seed
        Of the random choices; the same numbers give the same bytes.
    """
    draw = random.Random(seed)
    start = datetime(2023, 1, 1, tzinfo=TAIPEI)
    step = timedelta(days=30 * months) / rows
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([spec.name for spec in ORDERS.fields])
        for number in range(rows):
            writer.writerow(
                _order(draw, number, start + step * number, max(1, int(rows * MEMBERS_PER_ORDER)))
            )


def _order(draw: random.Random, number: int, at: datetime, members: int) -> list[str]:
    member = draw.randrange(members)
    goods = draw.randrange(2, 60) * 20
    discount = draw.choice((0, 0, 20, 60))
    amount = goods - discount + 60
    shipped = at + timedelta(hours=draw.uniform(4, 40))
    completed = shipped + timedelta(days=draw.uniform(8, 12))
    name = FAMILY[member % 10] + GIVEN[member % 14] + GIVEN[member * 7 % 14]
    mobile, phone = f"09991{member % 100000:05}", f"02-9{member % 10000000:07}"
    address = f"{ROADS[member % 3]}{member % 300 + 1}號{member % 12 + 1}樓"
    refunded = amount if draw.random() < 0.04 else 0
    cells = {
        "order_number": f"SYNTW{at:%y%m%d}{number:07}",
        "member_code": f"SYNTW{member:07}",
        "channel": "own-site",
        "ordered_at": _time(at),
        "order_status": "refunded" if refunded else "completed",
        "item_status": "returned" if refunded else "delivered",
        "currency": "TWD",
        "goods_amount": f"{goods}.00",
        "discount": f"{discount}.00",
        "shipping_fee": "60.00",
        "amount": f"{amount}.00",
        "refunded": f"{refunded}.00",
        "net_received": f"{amount - refunded}.00",
        "payment_method": draw.choice(("card", "line-pay", "cash-on-delivery")),
        "delivery_method": draw.choice(("courier", "post", "store-pick-up")),
        "shipped_at": _time(shipped),
        "completed_at": _time(completed),
        "changed_at": _time(completed),
        "buyer_name": name,
        "buyer_email": f"syn-tw-{member}@example.org",
        "buyer_phone": phone,
        "buyer_mobile": mobile,
        "buyer_orders": str(draw.randrange(1, 9)),
        "buyer_exchanges": "0",
        "buyer_returns": "0",
        "recipient_name": name,
        "recipient_phone": mobile,
        "recipient_postcode": f"{100 + member % 800}",
        "recipient_address": address,
        "delivery_date": f"{shipped:%Y-%m-%d}",
        "delivery_time": draw.choice(("any", "morning", "evening")),
        "expected_arrival": f"{shipped:%Y-%m-%d}",
        "invoice_type": "personal",
        "invoice_title": name,
        "invoice_address": address,
        "invoice_date": f"{shipped:%Y-%m-%d}",
        "invoice_number": f"SY{number:010}",
        "invoice_printed": "true",
        "invoice_state": "issued",
    }
    return [cells[spec.name] for spec in ORDERS.fields]


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


if __name__ == "__main__":
    write_orders(Path(sys.argv[1]), int(sys.argv[2]))
