"""Roles: who does what in a sale, and who therefore holds whose data (rows A4, A5, A7, A9, A13).

"Selling online" is many trades. Who sells (trade model), who runs the place (operator) and how buyer and goods
meet (transaction mode) decide who the buyer's contract partner is, who packs, who writes the invoice, through
whose hands the money goes, and in which places name, phone and address end up. All of it is said here as data,
seen from one side: ``shop`` is the small shop that uses this course.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.platform.choices import one_of

TRADES: Final = ("B2B", "B2C", "C2C", "O2O")
"""Trade models: business to business, business to consumer, consumer to consumer, online to offline."""

OPERATORS: Final = ("own-site", "platform-run", "self-run", "hybrid")
"""Who runs the place of sale.

own-site: the shop itself. platform-run: merchants move in and run their stores themselves. self-run: the platform
buys and sells on its own account. hybrid: part of the goods one way, part the other.
"""

MODES: Final = ("direct", "contact-first", "consignment")
"""How buyer and goods meet.

direct: the buyer orders and pays online, the seller ships. contact-first: seller and buyer find and write to each
other, then agree. consignment: a third party holds the stock, collects, remits and ships.
"""

PARTIES: Final = ("shop", "platform", "consignee", "payment_company", "courier", "buyer", "nobody")
"""Who can have a role; ``payment_company`` stands for banks, too."""

FIELDS: Final = ("account", "email", "name", "phone", "address", "purchase", "payment", "birthday")
"""Personal data by name, the same as `simlib.privacy.Field` in small letters."""

CONTACT: Final = ("name", "phone", "address")
"""What lets a stranger find or call the person."""

PLACES: Final = ("shop", "platform", "payment_company", "courier", "consignee", "store", "mailbox")
"""Where personal data of a sale lie online or with others.

shop: own web shop; store: the counter where an O2O buyer is served; mailbox: the seller's e-mail. The other names
are parties, or places of `simlib.privacy`.
"""

DUTIES: Final = (
    "payment-account",
    "platform-account",
    "user-permissions",
    "customer-data",
    "backups",
    "server",
    "mailbox",
)
"""Security duties; the first five are those of row A13."""

EXAMPLES: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {"Taobao": ("B2C", "platform-run", "direct"), "JD": ("B2C", "self-run", "direct")}
)
"""The two named examples of row A9: the marketplace, and the platform that sells itself."""


@dataclass(frozen=True)
class Roles:
    """Who does what in one kind of sale.

    Attributes
    ----------
    trade, operator, mode
        One each of `TRADES`, `OPERATORS` and `MODES`.
    sells
        The buyer's contract partner.
    lists
        Who writes the description and sets the price that the buyer reads.
    holds_stock, ships, invoices, collects, answers
        On whose shelf the goods lie; who hands them to the courier; who invoices the buyer; who takes the buyer's
        money first; who answers him. ``nobody`` where it does not happen.
    settles
        The hands through which the money goes, from the buyer to the shop: each settles with the next.
    holds
        Place → personal data (`FIELDS`) that lie there.
    shop_reads
        Personal data the shop's people can read, wherever they lie.
    platform_goods
        Only for a hybrid platform: the roles for those goods which the platform buys and sells itself. The roles
        above are then those of a merchant on it.
    """

    trade: str
    operator: str
    mode: str
    sells: str
    lists: str
    holds_stock: str
    ships: str
    invoices: str
    collects: str
    answers: str
    settles: tuple[str, ...]
    holds: Mapping[str, tuple[str, ...]]
    shop_reads: tuple[str, ...]
    platform_goods: Roles | None = None

    def explanations(self) -> dict[str, str]:
        """One sentence for each role, in the reader's language; keys are the attributes' names."""
        told = {
            name: text.format(party=party_label(getattr(self, name))) for name, text in _questions().items()
        }
        told["settles"] = _("The money goes this way: {way}.").format(
            way=" → ".join(party_label(party) for party in self.settles)
        )
        told["holds"] = _("Personal data lie here: {places}.").format(
            places=_("; ").join(
                f"{place_label(place)} ({', '.join(field_label(field) for field in fields)})"
                for place, fields in self.holds.items()
            )
        )
        told["shop_reads"] = (
            _("Your own people can read: {fields}.").format(
                fields=", ".join(field_label(field) for field in self.shop_reads)
            )
            if self.shop_reads
            else _("Your own people can read none of it.")
        )
        told |= _remarks(self)
        return told


@dataclass(frozen=True)
class Duty:
    """A security duty, and whether it stays with the seller.

    Attributes
    ----------
    name
        One of `DUTIES`.
    stays
        Whether the shop itself must look after it.
    what, reason
        What is to be done, and why it stays or goes; in the reader's language.
    """

    name: str
    stays: bool
    what: str
    reason: str


def roles(trade: str, operator: str, mode: str) -> Roles:
    """Who does what in this kind of sale.

    Parameters
    ----------
    trade, operator, mode
        One each of `TRADES`, `OPERATORS` and `MODES`.

    Raises
    ------
    SafeShopError
        If a word is unknown, or if the three cannot go together: the sentence says why and what to choose instead.
    """
    one_of(_("The trade model"), trade, TRADES)
    one_of(_("The operator"), operator, OPERATORS)
    one_of(_("The transaction mode"), mode, MODES)
    reason = impossible(trade, operator, mode)
    if reason:
        raise SafeShopError(reason)
    if operator == "self-run":
        return _self_run(trade, mode)
    merchant = _merchant(trade, operator, mode)
    if operator != "hybrid":
        return merchant
    # What the platform sells itself it sells as a business, also where private people sell beside it.
    return replace(merchant, platform_goods=_self_run("B2C" if trade == "C2C" else trade, "direct"))


def example(name: str) -> Roles:
    """The roles of a named example, see `EXAMPLES`.

    Raises
    ------
    SafeShopError
        If there is no such example.
    """
    return roles(*EXAMPLES[one_of(_("The example"), name, EXAMPLES)])


def impossible(trade: str, operator: str, mode: str) -> str | None:
    """Why the three cannot go together, in one sentence; None if they can."""
    if operator == "own-site" and mode == "consignment":
        return _(
            "Consignment needs a third party that offers the goods in its own shop, and an own site has none: "
            "choose platform-run or hybrid, or the mode direct."
        )
    if operator == "own-site" and trade == "C2C":
        return _(
            "C2C needs a place where private people meet, and whoever keeps an own site trades as a business: "
            "choose platform-run, or the trade model B2C."
        )
    if operator == "self-run" and trade == "C2C":
        return _(
            "A self-run platform is a business that sells itself, so consumers do not sell there: "
            "choose platform-run, or the trade model B2C."
        )
    if operator == "self-run" and mode != "direct":
        return _(
            "A self-run platform buys the goods and sells them under its own name, so there is neither a buyer to "
            "contact nor stock of yours in its shop: choose the mode direct, or the operator platform-run."
        )
    if mode == "contact-first" and trade in ("B2C", "O2O"):
        return _(
            "Consumers who buy from a business order at once, without an enquiry first: choose the mode direct, or "
            "the trade model B2B or C2C."
        )
    if mode == "consignment" and trade == "O2O":
        return _(
            "An O2O buyer comes to the counter, so there is nothing for a third party to store and ship: choose the "
            "mode direct, or the trade model B2C."
        )
    return None


def combinations() -> tuple[tuple[str, str, str], ...]:
    """All (trade, operator, mode) that can go together."""
    return tuple(
        (trade, operator, mode)
        for trade in TRADES
        for operator in OPERATORS
        for mode in MODES
        if impossible(trade, operator, mode) is None
    )


def duties(roles: Roles) -> tuple[Duty, ...]:
    """The security duties in this kind of sale, and which of them stay with the seller (row A13).

    Returns
    -------
    tuple
        One entry for each of `DUTIES`, in that order.
    """
    own_site, contact_first = roles.operator == "own-site", roles.mode == "contact-first"
    contacts = [field for field in CONTACT if field in roles.shop_reads]
    return (
        Duty(
            "payment-account",
            True,
            _("Guard the account into which you are paid, and every change of it."),
            _("The money comes from {party} to whatever account is on file.").format(
                party=party_label(roles.settles[-2])
            ),
        ),
        Duty(
            "platform-account",
            True,
            _("Guard the log-in with which the store is run: a password of its own and a second factor."),
            _("Whoever logs in as the administrator of your web shop is you.")
            if own_site
            else _("Whoever logs in to the platform with your name is you, and the platform cannot tell."),
        ),
        Duty(
            "user-permissions",
            True,
            _("Give each of your people a log-in of his own with no more rights than his work needs."),
            _("Only you know who works for you and who has left."),
        ),
        Duty(
            "customer-data",
            bool(contacts),
            _("Keep the customers' data in the back office secret, and remove what you no longer need."),
            _("Your people read {fields}.").format(fields=", ".join(map(field_label, contacts)))
            if contacts
            else _("You learn what was bought, but not who the buyer is or where he lives."),
        ),
        Duty(
            "backups",
            True,
            _("Keep copies of pictures, videos, documents and bills of your own."),
            _("Your shop's whole database is lost with its server.")
            if own_site
            else _("What the platform deletes, or closes together with your store, it does not give back."),
        ),
        Duty(
            "server",
            own_site,
            _("Keep the server and the shop software up to date and watched."),
            _("The site is yours, so its holes are yours.")
            if own_site
            else _("The platform runs the servers; that part it takes off you."),
        ),
        Duty(
            "mailbox",
            contact_first,
            _("Guard the mailbox, and call back before paying into a changed account."),
            _("Offers, contracts and account numbers travel by e-mail.")
            if contact_first
            else _("No sale is agreed by e-mail."),
        ),
    )


# ---------------------------------------------------------------------------------------------------------------
# how the roles come about


def _merchant(trade: str, operator: str, mode: str) -> Roles:
    """The shop sells under its own name, on its own site or as a merchant on a platform."""
    consigned, visit = mode == "consignment", trade == "O2O"
    keeper = "consignee" if consigned else "shop"
    if consigned:
        settles: tuple[str, ...] = ("buyer", "consignee", "shop")
    else:
        settles = ("buyer", "payment_company", "shop")
    return Roles(
        trade,
        operator,
        mode,
        sells="shop",
        lists=keeper,
        holds_stock=keeper,
        ships="nobody" if visit else keeper,
        invoices="nobody" if trade == "C2C" else "shop",
        collects=settles[1],
        answers=keeper,
        settles=settles,
        holds=_holds(trade, "shop" if operator == "own-site" else "platform", mode),
        shop_reads=_shop_reads(trade, operator, mode),
    )


def _self_run(trade: str, mode: str) -> Roles:
    """The platform buys from the shop and sells under its own name; the shop is its supplier."""
    visit = trade == "O2O"
    return Roles(
        trade,
        "self-run",
        mode,
        sells="platform",
        lists="platform",
        holds_stock="platform",
        ships="nobody" if visit else "platform",
        invoices="platform",
        collects="platform",
        answers="platform",
        settles=("buyer", "platform", "shop"),
        holds=_holds(trade, "platform", mode),
        shop_reads=("purchase",),
    )


def _holds(trade: str, front: str, mode: str) -> Mapping[str, tuple[str, ...]]:
    """Place → fields; `front` is where the buyer meets the seller."""
    unknown = {"birthday"} if trade == "B2B" else set()
    if trade == "O2O":
        unknown |= {"address"}
    holds: dict[str, tuple[str, ...]] = {}
    if mode == "contact-first":
        holds[front] = ("account", "email", "name", "purchase")
        holds["mailbox"] = ("email", "name", "phone", "address", "purchase", "payment")
        holds["payment_company"] = ("name", "payment")
    else:
        holds[front] = tuple(field for field in FIELDS if field not in unknown)
        holds["payment_company"] = ("email", "name", "payment")
    if mode == "consignment":
        holds["consignee"] = (*CONTACT, "purchase", "payment")
    if trade == "O2O":
        holds["store"] = ("name", "phone", "purchase")
    else:
        holds["courier"] = CONTACT
    return MappingProxyType(holds)


def _shop_reads(trade: str, operator: str, mode: str) -> tuple[str, ...]:
    if mode == "consignment":
        return ("purchase",)
    if mode == "contact-first":
        return ("email", "name", "phone", "address", "purchase", "payment")
    if operator == "own-site":
        return _holds(trade, "shop", mode)["shop"]
    return ("name", "phone", "purchase") if trade == "O2O" else (*CONTACT, "purchase")


# ---------------------------------------------------------------------------------------------------------------
# words


def party_label(party: str) -> str:
    """A party in the reader's language."""
    return {
        "shop": _("your shop"),
        "platform": _("the platform"),
        "consignee": _("the consignee"),
        "payment_company": _("the payment company"),
        "courier": _("the courier"),
        "buyer": _("the buyer"),
        "nobody": _("nobody"),
    }[party]


def place_label(place: str) -> str:
    """A place where data lie, in the reader's language."""
    return {
        "shop": _("your web shop"),
        "store": _("your counter"),
        "mailbox": _("your mailbox"),
    }.get(place) or party_label(place)


def field_label(field: str) -> str:
    """A group of personal data in the reader's language."""
    return {
        "account": _("account"),
        "email": _("e-mail address"),
        "name": _("name"),
        "phone": _("phone number"),
        "address": _("address"),
        "purchase": _("purchase"),
        "payment": _("payment"),
        "birthday": _("birthday"),
    }[field]


def _questions() -> dict[str, str]:
    return {
        "sells": _("The buyer's contract partner is {party}."),
        "lists": _("The offer is written by {party}."),
        "holds_stock": _("The goods wait on the shelf of {party}."),
        "ships": _("The goods are handed to the courier by {party}."),
        "invoices": _("The invoice comes from {party}."),
        "collects": _("The buyer's money is taken by {party}."),
        "answers": _("The buyer is answered by {party}."),
    }


def _remarks(roles: Roles) -> dict[str, str]:
    """Sentences in place of the plain ones where those would mislead."""
    told = {}
    if roles.operator == "self-run":
        told["sells"] = _("The platform buys from you and sells under its own name; you are its supplier.")
        told["invoices"] = _("The platform invoices the buyer, and you invoice the platform.")
    if roles.mode == "consignment":
        told["invoices"] = _(
            "The goods stay yours until they are sold, so the invoice is yours; read the contract."
        )
        told["holds_stock"] = _("The goods lie with the consignee, often the platform's own warehouse.")
    if roles.trade == "O2O":
        told["ships"] = _("Nothing is shipped: the buyer comes to the counter with what he has booked.")
    if roles.trade == "C2C":
        told["invoices"] = _("Nobody invoices: private people owe each other none.")
    if roles.platform_goods is not None:
        told["platform_goods"] = _(
            "Your offer stands beside goods which the platform sells itself: your host is your rival and sees what "
            "sells."
        )
    return told
