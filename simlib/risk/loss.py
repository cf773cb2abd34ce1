"""Loss: what attacks cost, in parts, against the same shop on the same days without them.

Two ways lead there. `loss` sets an attacked run of the events engine beside its quiet twin: same customers, same luck,
so the difference is the attack. `walks` charges a finished quiet run with thousands of courses, without simulating the
shop again: the same walk, the same takes and the same payouts, only that orders do not crowd each other anew. Where
both apply they agree; a test says how closely.

Amounts are in whole units of the shop's currency. What customers lose outside the shop stands apart from the total: it
is not the shop's money, but it is the harm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from simlib.attacker.breach import (
    Reader,
    Taken,
    count_once,
    how_many,
    kept_out,
    lost_copies,
    lost_records,
    own_copies,
    persons,
    taken,
    taken_in,
)
from simlib.attacker.course import Course, merged
from simlib.attacker.effects import (
    amount_in,
    broken_word_fine,
    each_notice,
    goods_keepers,
    late_penalty,
    priced,
)
from simlib.attacker.process import course_of
from simlib.defence.response import Decide, standing_orders
from simlib.errors import SafeShopError
from simlib.experiment import Comparison, Sample, run_once
from simlib.facts import value
from simlib.languages import _
from simlib.payment.payout import PayoutAccount
from simlib.records import Run, Table
from simlib.scenario import MINOR_UNITS, Attack, Defence, Retention, Scenario
from simlib.shop.customers import hunters
from simlib.streams import Floats, stream, tick

WORTH: Final = (
    "seller",
    "payment_company",
    "escrow",
    "courier_cash",
    "consignee",
    "collection_account",
    "inventory",
)
"""Accounts that make up what the shop is worth: its cash, its money on the way, and goods at cost."""

PARTS: Final = (
    "cash_stolen",
    "sales_lost",
    "goods",
    "fees_and_penalties",
    "response",
    "notification",
)
"""Parts of a loss that sum to its total."""


@dataclass(frozen=True)
class Loss:
    """What the attacks of one run cost.

    Attributes
    ----------
    cash_stolen
        Transfers, ransoms and payouts that went to an attacker.
    sales_lost
        What orders would have earned that never came about or were taken back.
    goods
        Goods, postage and payment fees of orders that brought nothing, or less than they cost.
    fees_and_penalties
        Fees of card tests and chargebacks, penalties for late notices and, in Taiwan, for orders that were confirmed
        at a wrong price and not kept.
    response
        Hours of people, at a wage.
    notification
        Telling the persons concerned.
    customers
        What customers lost outside the shop; not part of the total.
    hours
        Working hours of the response.
    orders_taken, members_taken, persons_taken
        Records that thieves read, each counted once, and whose they are.
    orders_kept_out
        Orders that never came about.
    records_lost
        Orders and members of which the shop has no copy left, not even in the vault; they have no price here.
    """

    cash_stolen: float = 0.0
    sales_lost: float = 0.0
    goods: float = 0.0
    fees_and_penalties: float = 0.0
    response: float = 0.0
    notification: float = 0.0
    customers: float = 0.0
    hours: float = 0.0
    orders_taken: int = 0
    members_taken: int = 0
    persons_taken: int = 0
    orders_kept_out: int = 0
    records_lost: int = 0

    @property
    def total(self) -> float:
        """The shop's loss: the sum of `PARTS`."""
        return sum(float(getattr(self, part)) for part in PARTS)


NOTHING: Final = Loss()
"""What an attack costs that comes to nothing."""


def part_label(part: str) -> str:
    """Name of a part of a loss, in the reader's language."""
    return {
        "cash_stolen": _("money stolen"),
        "sales_lost": _("sales lost"),
        "goods": _("goods gone for nothing"),
        "fees_and_penalties": _("fees and penalties"),
        "response": _("people's hours"),
        "notification": _("telling customers"),
        "customers": _("customers' own loss"),
        "total": _("the shop's loss"),
    }[part]


def quiet(scenario: Scenario) -> Scenario:
    """The same shop without attackers."""
    return scenario.model_copy(update={"attacks": (), "attackers": None})


# ---------------------------------------------------------------------------------------------------------------
# an attacked run beside its quiet twin


def loss(run: Run, twin: Run | None = None, retention: Retention | None = None) -> Loss:
    """What the attacks of a run cost, against the same run without them.

    Parameters
    ----------
    run
        The attacked run.
    twin
        Its quiet twin: same scenario without attackers, same days and seed. Simulated if left out.
    retention
        Another retention policy for the records taken; money and hours stay those of the run.

    Raises
    ------
    SafeShopError
        If the twin is of other days or another seed.
    """
    if twin is None:
        twin = run_once(quiet(run.scenario), days=run.days, seed=run.seed)
    if (twin.days, twin.seed) != (run.days, run.seed):
        raise SafeShopError(
            _("The quiet run must have the same days and seed as the attacked one ({days}, {seed}).").format(
                days=run.days, seed=run.seed
            )
        )
    per_unit = MINOR_UNITS[run.scenario.currency]
    found = taken(run, retention)
    stolen = _paid(run, "attacker") - _paid(twin, "attacker")
    customers = _paid(run, "attacker", "customer_fraud")
    penalties = _paid(run, "incident_costs", "penalty") + _paid(run, "payment_fees", "fees")
    fees = penalties + _paid(run, "payment_fees", "chargeback") - _paid(twin, "payment_fees", "chargeback")
    notification = _paid(run, "incident_costs", "notice")
    goods = _spoilt(run) - _spoilt(twin)
    gone = _worth(twin) - _worth(run)
    hours = _hours(run)
    return Loss(
        cash_stolen=(stolen - customers) / per_unit,
        sales_lost=(gone - (stolen - customers) - fees - notification - goods) / per_unit,
        goods=goods / per_unit,
        fees_and_penalties=fees / per_unit,
        response=hours * wage(run.scenario),
        notification=notification / per_unit,
        customers=customers / per_unit,
        hours=hours,
        orders_taken=count_once([each.order_numbers for each in found]),
        members_taken=count_once([each.member_numbers for each in found]),
        persons_taken=persons(found),
        orders_kept_out=int(run.incidents["amount"][run.incidents.where("kind", "shop_reopened")].sum()),
        records_lost=sum(lost_records(run, retention).values()),
    )


def wage(scenario: Scenario) -> float:
    """What an hour of the response costs, in currency units."""
    return amount_in(scenario, value("response-wage-usd"), "USD") / MINOR_UNITS[scenario.currency]


def _paid(run: Run, account: str, kind: str | None = None) -> int:
    """What an account got, in one kind of transaction or in all, in the shop's currency."""
    postings = run.postings
    chosen = postings.where("account", account) & postings.where("currency", run.scenario.currency)
    if kind is not None:
        chosen &= postings.where("kind", kind)
    return int(postings["amount"][chosen].sum())


def _worth(run: Run) -> int:
    balance = run.balance()
    return sum(balance[account] for account in WORTH) + _abroad(run)


def _abroad(run: Run) -> int:
    """What lies with the clearing company abroad, at the rate of the run's end."""
    if run.scenario.payment.collection != "cross-border":
        return 0
    border = run.scenario.payment.cross_border
    return round(run.balance(border.buyer_currency)["clearing_company"] * border.rate_at(run.days))


def by_order(run: Run, accounts: Sequence[str]) -> npt.NDArray[np.int64]:
    """What each order brought these accounts so far, in minor units of the shop's currency."""
    postings = run.postings
    codes = [postings.code("account", account) for account in accounts]
    chosen = (
        np.isin(postings["account"], codes)
        & postings.where("currency", run.scenario.currency)
        & (postings["order"] >= 0)
    )
    sums = np.zeros(run.orders.rows, dtype=np.int64)
    np.add.at(sums, postings["order"][chosen], postings["amount"][chosen])
    return sums


def _spoilt(run: Run) -> int:
    """What orders cost that brought nothing or too little: wrongly priced, refused, never paid, charged back.

    Without the fee for the chargeback itself, and as if no payout had been diverted.
    """
    orders, lines, postings = run.orders, run.lines, run.postings
    price = np.array([run.scenario.minor(product.price) for product in run.scenario.catalogue])
    wrong = np.zeros(orders.rows, dtype=np.bool_)
    wrong[lines["order"][lines["unit_price"] != price[lines["product"]]]] = True
    back = postings.where("kind", "chargeback") & (postings["order"] >= 0)
    wrong[postings["order"][back]] = True
    wrong |= orders.where("state", "refused") | orders.where("state", "unpaid")
    brought = by_order(run, (*WORTH, "attacker"))[wrong].sum()
    fee = postings["amount"][back & postings.where("account", "payment_fees")].sum()
    return -int(brought) - int(fee)


def _hours(run: Run) -> float:
    """Working hours of the response."""
    return float(run.incidents["amount"][run.incidents.where("kind", "worked")].sum()) / 60


def total_loss(run: Run) -> float:
    """The shop's loss from attacks, against its quiet twin, in currency units; for `replicate` and `compare`."""
    return loss(run).total


def customers_loss(run: Run) -> float:
    """What customers lost outside the shop, in currency units."""
    return _paid(run, "attacker", "customer_fraud") / MINOR_UNITS[run.scenario.currency]


def persons_taken(run: Run) -> float:
    """How many persons' data thieves took."""
    return float(persons(taken(run)))


# ---------------------------------------------------------------------------------------------------------------
# many walks beside one quiet run


class QuietRun:
    """A finished run without attackers, ready to be charged with many courses.

    Parameters
    ----------
    run
        The run.
    retention
        The policy for the records taken; the scenario's own if left out.

    Raises
    ------
    SafeShopError
        If there were attackers in it.
    """

    def __init__(self, run: Run, retention: Retention | None = None) -> None:
        if run.scenario.attacks or run.scenario.attackers is not None:
            raise SafeShopError(
                _("Walks need a run without attackers; simulate the shop without attacks and attackers.")
            )
        self.run, self.scenario, self.retention = run, run.scenario, retention
        self.per_unit = MINOR_UNITS[run.scenario.currency]

    @cached_property
    def reader(self) -> Reader:
        """Who sees what at which moment."""
        return Reader(self.run, self.retention)

    @cached_property
    def wage(self) -> float:
        """What an hour of the response costs, in currency units."""
        return wage(self.scenario)

    @cached_property
    def each_notice(self) -> int:
        """What telling one person costs, in minor units."""
        return each_notice(self.scenario)

    @cached_property
    def own_copies(self) -> Table:
        """The copies that the shop itself can read."""
        return own_copies(self.reader.copies)

    @cached_property
    def brought(self) -> npt.NDArray[np.int64]:
        """What each order made the shop worth more, in minor units."""
        return by_order(self.run, WORTH)

    @cached_property
    def payouts(self) -> tuple[Floats, npt.NDArray[np.int64]]:
        """When which amount was paid out to the seller."""
        postings = self.run.postings
        chosen = (
            (postings.where("kind", "settlement") | postings.where("kind", "escrow_release"))
            & postings.where("account", "seller")
            & (postings["amount"] > 0)
        )
        return postings["t"][chosen], postings["amount"][chosen]

    @cached_property
    def given_back(self) -> Floats:
        """When each order's money was given back, in days; ``inf`` for never."""
        t = np.fmin(self.run.orders["refunded"], self.run.orders["charged_back"])
        lost = self.run.orders.where("state", "lost") | self.run.orders.where("state", "out_of_stock")
        t = np.where(lost, np.fmin(t, self.run.orders["closed"]), t)
        return np.asarray(np.where(np.isnan(t), np.inf, t))

    def charged(self, course: Course, seed: int) -> Loss:
        """What a course would have cost this run.

        Exact where orders do not touch each other: data, payouts, transfers, response, orders kept out. What bots and
        false buyers take is reckoned per order, on average, as long as the shelf holds it.

        Parameters
        ----------
        course
            From `simlib.attacker.course_of`, for a scenario that differs in attacks and defence only.
        seed
            The seed of the course.
        """
        if course.is_harmless:
            return NOTHING
        run, days = self.run, self.run.days
        stops = merged((stop.since, stop.until) for stop in course.stops)
        shut = kept_out(run, stops) if stops else np.zeros(run.orders.rows, dtype=np.bool_)
        looks = bool(course.takes) and bool(shut.any())
        reader = Reader(run, self.retention, shut) if looks else self.reader
        found = taken_in(reader, course, days)
        gone = [(span.place, span.since, span.until) for span in course.gone if span.since < days]
        stolen = sum(payment.amount for payment in course.payments if payment.kind != "fees")
        stolen += self._diverted(course)
        sales = int(self.brought[shut].sum())
        kept = self._kept(course, seed, shut)
        bots = _bots(self.scenario, course, days, seed)
        fees = sum(payment.amount for payment in course.payments if payment.kind == "fees")
        fees += kept[2] + bots[1] + self._penalties(course, found)
        told = [notice for notice in course.notices if notice.owed and notice.told < days]
        notification = sum(persons(found, notice.attack) for notice in told) * self.each_notice
        hours = sum(row.amount for row in course.incidents if row.kind == "worked") / 60
        unit = self.per_unit
        return Loss(
            cash_stolen=stolen / unit,
            sales_lost=(sales + kept[0]) / unit,
            goods=(kept[1] + bots[0]) / unit,
            fees_and_penalties=fees / unit,
            response=hours * self.wage,
            notification=notification / unit,
            customers=self._robbed(course, reader) / unit,
            hours=hours,
            orders_taken=count_once([each.order_numbers for each in found]),
            members_taken=count_once([each.member_numbers for each in found]),
            persons_taken=persons(found),
            orders_kept_out=int(shut.sum()),
            # Orders kept out would have come while the data were gone; they were never there to be lost.
            records_lost=sum(lost_copies(self.own_copies, gone, days).values()),
        )

    def _diverted(self, course: Course) -> int:
        """Payouts that would have gone to an attacker's account."""
        spans = [span for span in course.diversions if span.until > span.since]
        if not spans:
            return 0
        account = PayoutAccount(self.scenario.payout)
        for span in spans:
            account.divert(span.since, span.until)
        t, amounts = self.payouts
        due = account.all_due(t)
        first = min(span.since for span in spans)
        return int(amounts[(t >= first) & (due < self.run.days) & account.attacked(due)].sum())

    def _kept(self, course: Course, seed: int, shut: npt.NDArray[np.bool_]) -> tuple[int, int, int]:
        """Sales, goods and fees lost to buyers who keep the goods and charge back."""
        if not course.charge_backs:
            return 0, 0, 0
        orders = self.run.orders
        charged = np.zeros(orders.rows, dtype=np.bool_)
        limit = tick(self.scenario.payment.chargebacks.limit_days)
        if "card" in orders.words["payment_method"]:
            card, paid = orders.where("payment_method", "card"), orders["paid"]
            for span in course.charge_backs:
                keeps, after = goods_keepers(self.scenario, course, span, seed, orders.rows)
                back = paid + np.minimum(after, limit)
                charged |= (
                    card
                    & keeps
                    & (span.since <= paid)
                    & (paid < span.until)
                    & (back < self.run.days)
                    & (back < self.given_back)
                )
        charged &= ~shut
        sales = int(self.brought[charged].sum())
        goods = int(orders["amount"][charged].sum()) - sales
        return sales, goods, int(charged.sum()) * self.scenario.minor(self.scenario.payment.chargebacks.fee)

    def _penalties(self, course: Course, found: list[Taken]) -> int:
        """Notices that came late, if they were owed to anybody."""
        late = [row for row in course.incidents if row.kind == "notice_late" and persons(found, row.attack)]
        return len(late) * late_penalty(self.scenario)

    def _robbed(self, course: Course, reader: Reader) -> int:
        """What customers lost outside the shop."""
        total = 0
        for calls in course.calls:
            if calls.wallets:
                many = int((self.run.members["joined"] <= calls.t).sum())
            else:
                many = persons(taken_in(reader, course, calls.t), calls.attack)
            total += how_many(many, course.share_paying(calls), calls.chance) * calls.amount
        return total


def _bots(scenario: Scenario, course: Course, days: int, seed: int) -> tuple[int, int]:
    """Goods and fees lost to bots that buy at a wrong price and to false buyers: orders times what one costs.

    Bots that find the shelf empty cost the fine for orders that were confirmed and not kept.
    """
    if not course.prices:
        return 0, 0
    priced_shop, prices = priced(scenario, course)
    came_for = hunters(priced_shop, days, seed)[2] - len(scenario.price_errors)
    best = max(scenario.catalogue, key=lambda product: product.popularity)
    cost, parcel = scenario.minor(best.unit_cost), scenario.minor(scenario.logistics.parcel_fee)
    shelf = max(best.stock, best.reorder_up_to)
    methods = scenario.payment.methods
    weight = sum(method.weight for method in methods)
    goods = fees = 0.0
    for number, span in enumerate(prices):
        orders = int((came_for == number).sum())
        price = scenario.minor(priced_shop.price_errors[len(scenario.price_errors) + number].price)
        refused = scenario.confirmation.mode == "check-first" and (
            price < scenario.minor(best.price) * scenario.confirmation.price_floor
        )
        if refused:
            continue
        paid = 0.0
        for method in methods:
            many = min(orders, shelf) * method.weight / weight
            pays = 1 - method.fail**method.attempts
            if not span.false:
                paid += orders * method.weight / weight * pays
                goods += many * pays * (cost + parcel - price * (1 - method.fee))
            elif method.on_delivery:
                goods += many * 2 * parcel
            elif method.name == "card":
                goods += many * pays * (cost + parcel + price * method.fee)
                fees += many * pays * scenario.minor(scenario.payment.chargebacks.fee)
        fees += broken_word_fine(scenario) if round(paid) > shelf else 0
    return round(goods), round(fees)


@dataclass(frozen=True, eq=False)
class Walks:
    """What many walks of the same attack, each with its own luck, cost one quiet run.

    Attributes
    ----------
    losses
        One a walk.
    seeds
        Of the walks.
    """

    losses: tuple[Loss, ...]
    seeds: tuple[int, ...]

    def sample(self, part: str = "total") -> Sample:
        """One number of each walk: a part of the loss, ``total``, or any other attribute of `Loss`."""
        return Sample(np.array([float(getattr(each, part)) for each in self.losses]), self.seeds)

    def mean(self) -> dict[str, float]:
        """Mean of each part and of the total."""
        return {part: self.sample(part).mean for part in (*PARTS, "total", "customers")}

    def less_with(self, other: Walks, part: str = "total") -> Comparison:
        """These walks beside others of the same seeds: the same attackers, for instance with a control."""
        if self.seeds != other.seeds:
            raise SafeShopError(_("Only walks with the same seeds can be compared."))
        return Comparison(self.sample(part), other.sample(part))


def walks(
    run: Run | QuietRun,
    campaign: str,
    *,
    day: float | None = None,
    walks: int = 1000,
    seed: int = 1,
    defence: Defence | None = None,
    decide: Decide = standing_orders,
) -> Walks:
    """Let one campaign walk many times through a finished quiet run.

    Parameters
    ----------
    run
        The quiet run; as `QuietRun` if it is used again, or under another retention policy.
    campaign
        Name of the campaign.
    day
        When it begins, in days; left out, at a random moment of the run's middle third for each walk.
    walks, seed
        How many, with the seeds ``seed``, ``seed + 1`` …
    defence
        Another defence than the scenario's.
    decide
        Who answers the questions of the response.

    Returns
    -------
    Walks
        With the same seeds whatever the defence: what a control stops is exactly the difference.
    """
    calm = run if isinstance(run, QuietRun) else QuietRun(run)
    shop = calm.scenario if defence is None else calm.scenario.model_copy(update={"defence": defence})
    days = calm.run.days

    def attacked(number: int) -> Scenario:
        begins = day
        if begins is None:
            begins = days / 3 * (1 + float(stream(number, "attacker arrivals").random()))
        return shop.model_copy(update={"attacks": (Attack(campaign=campaign, day=begins),)})

    return _many(calm, attacked, _seeds(walks, seed), decide)


def years(
    run: Run | QuietRun,
    scenario: Scenario,
    *,
    walks: int = 1000,
    seed: int = 1,
    decide: Decide = standing_orders,
) -> Walks:
    """Let all attackers of a scenario come to a finished quiet run, many times over, each time with other luck.

    Parameters
    ----------
    run
        A quiet run of the same shop; as long as the time that is asked about, such as a year.
    scenario
        The shop with its `attacks` and `attackers`.
    walks, seed, decide
        As in `walks`.
    """
    calm = run if isinstance(run, QuietRun) else QuietRun(run)
    return _many(calm, lambda _number: scenario, _seeds(walks, seed), decide)


def _seeds(walks: int, seed: int) -> range:
    if walks != int(walks) or walks < 1:
        raise SafeShopError(_("walks must be a whole number from 1, not {given}.").format(given=walks))
    return range(int(seed), int(seed) + int(walks))


def _many(calm: QuietRun, attacked: Callable[[int], Scenario], seeds: range, decide: Decide) -> Walks:
    losses = []
    for number in seeds:
        course = course_of(attacked(number), days=calm.run.days, seed=number, decide=decide)
        losses.append(calm.charged(course, number) if course.incidents else NOTHING)
    return Walks(tuple(losses), tuple(seeds))
