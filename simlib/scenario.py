"""Scenario: everything that is simulated, in one immutable, checked description.

Nothing else configures a run. A scenario comes from a preset (`Scenario.load("taiwan-gift-shop")`), from the
learner's own YAML file, or from another scenario by `changed`. Where a YAML value is written as
``{fact: some-id}`` it is taken from `simlib.facts`, so that every default can be traced to its source.
"""

from __future__ import annotations

import difflib
import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from simlib.errors import SafeShopError
from simlib.facts import Fact, fact, value
from simlib.languages import _
from simlib.writing import write_whole
from simlib.yaml_files import loader_for

PRESETS = Path(__file__).parent / "scenarios"
"""Folder of the presets, one YAML file each."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Names of the days of the week, in the order of `datetime.date.weekday`."""

MINOR_UNITS = {"TWD": 100, "HKD": 100, "CNY": 100, "EUR": 100, "USD": 100}
"""Minor units in one unit of each currency (ISO 4217)."""

TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d$"
"""How a time of day is written, ``"HH:MM"``."""

DAYS_IN = {"days": 1.0, "hours": 1 / 24, "minutes": 1 / 1440, "seconds": 1 / 86400}
"""Length of each unit of time in days."""

# No figure is larger than a million, no price above a hundred million: far beyond any small shop, and small enough
# that times stay exact in ticks and amounts in 64 bits.
LARGEST = 1_000_000

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=LARGEST)]
NotNegative = Annotated[float, Field(ge=0, le=LARGEST)]
Count = Annotated[int, Field(ge=1, le=LARGEST)]
Pieces = Annotated[int, Field(ge=0, le=LARGEST)]
Money = Annotated[Decimal, Field(ge=0, le=100 * LARGEST, decimal_places=2)]
FunnelShare = Annotated[float, Field(ge=0.0001, le=1)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Part(BaseModel):
    """A piece of a scenario: frozen, and without room for misspelt keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="constants")

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_not_one(cls, given: Any, info: ValidationInfo) -> Any:
        # YAML reads yes and on as true, and pydantic would take true for 1.
        if isinstance(given, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise PydanticCustomError("not_a_truth_value", "not a truth value")
        return given


PartT = TypeVar("PartT", bound=Part)


class Duration(Part):
    """A time that differs from case to case: log-normal with the given mean.

    Attributes
    ----------
    mean
        Mean, in `unit`.
    unit
        days, hours, minutes or seconds.
    spread
        Coefficient of variation (standard deviation divided by mean); 0 means always the mean.
    """

    mean: Positive
    unit: Literal["days", "hours", "minutes", "seconds"]
    spread: Annotated[float, Field(ge=0, le=5)]

    @property
    def mean_days(self) -> float:
        """The mean in days."""
        return self.mean * DAYS_IN[self.unit]


class Clock(Part):
    """A time of day on some days of the week, such as the courier's round.

    Attributes
    ----------
    time
        Local time, ``"HH:MM"``.
    days
        Days of the week on which it happens.
    """

    time: Annotated[str, Field(pattern=TIME_OF_DAY)]
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)]


class Hours(Part):
    """When people work.

    Attributes
    ----------
    opens, closes
        Local time, ``"HH:MM"``.
    days
        Working days.
    """

    opens: Annotated[str, Field(pattern=TIME_OF_DAY)]
    closes: Annotated[str, Field(pattern=TIME_OF_DAY)]
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Hours:
        if self.opens >= self.closes:
            raise ValueError(
                _("closes must be later than opens ({opens}), not {closes}").format(
                    opens=self.opens, closes=self.closes
                )
            )
        return self


class Product(Part):
    """One article of the catalogue.

    Attributes
    ----------
    sku, name
        Stock-keeping unit and what the customer reads.
    price, unit_cost
        Per piece, in the scenario's currency.
    popularity
        Relative weight with which buyers choose it.
    stock
        Pieces on the shelf at the start.
    reorder_point, reorder_up_to, lead_time_days
        When no more than `reorder_point` pieces are free or on the way, the shop orders up to `reorder_up_to`;
        they arrive after the lead time.
    sold_by_platform
        With a hybrid operator: whether the platform sells this article itself.
    """

    sku: Annotated[str, Field(min_length=1)]
    name: Annotated[str, Field(min_length=1)]
    price: Money
    unit_cost: Money
    popularity: Positive
    stock: Pieces
    reorder_point: Pieces
    reorder_up_to: Count
    lead_time_days: Positive
    sold_by_platform: bool = False

    @model_validator(mode="after")
    def _orders_more_than_the_reorder_point(self) -> Product:
        if self.reorder_up_to <= self.reorder_point:
            raise ValueError(
                _("reorder_up_to must be more than reorder_point ({point}), not {up_to}").format(
                    point=self.reorder_point, up_to=self.reorder_up_to
                )
            )
        return self


class Arrangement(Part):
    """Who sells to whom, on whose ground, and who does the work (rows A4, A5, A7).

    Attributes
    ----------
    trade
        Between businesses, business and consumer, consumers, or ordered online and fetched in a store.
    operator
        ``own-site``: the shop's own web site. ``platform-run``: a marketplace on which the shop sells.
        ``self-run``: the platform buys from the shop and sells itself. ``hybrid``: self-run for the articles
        marked ``sold_by_platform``, platform-run for the others.
    mode
        ``direct``: buyers order and pay at once. ``contact-first``: buyers ask, the shop makes an offer, they
        agree or not. ``consignment``: a third party holds the stock, collects, ships and remits.
    """

    trade: Literal["B2B", "B2C", "C2C", "O2O"]
    operator: Literal["own-site", "platform-run", "self-run", "hybrid"]
    mode: Literal["direct", "contact-first", "consignment"]

    @model_validator(mode="after")
    def _one_middleman_at_most(self) -> Arrangement:
        if self.mode == "consignment" and self.operator == "own-site":
            raise ValueError(
                _(
                    "goods on consignment are sold in a third party's shop; consignment does not go with own-site"
                )
            )
        if self.mode == "contact-first" and self.operator == "self-run":
            raise ValueError(
                _("a self-run operator sells by itself, so no buyer asks the shop first: set mode to direct")
            )
        if self.mode == "consignment" and self.operator in ("self-run", "hybrid"):
            raise ValueError(
                _("a {operator} operator buys the goods itself; consignment does not go with it").format(
                    operator=self.operator
                )
            )
        if self.trade == "O2O" and (self.mode != "direct" or self.operator in ("self-run", "hybrid")):
            raise ValueError(
                _(
                    "goods that are fetched in the shop's own store go with mode direct on own-site or platform-run"
                )
            )
        return self


class Negotiation(Part):
    """The way to a deal when buyers ask first (``contact-first``).

    Attributes
    ----------
    offer
        Working time of customer service for an offer.
    decision
        From the offer to the buyer's answer.
    deal
        Share of offers that are accepted.
    """

    offer: Duration
    decision: Duration
    deal: Share


class Fulfilment(Part):
    """A third party's warehouse, used with consignment and with goods that the platform sells itself.

    Attributes
    ----------
    handling
        From the notice to ship until the parcel is packed.
    fee
        Share of the amount that the consignee keeps for storing, collecting and shipping.
    wholesale
        Share of the catalogue price that a platform pays for goods it sells itself.
    """

    handling: Duration
    fee: Share
    wholesale: Share


class StorePickup(Part):
    """Ordered online, fetched in the store (O2O).

    Attributes
    ----------
    after
        From the ready parcel to the buyer's visit.
    """

    after: Duration


class Demand(Part):
    """Who comes and what he puts into the cart.

    Attributes
    ----------
    orders_per_day
        Mean number of visits a day that end in a checkout.
    hourly_visits
        24 relative weights, from midnight.
    visit_to_cart, cart_to_checkout
        Share of visits that fill a cart; share of carts that reach checkout.
    browsing, checkout
        From arrival to the filled cart; from there to the placed order.
    returning
        Share of orders by members who had registered before.
    members_at_start, membership_age_days
        Members at day 0 and the time over which they joined before it.
    extra_line, extra_piece
        Chance of each further product, and of each further piece of a product.
    """

    orders_per_day: Positive
    hourly_visits: Annotated[tuple[NotNegative, ...], Field(min_length=24, max_length=24)]
    visit_to_cart: FunnelShare
    cart_to_checkout: FunnelShare
    browsing: Duration
    checkout: Duration
    returning: Share
    members_at_start: Annotated[int, Field(ge=0, le=LARGEST)]
    membership_age_days: Positive
    extra_line: Annotated[float, Field(ge=0, lt=1)]
    extra_piece: Annotated[float, Field(ge=0, lt=1)]

    @field_validator("hourly_visits")
    @classmethod
    def _somebody_comes(cls, weights: tuple[float, ...]) -> tuple[float, ...]:
        if sum(weights) <= 0:
            raise ValueError(_("at least one hour must have a weight above 0"))
        return weights


class Confirmation(Part):
    """What turns an order into a contract.

    Attributes
    ----------
    mode
        ``automatic``: the acknowledgement already confirms; ``check-first``: customer service looks at stock
        and price, then confirms or refuses.
    acknowledgement
        Until the automatic reply has gone out.
    check
        Working time of the look at stock and price.
    price_floor
        A line under this share of the catalogue price is taken for an error and refused.
    """

    mode: Literal["automatic", "check-first"]
    acknowledgement: Duration
    check: Duration
    price_floor: Share


class PaymentMethod(Part):
    """One way to pay.

    Attributes
    ----------
    name
        card, wallet, bank-transfer or cash-on-delivery.
    weight
        Relative weight among the shop's methods.
    pay_after
        From the confirmation until the buyer opens the payment page or makes the transfer; not used for cash
        on delivery.
    redirect, authentication
        On the payment page: until it has loaded; until password or fingerprint is given.
    fail
        Chance that an attempt fails (declined; transfer never made; parcel refused at the door).
    attempts
        Attempts before the buyer gives up.
    fee
        Share of the amount kept by the company that collects it.
    """

    name: Literal["card", "wallet", "bank-transfer", "cash-on-delivery"]
    weight: Positive
    pay_after: Duration
    redirect: Duration
    authentication: Duration
    fail: Share
    attempts: Annotated[int, Field(ge=1, le=5)]
    fee: Share

    @property
    def on_delivery(self) -> bool:
        """Whether the courier collects the money at the door."""
        return self.name == "cash-on-delivery"


class Chargebacks(Part):
    """Card holders who ask their bank for the money back.

    Attributes
    ----------
    share
        Share of paid card orders.
    after
        From the payment to the bank's message.
    limit_days
        Longest time after the payment in which it is possible.
    fee
        What the payment company charges the seller for each, in the scenario's currency.
    """

    share: Share
    after: Duration
    limit_days: Positive
    fee: Money


class RateStep(Part):
    """An exchange rate that holds from a moment on.

    Attributes
    ----------
    day
        From when, in days since the start.
    rate
        Units of the shop's currency for one unit of the buyer's.
    """

    day: NotNegative
    rate: Positive


class CrossBorder(Part):
    """Money that a clearing company collects abroad and an operator pays out at home (row B2).

    Attributes
    ----------
    buyer_currency
        What the buyer pays in.
    rate
        Units of the shop's currency for one unit of the buyer's, until the first of `rates`.
    rates
        Later rates, in order of time; none where one rate holds all the time.
    remittance_days
        From the payment until the clearing company remits to the operator's account, as the contract says.
    clearing_fee, operator_fee
        Shares kept by the clearing company (in the buyer's currency) and by the operator.
    payout
        When the operator splits the money to the sellers' banks, on the marketplace's instruction.
    """

    buyer_currency: Literal["TWD", "HKD", "CNY", "EUR", "USD"]
    rate: Positive
    rates: tuple[RateStep, ...] = ()
    remittance_days: NotNegative
    clearing_fee: Share
    operator_fee: Share
    payout: Clock

    @field_validator("rates")
    @classmethod
    def _one_rate_at_a_time(cls, rates: tuple[RateStep, ...]) -> tuple[RateStep, ...]:
        for earlier, later in itertools.pairwise(sorted(rates, key=lambda step: step.day)):
            if earlier.day == later.day:
                raise ValueError(_("day {day} has two rates").format(day=_plain(later.day)))
        return tuple(sorted(rates, key=lambda step: step.day))

    def rate_at(self, t: float) -> float:
        """The rate that holds at time `t` (days)."""
        place = bisect_right(self.rates, t, key=lambda step: step.day)
        return self.rates[place - 1].rate if place else self.rate


class PayoutChange(Part):
    """Somebody enters another bank account for the seller's money (row B5).

    Attributes
    ----------
    day
        When, in days since the start.
    by
        ``seller`` or ``attacker``: whose account it is.
    """

    day: NotNegative
    by: Literal["seller", "attacker"]


class Payout(Part):
    """The seller's payout account and what protects it.

    Attributes
    ----------
    hold_days
        After a change of account the payment company holds payouts back so many days.
    noticed_after_days
        Until the seller notices a change that is not his, and undoes it.
    changes
        Changes during the run, in order of time.
    """

    hold_days: NotNegative
    noticed_after_days: Positive
    changes: tuple[PayoutChange, ...] = ()

    @field_validator("changes")
    @classmethod
    def _in_order_of_time(cls, changes: tuple[PayoutChange, ...]) -> tuple[PayoutChange, ...]:
        return tuple(sorted(changes, key=lambda change: change.day))


class Payment(Part):
    """How money comes in.

    Attributes
    ----------
    methods
        Ways to pay.
    retry_after
        Between a declined attempt and the next.
    seller_notice
        From the payment until the seller is told to ship.
    escrow
        Whether a marketplace's payment company holds the money until the order is completed.
    commission
        Share the marketplace keeps when it releases the money.
    release, release_days
        When escrow is released: on ``completion``, on ``signature``, or so many days ``after-signature``.
    settlement_days, settlement
        Without escrow: money is paid out at the first settlement at least so many days after it was paid.
    chargebacks
        Card payments that are disputed with the bank.
    collection
        ``domestic``, or ``cross-border`` by way of a clearing company and an operator's dedicated account.
    cross_border
        The way of the money across the border.
    """

    methods: Annotated[tuple[PaymentMethod, ...], Field(min_length=1)]
    retry_after: Duration
    seller_notice: Duration
    escrow: bool
    release: Literal["completion", "signature", "after-signature"]
    release_days: NotNegative
    commission: Share
    settlement_days: NotNegative
    settlement: Clock
    chargebacks: Chargebacks
    collection: Literal["domestic", "cross-border"]
    cross_border: CrossBorder

    @field_validator("methods")
    @classmethod
    def _each_method_once(cls, methods: tuple[PaymentMethod, ...]) -> tuple[PaymentMethod, ...]:
        names = [method.name for method in methods]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(_("the method {name} stands twice").format(name=name))
        return methods

    @model_validator(mode="after")
    def _money_crosses_the_border_once(self) -> Payment:
        if self.collection == "cross-border" and (
            self.escrow or any(method.on_delivery for method in self.methods)
        ):
            raise ValueError(
                _(
                    "with cross-border collection there is neither escrow nor cash-on-delivery: "
                    "set collection to domestic"
                )
            )
        return self

    @model_validator(mode="after")
    def _escrow_needs_prepayment(self) -> Payment:
        if self.escrow and any(method.on_delivery for method in self.methods):
            raise ValueError(
                _("with escrow there is no cash-on-delivery: remove that method or set escrow to false")
            )
        return self


class Staff(Part):
    """The shop's people and their hours.

    Attributes
    ----------
    packers, packing
        People who pack, and their working time for a parcel.
    service_agents
        People in customer service: they check orders, answer enquiries and handle returns.
    hours
        When all of them work.
    """

    packers: Annotated[int, Field(ge=1, le=1000)]
    packing: Duration
    service_agents: Annotated[int, Field(ge=1, le=1000)]
    hours: Hours


class Logistics(Part):
    """From the shop's door to the buyer.

    Attributes
    ----------
    pickup
        The courier's round.
    transit, return_transit
        Out, and back.
    parcel_fee
        What the shop pays the courier for each way, in the scenario's currency.
    loss
        Share of parcels that are lost or ruined on the way (row D6).
    claim_days
        From the day it should have arrived until loss is admitted and the buyer gets his money.
    compensation
        Share of the goods' cost that the courier makes good.
    """

    pickup: Clock
    transit: Duration
    return_transit: Duration
    parcel_fee: Money
    loss: Share
    claim_days: Positive
    compensation: Share


class CoolingOff(Part):
    """The time in which the buyer may send goods back without reason.

    Attributes
    ----------
    days
        Length; 0 where there is none.
    runs_from
        ``receipt``: from the moment of delivery, so many times 24 hours; ``day-after-receipt``: from the following
        midnight. Statutes count calendar days (`simlib.platform.jurisdictions.window_ends`); Taiwan's preset takes
        ``receipt`` all the same, because the vault's "10 days" under examination (row C11) are 3 + 7 times 24 hours.
        By the statute an order stays open up to a day longer, half a day in the mean, and over a weekend longer
        still where a last day of rest gives way.
    basis
        statute, shop-policy, or none.
    """

    days: Annotated[float, Field(ge=0, le=365)]
    runs_from: Literal["receipt", "day-after-receipt"]
    basis: Literal["statute", "shop-policy", "none"]

    @model_validator(mode="after")
    def _none_means_zero_days(self) -> CoolingOff:
        if (self.basis == "none") != (self.days == 0):
            raise ValueError(_("basis none and days 0 go together"))
        return self


class Returns(Part):
    """What buyers send back within the cooling-off period.

    Attributes
    ----------
    share
        Share of delivered orders that are sent back (only where there is a cooling-off period).
    handling
        Working time of customer service for a request.
    inspection
        Working time of a packer for a parcel that came back.
    resellable
        Share of returned orders whose goods go back on the shelf.
    """

    share: Share
    handling: Duration
    inspection: Duration
    resellable: Share


class Enquiries(Part):
    """Buyers who call or write about an order.

    Attributes
    ----------
    share
        Share of orders with one enquiry.
    after
        From the placed order to the call.
    handling
        Working time of the answer.
    """

    share: Share
    after: Duration
    handling: Duration


class Reviews(Part):
    """What buyers say afterwards.

    Attributes
    ----------
    share
        Share of completed orders with a review.
    after
        From completion to the review.
    """

    share: Share
    after: Duration


class DisputeStep(Part):
    """One step on the ladder of settling a dispute (rows E7, E8).

    Attributes
    ----------
    name
        negotiation, platform-mediation, consumer-body, online-dispute-resolution, arbitration or court.
    lasts
        How long it takes.
    settles
        Share of the disputes that come to it and end in it; the last step ends all.
    for_buyer
        Share of these in which the buyer gets his money back.
    cost
        What it costs the seller, in the scenario's currency.
    """

    name: Literal[
        "negotiation",
        "platform-mediation",
        "consumer-body",
        "online-dispute-resolution",
        "arbitration",
        "court",
    ]
    lasts: Duration
    settles: Share
    for_buyer: Share
    cost: Money


class Disputes(Part):
    """Buyers who complain when the cooling-off period ends: the order stays open until the dispute has ended.

    Attributes
    ----------
    share
        Share of delivered, kept orders.
    steps
        The ladder, from the first step to the last.
    """

    share: Share
    steps: Annotated[tuple[DisputeStep, ...], Field(min_length=1, max_length=6)]


class Incident(Part):
    """A violation of the platform's rules that is found out (row A11).

    Attributes
    ----------
    day
        When, in days since the start.
    kind
        Name of the violation in the platform's rule book (`simlib.platform.rules`).
    """

    day: NotNegative
    kind: Literal[
        "late-shipment",
        "not-shipped",
        "false-description",
        "quality",
        "serious-complaint",
        "fake-trade",
        "fake-goods",
        "leaked-data",
    ]


class Oversight(Part):
    """Whether a platform watches the store and punishes it.

    Attributes
    ----------
    enforced
        Whether points are given and have consequences: fewer visitors, frozen payouts, closure.
    incidents
        Violations other than late shipments, which the model finds by itself.
    """

    enforced: bool
    incidents: tuple[Incident, ...] = ()


class PriceError(Part):
    """A wrong price in the storefront (row A12).

    Attributes
    ----------
    sku
        The product concerned.
    price
        The wrong price, in the scenario's currency.
    starts_day
        When it appears, in days since the start.
    noticed_after_hours
        Until somebody puts it right.
    extra_orders_per_hour
        Bargain hunters' orders on top of ordinary demand while it lasts; one line of one piece each.
    ends_after_hours
        When it is put right, if that is sooner; those who would have come later do not come.
    """

    sku: str
    price: Money
    starts_day: NotNegative
    noticed_after_hours: Positive
    extra_orders_per_hour: NotNegative
    ends_after_hours: NotNegative | None = None

    @property
    def lasts_hours(self) -> float:
        """How long the wrong price stands."""
        if self.ends_after_hours is None:
            return self.noticed_after_hours
        return min(self.noticed_after_hours, self.ends_after_hours)


DEVICES = ("laptop", "phone", "router", "vault-pc", "marketplace", "payment", "mail", "web-shop")
"""Devices and accounts of a small shop, on each of which a control may be in place or not."""

CONTROL = rf"^[a-z0-9]+([.-][a-z0-9]+)*(@({'|'.join(DEVICES)}))?$"
"""How a control is named: a CIS number or a word, everywhere or at one device: ``6.3``, ``call-back``, ``6.3@mail``."""

WEAKNESSES: Final = (
    "heartbeat-openssl",
    "unpatched-shop",
    "third-party-script",
    "remote-access",
    "broad-rights",
    "reused-passwords",
    "connected-service",
    "open-checkout",
)
"""What an attack may find: TLS library that answers heartbeats wrongly; shop software behind on updates; a page that
loads other people's script; a machine reachable from outside; staff who may see everything; passwords used elsewhere;
an ERP or app that holds a key to the shop; a checkout that anybody may try cards on."""


class Backup(Part):
    """Copies of the shop's data that are made to come back from a disaster.

    Attributes
    ----------
    online, offline
        Whether there is one within reach of the shop's machines, and one without any link to them.
    tested
        Whether anybody has tried to restore from it.
    """

    online: bool = False
    offline: bool = False
    tested: bool = False


class Response(Part):
    """What the shop does once it knows of an attack, unless somebody decides otherwise on the day.

    Attributes
    ----------
    contains
        Shuts the attacker out.
    patches, renews_keys
        Closes the hole; changes passwords, keys and certificates.
    restores
        Brings back what was encrypted or destroyed, from a backup if there is one.
    pays_ransom
        Pays for the key to encrypted data.
    notifies, tells_customers
        Tells the authority, and the persons concerned.
    people
        How many can work on it side by side.
    around_the_clock
        Whether they begin at once, at any hour; otherwise they keep the staff's hours.
    """

    contains: bool = True
    patches: bool = True
    renews_keys: bool = True
    restores: bool = True
    pays_ransom: bool = False
    notifies: bool = True
    tells_customers: bool = True
    people: Annotated[int, Field(ge=1, le=1000)] = Field(
        default_factory=lambda: int(value("response-people"))
    )
    around_the_clock: bool = False


class Defence(Part):
    """What stands in an attacker's way, who notices him, and what happens then. Without attacks it changes nothing.

    Attributes
    ----------
    controls
        Controls in place (`CONTROL`): everywhere, or at one device.
    weaknesses
        What an attack may find (`WEAKNESSES`); all of it unless said otherwise.
    watches
        Whether anybody looks at what the shop's own detectors show.
    backup, response
        Copies for the disaster; what is done when it comes.
    """

    controls: tuple[Annotated[str, Field(pattern=CONTROL)], ...] = ()
    weaknesses: tuple[
        Literal[
            "heartbeat-openssl",
            "unpatched-shop",
            "third-party-script",
            "remote-access",
            "broad-rights",
            "reused-passwords",
            "connected-service",
            "open-checkout",
        ],
        ...,
    ] = WEAKNESSES
    watches: bool = True
    backup: Backup = Backup()
    response: Response = Field(default_factory=lambda: Response())

    def has(self, control: str, device: str | None = None) -> bool:
        """Whether a control is in place: everywhere, or at this device; at any one if none is named.

        The vault PC stands apart: what is in place there protects nothing else.
        """
        if control in self.controls:
            return True
        if device is not None:
            return f"{control}@{device}" in self.controls
        return any(
            placed.startswith(f"{control}@") and placed != f"{control}@vault-pc" for placed in self.controls
        )


class Attack(Part):
    """An attack that begins on a given day.

    Attributes
    ----------
    campaign
        Name of the campaign (`simlib.attacker.campaigns`).
    day
        When its first step begins, in days since the start.
    """

    campaign: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    day: NotNegative


class Attackers(Part):
    """Several attackers over the years: they arrive at random, each with a campaign that suits the shop.

    Attributes
    ----------
    claims_per_year
        Incidents a year that cost an insured small firm so much that it claims.
    attempts_per_claim
        Attacks that are noticed at all for each of these; the two figures come from different populations.
    """

    claims_per_year: NotNegative = Field(default_factory=lambda: float(value("small-firm-claims-per-year")))
    attempts_per_claim: NotNegative = Field(default_factory=lambda: float(value("attempts-per-claim")))

    @property
    def attempts_per_year(self) -> float:
        """Attacks that begin, a year."""
        return self.claims_per_year * self.attempts_per_claim


class Retention(Part):
    """How long each piece of personal data lies where.

    Attributes
    ----------
    orders_leave
        ``never``: keep everything online. ``at-completion``: exported to the offline vault once completed.
        ``at-order``: exported to the vault at the first export after the order was placed. ``to-erp``: an ERP
        in the shop's own office, from which the shop also ships, fetches the order when the seller is told.
    members_leave
        ``never`` or ``on-joining`` (exported to the vault on the day they join).
    export
        When the shop carries its file to the vault.
    mask_after_days
        The web shop hides the masked fields so many days after the record was made; empty for never.
    mask_fields
        Which of name, address and phone are masked.
    erp_sync_minutes
        How often an ERP fetches new orders.
    vault_days, erp_days, courier_days, payment_days, platform_days
        How long vault, ERP, courier, payment company and marketplace keep their copies after the order ended.
    removable_media
        Whether a hand-carried medium is allowed; some marketplaces forbid it.
    """

    orders_leave: Literal["never", "at-completion", "at-order", "to-erp"]
    members_leave: Literal["never", "on-joining"]
    export: Clock
    mask_after_days: NotNegative | None
    mask_fields: tuple[Literal["name", "address", "phone"], ...]
    erp_sync_minutes: Annotated[float, Field(ge=1, le=LARGEST)]
    vault_days: Positive
    erp_days: Positive
    courier_days: NotNegative
    payment_days: NotNegative
    platform_days: NotNegative
    removable_media: bool

    @model_validator(mode="after")
    def _no_vault_without_a_medium(self) -> Retention:
        if not self.removable_media and (self.orders_leave != "never" or self.members_leave != "never"):
            raise ValueError(
                _(
                    "removable_media is false, so nothing can be carried to a vault: "
                    "set orders_leave and members_leave to never"
                )
            )
        return self


class Scenario(Part):
    """One shop in its surroundings, with everything that a run needs to know.

    Attributes
    ----------
    name, title
        Short name (letters, digits, hyphens) and one line for people.
    place
        Where the shop sells: tw, hk or cn.
    arrangement
        Who sells to whom, on whose ground.
    locale, currency, timezone
        For synthetic people, for amounts, for dates.
    start
        Day 0.
    catalogue, demand, confirmation, negotiation, payment, payout, staff, fulfilment, store_pickup, logistics, \
cooling_off, returns, disputes, enquiries, reviews, oversight, retention
        The parts, each documented in its own class.
    price_errors
        Wrong prices that appear during the run.
    defence
        What stands in an attacker's way.
    attacks, attackers
        Attacks on given days; attackers who come at random. None unless named.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: Annotated[str, Field(min_length=1)]
    place: Literal["tw", "hk", "cn"]
    arrangement: Arrangement
    locale: Literal["zh_TW", "zh_CN", "en_US"]
    currency: Literal["TWD", "HKD", "CNY", "EUR", "USD"]
    timezone: str
    start: date
    catalogue: Annotated[tuple[Product, ...], Field(min_length=1)]
    demand: Demand
    confirmation: Confirmation
    negotiation: Negotiation
    payment: Payment
    payout: Payout
    staff: Staff
    fulfilment: Fulfilment
    store_pickup: StorePickup
    logistics: Logistics
    cooling_off: CoolingOff
    returns: Returns
    disputes: Disputes
    enquiries: Enquiries
    reviews: Reviews
    oversight: Oversight
    retention: Retention
    price_errors: tuple[PriceError, ...] = ()
    defence: Defence = Field(default_factory=lambda: Defence())
    attacks: Annotated[tuple[Attack, ...], Field(max_length=1000)] = ()
    attackers: Attackers | None = None

    @field_validator("timezone")
    @classmethod
    def _a_known_timezone(cls, name: str) -> str:
        if name not in _timezones():
            raise ValueError(
                _("there is no time zone called {name}; write for example Asia/Taipei").format(name=name)
            )
        return name

    @model_validator(mode="after")
    def _products_fit_together(self) -> Scenario:
        skus = [product.sku for product in self.catalogue]
        for sku in skus:
            if skus.count(sku) > 1:
                raise ValueError(_("catalogue: the product {sku} stands twice").format(sku=sku))
        for error in self.price_errors:
            if error.sku not in skus:
                raise ValueError(
                    _("price_errors: there is no product {sku} in the catalogue ({skus})").format(
                        sku=error.sku, skus=", ".join(skus)
                    )
                )
        return self

    @model_validator(mode="after")
    def _the_arrangement_can_be_carried_out(self) -> Scenario:
        who, payment = self.arrangement, self.payment
        if who.mode == "contact-first" and self.confirmation.mode != "check-first":
            raise ValueError(
                _("contact-first goes with confirmation mode check-first: somebody must make the offer")
            )
        if payment.escrow and who.operator == "own-site":
            raise ValueError(_("only a marketplace holds money in escrow; set payment escrow to false"))
        if self.oversight.enforced and who.operator == "own-site":
            raise ValueError(
                _("an own site has no platform that watches it; set oversight enforced to false")
            )
        third_party = who.mode == "consignment" or who.operator in ("self-run", "hybrid")
        exports = self.retention.orders_leave != "never" or self.retention.members_leave != "never"
        if third_party and (payment.collection == "cross-border" or exports):
            raise ValueError(
                _(
                    "where a third party sells or ships, the shop has no records to export and no border to cross: "
                    "set orders_leave and members_leave to never and collection to domestic"
                )
            )
        if payment.collection == "cross-border" and payment.cross_border.buyer_currency == self.currency:
            raise ValueError(
                _("cross-border collection needs a buyer_currency other than the shop's currency")
            )
        return self

    @property
    def channel(self) -> Literal["own-site", "marketplace"]:
        """Who runs the web shop in which the data lie."""
        return "own-site" if self.arrangement.operator == "own-site" else "marketplace"

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of all local times."""
        return ZoneInfo(self.timezone)

    def minor(self, amount: Decimal) -> int:
        """An amount in the scenario's currency as whole minor units (cents)."""
        return int(amount * MINOR_UNITS[self.currency])

    @classmethod
    def load(cls, source: str | Path) -> Scenario:
        """A preset by name, or a scenario from a YAML file.

        Parameters
        ----------
        source
            Name of a preset (see `presets`) or path of a YAML file. A file may start from another scenario by
            ``extends: <preset or file>`` and then name only what differs.

        Raises
        ------
        SafeShopError
            If there is no such preset or file, or if it says something impossible: one sentence with file,
            line and field for each mistake.
        """
        return read_described(cls, _find(source), _find)

    def to_yaml(self) -> str:
        """The scenario as YAML that `load` reads back to an equal scenario."""
        return yaml.safe_dump(self.model_dump(mode="json"), allow_unicode=True, sort_keys=False)

    def save(self, path: str | Path) -> None:
        """Write `to_yaml` to a file; an existing one is replaced only when all is written.

        Raises
        ------
        SafeShopError
            If the file cannot be written.
        """
        write_whole(Path(path), self.to_yaml())

    def changed(self, **changes: Any) -> Scenario:
        """The same scenario with some fields changed, checked again.

        Parameters
        ----------
        **changes
            Field name → new value; a path into a part is written with two underscores, as in
            ``logistics__transit__mean=2``.

        Raises
        ------
        SafeShopError
            If a field does not exist or the value is impossible.
        """
        tree = self.model_dump()
        for path, new in changes.items():
            *parents, leaf = path.split("__")
            branch: Any = tree
            for name in parents:
                branch = branch.get(name) if isinstance(branch, dict) else None
            if not isinstance(branch, dict) or leaf not in branch:
                raise SafeShopError(
                    _("A scenario has no field {field}.").format(field=path.replace("__", "."))
                )
            branch[leaf] = new.model_dump() if isinstance(new, BaseModel) else new
        try:
            return Scenario.model_validate(tree)
        except ValidationError as error:
            raise SafeShopError(_mistakes(Scenario, None, {}, error)) from None


@cache
def _timezones() -> set[str]:
    """Names of all time zones; read from disk once, because that takes longer than all other checks together."""
    return available_timezones()


def presets() -> tuple[str, ...]:
    """Names of the ready-made scenarios, in alphabetical order."""
    return tuple(sorted(path.stem for path in PRESETS.glob("*.yaml")))


def sources(preset: str) -> dict[str, Fact]:
    """Where each default of a preset comes from.

    Returns
    -------
    dict
        Field path (``logistics.transit.mean``) → the fact it is taken from.
    """
    tree, _lines = _read(_find(preset), (), _find, ())
    return dict(_fact_references(tree, ""))


def _find(source: str | Path) -> Path:
    preset = PRESETS / f"{source}.yaml"
    if str(source) in presets():
        return preset
    path = Path(source)
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except OSError as error:
        raise SafeShopError(
            _("{file} cannot be read: {reason}.").format(file=path, reason=error.strerror)
        ) from None
    if is_file:
        return path
    if is_folder:
        raise SafeShopError(
            _("{path} is a folder; name a scenario file (.yaml) or a preset.").format(path=path)
        )
    near = difflib.get_close_matches(str(source), presets(), n=1, cutoff=0.4)
    hint = _(" Did you mean {name}?").format(name=near[0]) if near else ""
    raise SafeShopError(
        _("There is no preset and no file called {source}.{hint} The presets are {presets}.").format(
            source=source, hint=hint, presets=", ".join(presets())
        )
    )


Find = Callable[[str], Path]
"""Where the file of a name lies that stands after ``extends:`` and is none beside the extending file."""


def read_described(
    model: type[PartT], path: Path, find: Find, *, by_name: tuple[str, ...] = (), **known: Any
) -> PartT:
    """A description from a YAML file, checked; scenarios and campaigns are read in this way.

    Parameters
    ----------
    model
        What the file describes.
    path
        The file. ``{fact: id}`` stands for a fact's value, ``extends: name`` lays the file over another one.
    find
        Where names after ``extends:`` lie.
    by_name
        Top-level lists of groups with a ``name`` that are laid over each other entry by entry; other lists replace
        what lies below.
    **known
        Fields that the file does not hold, such as its own name.

    Raises
    ------
    SafeShopError
        If the file says something impossible: one sentence with file, line and field for each mistake.
    """
    tree, lines = _read(path, (), find, by_name)
    tree = _with_facts(tree, path, lines)
    try:
        return model.model_validate({**tree, **known})
    except ValidationError as error:
        raise SafeShopError(_mistakes(model, path, lines, error)) from None


def facts_of(path: Path, find: Find, *, by_name: tuple[str, ...] = ()) -> dict[str, Fact]:
    """Where each figure of a description comes from.

    Parameters
    ----------
    path, find, by_name
        As in `read_described`.

    Returns
    -------
    dict
        Field path (``logistics.transit.mean``) → the fact it is taken from.

    Raises
    ------
    SafeShopError
        If the file cannot be read.
    """
    tree, _lines = _read(path, (), find, by_name)
    return dict(_fact_references(tree, ""))


def _read(
    path: Path, seen: tuple[Path, ...], find: Find, by_name: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, int]]:
    """The file's tree laid over what it extends, and the line of each field path in this file."""
    if path.resolve() in seen:
        raise SafeShopError(_("{file}: extends leads back to the file itself.").format(file=path.name))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SafeShopError(_("{file} is not UTF-8 text; save it as UTF-8.").format(file=path.name)) from None
    except OSError as error:
        raise SafeShopError(
            _("{file} cannot be read: {reason}.").format(file=path, reason=error.strerror)
        ) from None
    try:
        loader = loader_for(path)
        node = yaml.compose(text, Loader=loader)
        lines = dict(_lines_of(node, "")) if node is not None else {}
        tree = yaml.load(text, Loader=loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise SafeShopError(
            _("{file}, line {line}: this is not readable YAML ({reason}).").format(
                file=path.name,
                line=mark.line + 1 if mark else 1,
                reason=getattr(error, "problem", None) or error,
            )
        ) from None
    except ValueError as error:
        raise SafeShopError(
            _("{file}: this is not readable YAML ({reason}).").format(file=path.name, reason=error)
        ) from None
    except RecursionError:
        raise SafeShopError(
            _("{file}: groups stand too deep within each other, or one within itself.").format(file=path.name)
        ) from None
    if not isinstance(tree, dict):
        raise SafeShopError(
            _("{file}: a scenario is a list of 'field: value' lines; this file holds something else.").format(
                file=path.name
            )
        )
    base = tree.pop("extends", None)
    if base is not None:
        try:
            below = _beside(path, str(base), find)
        except SafeShopError as error:
            raise SafeShopError(f"{_place(path, lines, 'extends')}: {error.sentence}") from None
        ancestor, _base_lines = _read(below, (*seen, path.resolve()), find, by_name)
        named = {field: _laid_by_name(ancestor.get(field), tree.get(field)) for field in by_name}
        for field, merged in named.items():
            if merged is not None:
                lines = _moved(lines, field, tree[field], merged)
                tree[field] = merged
        tree = _laid_over(ancestor, tree)
    return tree, lines


def _laid_by_name(below: Any, above: Any) -> list[Any] | None:
    """Groups laid over those of the same name; new ones follow. None if these are not lists of named groups."""
    lists = isinstance(below, list) and isinstance(above, list)
    if not lists or not all(isinstance(item, dict) and "name" in item for item in [*below, *above]):
        return None
    over = {item["name"]: item for item in above}
    merged = [_laid_over(item, over.pop(item["name"], {})) for item in below]
    return [*merged, *over.values()]


def _moved(lines: Mapping[str, int], field: str, own: list[Any], merged: list[Any]) -> dict[str, int]:
    """The lines of a file's own entries, by their places in the merged list."""
    names = [item["name"] for item in merged]
    moved = {path: line for path, line in lines.items() if not path.startswith(f"{field}.")}
    for path, line in lines.items():
        if path.startswith(f"{field}."):
            number, *rest = path.removeprefix(f"{field}.").split(".")
            place = names.index(own[int(number)]["name"])
            moved[".".join([field, str(place), *rest])] = line
    return moved


def _beside(path: Path, base: str, find: Find) -> Path:
    """What a file means by ``extends: base``: a file in its own folder, or what `find` finds."""
    try:
        if (path.parent / base).is_file():
            return path.parent / base
    except OSError:
        pass
    return find(base)


def _lines_of(node: yaml.Node, path: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, item in node.value:
            name = f"{path}.{key.value}" if path else str(key.value)
            if name in seen:
                raise yaml.MarkedYAMLError(
                    problem=_("the field {field} stands twice").format(field=name),
                    problem_mark=key.start_mark,
                )
            seen.add(name)
            yield name, key.start_mark.line + 1
            yield from _lines_of(item, name)
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            name = f"{path}.{position}"
            yield name, item.start_mark.line + 1
            yield from _lines_of(item, name)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    tree = dict(below)
    for key, item in above.items():
        old = tree.get(key)
        both_mappings = isinstance(old, dict) and isinstance(item, dict) and set(old) != {"fact"}
        tree[key] = _laid_over(old, item) if both_mappings and old is not None else item
    return tree


def _fact_references(tree: Any, path: str) -> Iterator[tuple[str, Fact]]:
    if isinstance(tree, dict) and set(tree) == {"fact"}:
        yield path, fact(str(tree["fact"]))
    elif isinstance(tree, dict):
        for key, item in tree.items():
            yield from _fact_references(item, f"{path}.{key}" if path else str(key))
    elif isinstance(tree, list):
        for position, item in enumerate(tree):
            yield from _fact_references(item, f"{path}.{position}")


def _with_facts(tree: Any, path: Path, lines: Mapping[str, int], field: str = "") -> Any:
    if isinstance(tree, dict) and set(tree) == {"fact"}:
        try:
            return fact(str(tree["fact"])).value
        except SafeShopError as error:
            raise SafeShopError(f"{_place(path, lines, field)}: {error.sentence}") from None
    if isinstance(tree, dict):
        return {
            key: _with_facts(item, path, lines, f"{field}.{key}" if field else str(key))
            for key, item in tree.items()
        }
    if isinstance(tree, list):
        return [_with_facts(item, path, lines, f"{field}.{position}") for position, item in enumerate(tree)]
    return tree


# ---------------------------------------------------------------------------------------------------------------
# saying what is wrong


def _place(path: Path | None, lines: Mapping[str, int], field: str) -> str:
    """``shop.yaml, line 3, field payment.escrow`` as far as it is known."""
    known = field
    while known and known not in lines:
        known = known.rpartition(".")[0]
    parts = [path.name] if path else []
    if known:
        parts.append(_("line {line}").format(line=lines[known]))
    if field:
        parts.append(_("field {field}").format(field=field))
    return ", ".join(parts) or _("scenario")


def _mistakes(model: type[Part], path: Path | None, lines: Mapping[str, int], error: ValidationError) -> str:
    """One sentence for each mistake, each on a line of its own; fields missing in one group share theirs."""
    sentences: list[str] = []
    missing: dict[tuple[int | str, ...], list[str]] = {}
    for detail in error.errors():
        detail["loc"] = _without_tags(model, detail["loc"])
        if detail["type"] == "missing":
            *group, field = detail["loc"]
            missing.setdefault(tuple(group), []).append(str(field))
        # A list whose only entry is wrong is reported as empty, too.
        elif not (detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]):
            sentences.append(_mistake(model, path, lines, dict(detail)))
    for place, fields in missing.items():
        words = _("{fields} missing; add what is missing, or write extends: with the name of a preset")
        where = _place(path, lines, ".".join(str(step) for step in place))
        sentences.append(f"{where}: {words.format(fields=', '.join(fields))}.")
    return "\n".join(sentences)


def _mistake(model: type[Part], path: Path | None, lines: Mapping[str, int], detail: dict[str, Any]) -> str:
    field = ".".join(str(step) for step in detail["loc"])
    kind, given, bounds = detail["type"], detail.get("input"), detail.get("ctx", {})
    if kind in ("extra_forbidden", "invalid_key"):
        near = difflib.get_close_matches(
            str(detail["loc"][-1]), _fields_at(model, detail["loc"][:-1]), n=1, cutoff=0.5
        )
        words = _("there is no such field; remove it")
        if near:
            words = _("there is no such field; perhaps {name} is meant").format(name=near[0])
    elif kind == "not_a_truth_value":
        words = _(
            "must not be true or false; YAML reads yes, no, on and off so, unless they stand in quotation marks"
        )
    elif kind == "value_error":
        words = str(bounds.get("error", detail["msg"]))
    elif kind == "greater_than":
        words = _("must be more than {bound}, not {given}").format(bound=_plain(bounds["gt"]), given=given)
    elif kind == "greater_than_equal":
        words = _("must be at least {bound}, not {given}").format(bound=_plain(bounds["ge"]), given=given)
    elif kind == "less_than":
        words = _("must be less than {bound}, not {given}").format(bound=_plain(bounds["lt"]), given=given)
    elif kind == "less_than_equal":
        words = _("must be at most {bound}, not {given}").format(bound=_plain(bounds["le"]), given=given)
    elif kind == "literal_error":
        words = _("must be one of {choices}, not {given}").format(
            choices=str(bounds["expected"]).replace("'", "").replace(" or ", ", "), given=given
        )
    elif kind in (
        "int_parsing",
        "float_parsing",
        "int_type",
        "float_type",
        "decimal_parsing",
        "decimal_type",
    ):
        words = _("must be a number, not {given!r}").format(given=given)
    elif kind == "int_from_float":
        words = _("must be a whole number, not {given}").format(given=given)
    elif kind == "finite_number":
        words = _("must be a finite number, not {given}").format(given=given)
    elif kind in ("bool_parsing", "bool_type"):
        words = _("must be true or false, not {given!r}").format(given=given)
    elif kind in ("model_type", "model_attributes_type", "dict_type"):
        words = _("must be a group of 'field: value' lines, not {given!r}").format(given=given)
    elif kind in ("tuple_type", "list_type"):
        words = _("must be a list, not {given!r}").format(given=given)
    elif kind == "too_short":
        words = _("must have at least {bound} entries, not {given}").format(
            bound=bounds["min_length"], given=bounds["actual_length"]
        )
    elif kind == "too_long":
        words = _("must have at most {bound} entries, not {given}").format(
            bound=bounds["max_length"], given=bounds["actual_length"]
        )
    elif kind == "string_pattern_mismatch" and bounds["pattern"] == TIME_OF_DAY:
        words = _("must be a time of day such as '17:30', not {given!r}").format(given=given)
    elif kind == "union_tag_not_found":
        words = _("kind is missing; it says which of these it is: {choices}").format(
            choices=_kinds_at(model, detail["loc"])
        )
    elif kind == "union_tag_invalid":
        words = _("must be one of {choices}, not {given}").format(
            choices=_kinds_at(model, detail["loc"]), given=bounds["tag"]
        )
    elif kind.startswith("date_"):
        words = _("must be a date such as 2026-01-05, not {given!r}").format(given=given)
    elif kind == "string_pattern_mismatch" and bounds["pattern"] == CONTROL:
        words = _("must be a control such as '6.3' or '6.3@mail' (devices: {devices}), not {given!r}").format(
            devices=", ".join(DEVICES), given=given
        )
    elif kind == "decimal_max_places":
        words = _("must have at most {bound} decimal places, not {given}").format(
            bound=bounds["decimal_places"], given=given
        )
    elif kind == "string_pattern_mismatch":
        words = _("must be small letters, digits and hyphens, not {given!r}").format(given=given)
    elif kind in ("string_type", "string_too_short"):
        words = _("must be a text in quotation marks, not {given!r}").format(given=given)
    else:
        words = _("{reason}, not {given!r}").format(reason=detail["msg"], given=given)
    return f"{_place(path, lines, field)}: {words}."


def _plain(bound: Any) -> Any:
    """A bound without the ``.0`` that a whole number need not have."""
    return int(bound) if bound == int(bound) else bound


def _fields_at(model: type[Part], location: tuple[int | str, ...]) -> list[str]:
    """Names of the fields that exist at a place in the tree of a description; of all kinds where there are several."""
    here = [model]
    for step in location:
        if isinstance(step, str):
            here = [
                part
                for each in here
                if step in each.model_fields
                for part in _parts_of(each.model_fields[step])
            ]
    return list(dict.fromkeys(name for part in here for name in part.model_fields))


def _parts_of(field: Any) -> list[type[Part]]:
    """The kinds of part that a field, or a list in it, may hold."""
    found: list[type[Part]] = []
    open_ends = [field.annotation]
    while open_ends:
        given = open_ends.pop(0)
        if isinstance(given, type) and issubclass(given, Part):
            found.append(given)
        open_ends.extend(getattr(given, "__args__", ()))
    return found


def _kinds_at(model: type[Part], location: tuple[int | str, ...]) -> str:
    """The kinds of part that may stand at a place, as words."""
    here = [model]
    for step in location:
        if isinstance(step, str):
            here = [part for each in here for part in _parts_of(each.model_fields[step])]
    return ", ".join(str(part.model_fields["kind"].default) for part in here)


def _without_tags(model: type[Part], location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A place without the words by which pydantic tells the kinds of part apart; they stand in no file."""
    here, kept = [model], list[int | str]()
    for step in location:
        if isinstance(step, int):
            kept.append(step)
            continue
        if not any(step in part.model_fields for part in here) and any(
            "kind" in part.model_fields and step == part.model_fields["kind"].default for part in here
        ):
            here = [part for part in here if step == part.model_fields["kind"].default]
            continue
        kept.append(step)
        here = [
            part for each in here if step in each.model_fields for part in _parts_of(each.model_fields[step])
        ]
    return tuple(kept)
