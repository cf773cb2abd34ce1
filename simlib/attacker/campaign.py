"""Campaigns: what attackers do to a small shop, step by step, as it is written in one YAML file each.

A campaign is knowledge, not a program: each step says how long it takes, how often it succeeds where nothing stands in
its way, which controls stop what share of it, which detectors see it, and what it does to the shop. Every figure is a
fact. `simlib.attacker.process` walks through it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from simlib.errors import SafeShopError
from simlib.facts import Fact
from simlib.languages import _
from simlib.privacy.copies import Place
from simlib.scenario import (
    CONTROL,
    LARGEST,
    WEAKNESSES,
    Count,
    Duration,
    Money,
    NotNegative,
    Part,
    Positive,
    Scenario,
    Share,
    facts_of,
    read_described,
)

FOLDER: Final = Path(__file__).parent / "campaigns"
"""Folder of the ready-made campaigns, one YAML file each; files that end in ``-base`` are only extended."""

SLUG: Final = r"^[a-z0-9]+(-[a-z0-9]+)*$"

StoredPlace = Literal[
    "shop",
    "platform",
    "mailbox",
    "erp",
    "retailer",
    "consignee",
    "payment_company",
    "courier",
    "vault",
    "backup-online",
    "backup-offline",
]
"""Where data can be encrypted or destroyed: places and backups."""

FieldName = Literal["account", "email", "name", "phone", "address", "purchase", "payment", "birthday"]
"""`simlib.privacy.Field` in small letters."""

Device = Literal["laptop", "phone", "router", "vault-pc", "marketplace", "payment", "mail", "web-shop"]
"""`simlib.scenario.DEVICES`."""

Currency = Literal["TWD", "HKD", "CNY", "EUR", "USD"]

# ---------------------------------------------------------------------------------------------------------------
# effects


class TakeCopies(Part):
    """Take the readable copies at some places.

    Attributes
    ----------
    places
        Where; a place that the shop does not have yields nothing.
    fields
        Copies count that hold any of these.
    share
        Share of them that he gets, the newest first.
    lasts
        Where he stays and takes also what arrives so long, until he is shut out; otherwise he takes what lies
        there at the moment.
    opened
        Whether he sits in a machine that has what lies there open, so that encrypting it does not help.
    """

    kind: Literal["take-copies"] = "take-copies"
    places: Annotated[tuple[Place, ...], Field(min_length=1)]
    fields: Annotated[tuple[FieldName, ...], Field(min_length=1)] = ("name", "phone", "address")
    share: Share = 1.0
    lasts: Duration | None = None
    opened: bool = False


class ReadMemory(Part):
    """Read a server's memory while the step lasts: what customers have just sent, never what left the web shop before.

    What that comes to is a matter of `simlib.attacker.heartbleed.read_memory`; a shop on somebody else's server has
    no memory of its own to read.

    Attributes
    ----------
    requests
        How many reads.
    """

    kind: Literal["read-memory"] = "read-memory"
    requests: Count


class DivertPayouts(Part):
    """Enter another bank account: payouts go there until he is shut out."""

    kind: Literal["divert-payouts"] = "divert-payouts"


class TransferCash(Part):
    """Get the seller to transfer money, or transfer it.

    Attributes
    ----------
    amount, currency
        Mean amount; in the shop's currency if none is named.
    spread
        Coefficient of variation of the amount.
    """

    kind: Literal["transfer-cash"] = "transfer-cash"
    amount: Money
    currency: Currency | None = None
    spread: Annotated[float, Field(ge=0, le=5)] = 0.0


class WrongPrice(Part):
    """A wrong price in the storefront, and bots that order while it stands there.

    Attributes
    ----------
    percent
        What the article that sells best costs then, in percent of its price.
    orders_per_hour
        Orders on top of the ordinary ones.
    hours
        Until somebody puts it right, unless he is found out before.
    """

    kind: Literal["wrong-price"] = "wrong-price"
    percent: Annotated[float, Field(ge=0, le=100)]
    orders_per_hour: NotNegative
    hours: Positive


class OrderFalsely(Part):
    """Orders that nobody means to pay: refused at the door, or paid with somebody else's card and charged back.

    Attributes
    ----------
    orders
        How many, on average.
    hours
        Within which time.
    """

    kind: Literal["order-falsely"] = "order-falsely"
    orders: Positive
    hours: Positive = 24.0


class StopShop(Part):
    """Nobody can reach the shop.

    Attributes
    ----------
    lasts
        How long, unless it is ended before.
    """

    kind: Literal["stop-shop"] = "stop-shop"
    lasts: Duration


class Encrypt(Part):
    """Encrypt what lies at some places and ask for a ransom; the shop stands still until the data are back.

    Attributes
    ----------
    places
        Where.
    ransom, currency
        What is asked; the usual sum for a small shop if left out.
    """

    kind: Literal["encrypt"] = "encrypt"
    places: Annotated[tuple[StoredPlace, ...], Field(min_length=1)]
    ransom: Money | None = None
    currency: Currency | None = None


class Destroy(Part):
    """Destroy what lies at some places, backups among them.

    Attributes
    ----------
    places
        Where.
    """

    kind: Literal["destroy"] = "destroy"
    places: Annotated[tuple[StoredPlace, ...], Field(min_length=1)]


class ChargeBack(Part):
    """Buyers who got their goods and yet ask their bank for the money back.

    Attributes
    ----------
    share
        Share of the card orders paid during `days` from now.
    days
        For how long.
    """

    kind: Literal["charge-back"] = "charge-back"
    share: Share
    days: Positive


class CardTesting(Part):
    """Try stolen cards at the shop's checkout; each attempt costs the shop a fee.

    Attributes
    ----------
    attempts
        How many.
    fee, currency
        What one costs the shop.
    """

    kind: Literal["card-testing"] = "card-testing"
    attempts: Annotated[int, Field(ge=1, le=LARGEST)]
    fee: Money
    currency: Currency | None = None


class CallBuyers(Part):
    """Call the persons whose orders were taken in this campaign, and talk some of them into a transfer.

    Attributes
    ----------
    share_called, share_paying
        Share of the persons who are called; share of these who pay.
    amount, currency
        What one who pays loses.
    """

    kind: Literal["call-buyers"] = "call-buyers"
    share_called: Share
    share_paying: Share
    amount: Money
    currency: Currency | None = None


class TakeWallets(Part):
    """Spend what members keep with the shop: points and stored money.

    Attributes
    ----------
    share
        Share of the members so far.
    amount, currency
        What one of them loses.
    """

    kind: Literal["take-wallets"] = "take-wallets"
    share: Share
    amount: Money
    currency: Currency | None = None


def _kind_of(given: Any) -> str | None:
    return given.get("kind") if isinstance(given, dict) else getattr(given, "kind", None)


Effect = Annotated[
    Annotated[TakeCopies, Tag("take-copies")]
    | Annotated[ReadMemory, Tag("read-memory")]
    | Annotated[DivertPayouts, Tag("divert-payouts")]
    | Annotated[TransferCash, Tag("transfer-cash")]
    | Annotated[WrongPrice, Tag("wrong-price")]
    | Annotated[OrderFalsely, Tag("order-falsely")]
    | Annotated[StopShop, Tag("stop-shop")]
    | Annotated[Encrypt, Tag("encrypt")]
    | Annotated[Destroy, Tag("destroy")]
    | Annotated[ChargeBack, Tag("charge-back")]
    | Annotated[CardTesting, Tag("card-testing")]
    | Annotated[CallBuyers, Tag("call-buyers")]
    | Annotated[TakeWallets, Tag("take-wallets")],
    Discriminator(_kind_of),
]
"""What a step that succeeds does to the shop."""

# ---------------------------------------------------------------------------------------------------------------
# steps and campaigns


class Stop(Part):
    """A control that stops part of the attempts.

    Attributes
    ----------
    control, device
        Which; it counts if it is in place everywhere, or at this device.
    share
        Share of the attempts that it stops, whatever other controls do.
    """

    control: Annotated[str, Field(pattern=CONTROL)]
    device: Device | None = None
    share: Share


class Sight(Part):
    """A detector that may notice a step.

    Attributes
    ----------
    detector
        What notices.
    by
        Who tells the owner: his own monitoring, an outsider, or the attacker himself.
    hit
        Chance that it notices this step.
    needs, device
        A control without which it is blind; it counts if in place everywhere, or at this device.
    after
        From the step to the owner's knowing.
    """

    detector: Annotated[str, Field(pattern=SLUG)]
    by: Literal["own", "outsider", "attacker"]
    hit: Share
    needs: Annotated[str, Field(pattern=CONTROL)] | None = None
    device: Device | None = None
    after: Duration


class Step(Part):
    """One step of a campaign.

    Attributes
    ----------
    name
        Short name, unique in the campaign.
    techniques, fraud
        What MITRE ATT&CK and the Fight Fraud Framework call it.
    lasts
        Time until it has succeeded or failed.
    chance
        That it succeeds where nothing stands in its way.
    stopped_by, seen_by, effects
        Controls, detectors, and what it does.
    """

    name: Annotated[str, Field(pattern=SLUG)]
    techniques: tuple[str, ...] = ()
    fraud: tuple[str, ...] = ()
    lasts: Duration
    chance: Share
    stopped_by: tuple[Stop, ...] = ()
    seen_by: tuple[Sight, ...] = ()
    effects: tuple[Effect, ...] = ()


class Campaign(Part):
    """A way to harm a shop, from the first step to the last; each step needs the one before.

    Attributes
    ----------
    name
        The file's name.
    number
        Row among the sixteen scenarios of the course.
    techniques, fraud
        What MITRE ATT&CK and the Fight Fraud Framework call the whole.
    needs
        Names of `PRECONDITIONS`, all of which the shop must meet.
    steps
        In order.
    """

    name: Annotated[str, Field(pattern=SLUG)]
    number: Annotated[int, Field(ge=1, le=999)]
    techniques: Annotated[tuple[str, ...], Field(min_length=1)]
    fraud: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    def __hash__(self) -> int:
        # Asked for at every walk; pydantic's own goes through every step each time.
        return hash((self.name, self.number, len(self.steps)))

    @model_validator(mode="after")
    def _says_what_can_be_walked(self) -> Campaign:
        for need in self.needs:
            if need not in PRECONDITIONS:
                raise ValueError(
                    _("needs: there is no precondition {name}; there are {known}").format(
                        name=need, known=", ".join(PRECONDITIONS)
                    )
                )
        names = [step.name for step in self.steps]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(_("steps: the step {name} stands twice").format(name=name))
        return self

    @classmethod
    def load(cls, source: str | Path) -> Campaign:
        """A ready-made campaign by name, or one from a YAML file.

        Parameters
        ----------
        source
            Name of a campaign (see `campaigns`) or path of a YAML file. A file may start from another campaign by
            ``extends:``; its steps are then laid over those of the same name, and new ones follow.

        Raises
        ------
        SafeShopError
            If there is no such campaign or file, or if it says something impossible: one sentence with file, line
            and field for each mistake.
        """
        path = _find(str(source))
        return read_described(cls, path, _find, by_name=("steps",), name=path.stem)

    def possible(self, scenario: Scenario) -> bool:
        """Whether the shop meets every precondition."""
        return not self.missing(scenario)

    def missing(self, scenario: Scenario) -> tuple[str, ...]:
        """The preconditions that the shop does not meet."""
        return tuple(need for need in self.needs if not PRECONDITIONS[need].holds(scenario))


@lru_cache
def campaigns() -> tuple[str, ...]:
    """Names of the ready-made campaigns, in alphabetical order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml") if not path.stem.endswith("-base")))


@lru_cache(maxsize=256)
def campaign(name: str) -> Campaign:
    """A ready-made campaign, read once."""
    return Campaign.load(name)


def campaign_sources(source: str | Path) -> dict[str, Fact]:
    """Where each figure of a campaign comes from.

    Parameters
    ----------
    source
        As for `Campaign.load`.

    Returns
    -------
    dict
        Field path (``steps.0.stopped_by.1.share``) → the fact it is taken from.
    """
    return facts_of(_find(str(source)), _find, by_name=("steps",))


def _find(source: str) -> Path:
    ready = FOLDER / f"{source}.yaml"
    path = ready if "/" not in source and ready.is_file() else Path(source)
    try:
        if path.is_file():
            return path
    except OSError:
        pass
    near = difflib.get_close_matches(source, campaigns(), n=1, cutoff=0.4)
    hint = _(" Did you mean {name}?").format(name=near[0]) if near else ""
    raise SafeShopError(
        _("There is no campaign and no file called {source}.{hint} The campaigns are {names}.").format(
            source=source, hint=hint, names=", ".join(campaigns())
        )
    )


# ---------------------------------------------------------------------------------------------------------------
# preconditions


@dataclass(frozen=True)
class Precondition:
    """Something without which a campaign cannot begin.

    Attributes
    ----------
    holds
        Whether a shop has it.
    because
        What it says about the scenario.
    """

    holds: Callable[[Scenario], bool]
    because: str


def _weak(word: str) -> Precondition:
    return Precondition(lambda shop: word in shop.defence.weaknesses, f"defence.weaknesses names {word}")


def _paid_by(*methods: str) -> Callable[[Scenario], bool]:
    return lambda shop: any(method.name in methods for method in shop.payment.methods)


PRECONDITIONS: Final[Mapping[str, Precondition]] = {
    "own-site": Precondition(lambda shop: shop.channel == "own-site", "arrangement.operator is own-site"),
    "sells-on-marketplace": Precondition(
        lambda shop: shop.channel == "marketplace", "arrangement.operator is not own-site"
    ),
    "takes-cards": Precondition(_paid_by("card"), "payment.methods has card"),
    "takes-cash-on-delivery": Precondition(
        _paid_by("cash-on-delivery"), "payment.methods has cash-on-delivery"
    ),
    "is-paid-out": Precondition(
        lambda shop: any(not method.on_delivery for method in shop.payment.methods),
        "some payment method is paid out by a company",
    ),
    "has-members": Precondition(
        lambda shop: shop.demand.members_at_start > 0 or shop.demand.returning > 0,
        "demand.members_at_start or demand.returning is above 0",
    ),
    "sees-buyers": Precondition(
        lambda shop: (
            shop.arrangement.mode != "consignment" and shop.arrangement.operator not in ("self-run", "hybrid")
        ),
        "the shop itself, no third party, has the buyers' data",
    ),
    "has-staff": Precondition(
        lambda shop: shop.staff.packers + shop.staff.service_agents > 1, "staff are two or more"
    ),
    "buys-from-suppliers": Precondition(
        lambda shop: any(product.reorder_point > 0 for product in shop.catalogue), "some product is reordered"
    ),
    "keeps-vault": Precondition(
        lambda shop: (
            shop.retention.orders_leave in ("at-completion", "at-order")
            or shop.retention.members_leave == "on-joining"
        ),
        "retention carries orders or members to the vault",
    ),
    "uses-erp": Precondition(
        lambda shop: shop.retention.orders_leave == "to-erp", "retention.orders_leave is to-erp"
    ),
    "confirms-automatically": Precondition(
        lambda shop: shop.confirmation.mode == "automatic", "confirmation.mode is automatic"
    ),
    **{word: _weak(word) for word in WEAKNESSES},
}
"""Name → what a campaign may need of a shop."""
