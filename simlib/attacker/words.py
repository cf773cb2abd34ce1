"""Words of the attacks: what a learner reads about campaigns, their steps, detectors, preconditions and effects.

The data files name everything by slugs, so that all of it passes through translation. A campaign that a learner wrote
himself has no words here; it is shown by the names in its own file.
"""

from __future__ import annotations

from typing import Final

from simlib.languages import N_, _

CAMPAIGNS: Final[dict[str, tuple[str, str]]] = {
    "heartbleed": (
        N_("Heartbleed: reading the server’s memory"),
        N_(
            "A fault in an old library lets a stranger read pieces of your server’s memory: passwords, "
            "sessions, in the end the private key."
        ),
    ),
    "shop-software-hole": (
        N_("A hole in the shop’s software"),
        N_(
            "The shop’s software was not updated; a program finds the hole within hours, leaves a back "
            "door and copies the customers’ records."
        ),
    ),
    "checkout-skimmer": (
        N_("A skimmer on the checkout page"),
        N_(
            "A script that your checkout loads from somebody else is changed and copies every card that "
            "is typed in."
        ),
    ),
    "account-takeover": (
        N_("The seller’s account is taken over"),
        N_(
            "You log in on a false page; the thief uses your session, and from then on your payouts go "
            "to his bank."
        ),
    ),
    "infostealer": (
        N_("A stealer on the owner’s laptop"),
        N_(
            "A web page offers to repair your computer; what you run carries off every saved password "
            "and open log-in."
        ),
    ),
    "credential-stuffing": (
        N_("Leaked passwords tried on your members"),
        N_(
            "Programs try passwords that leaked elsewhere on your members’ accounts, spend their points "
            "and order in their names."
        ),
    ),
    "insider-export": (
        N_("An insider exports the orders"),
        N_(
            "Somebody who works for you, or no longer does, still may see everything, exports all orders "
            "and sells them."
        ),
    ),
    "ransomware": (
        N_("Ransomware"),
        N_(
            "A stranger gets in by remote access, wipes the backups he can reach, encrypts the rest and "
            "asks for money."
        ),
    ),
    "supplier-payment-fraud": (
        N_("False bank account of a supplier"),
        N_(
            "A thief reads along in your mailbox and, when a large bill is due, writes as your supplier: "
            "please pay to our new account."
        ),
    ),
    "leaked-orders-calls": (
        N_("Leaked orders, false calls to buyers"),
        N_(
            "Orders leak from a service you use; buyers are called about “wrong instalments”, and some "
            "of them pay."
        ),
    ),
    "seller-not-certified": (
        N_("“You are not certified as a seller”"),
        N_(
            "A false buyer cannot order because you are “not certified”, and leads you to a false page "
            "where you transfer money."
        ),
    ),
    "wrong-price": (
        N_("A wrong price overnight"),
        N_(
            "A price is wrong, the word spreads, programs order by the dozen, and the shop confirms "
            "without asking."
        ),
    ),
    "card-testing": (
        N_("Stolen cards tried out, true orders disputed"),
        N_(
            "Programs try stolen cards at your checkout at your cost, and some buyers dispute orders "
            "that they received."
        ),
    ),
    "poisoned-carrier": (
        N_("The vault’s stick is poisoned"),
        N_(
            "The stick that goes to the offline vault carries a program or a table with formulas, and "
            "carries the history out again."
        ),
    ),
    "service-token-theft": (
        N_("The key is stolen at a service"),
        N_(
            "An app or ERP that may read your shop is broken into; with its key a thief fetches all "
            "orders, without your password."
        ),
    ),
    "sale-day-flood": (
        N_("A flood of requests on sale day"),
        N_("On the day of your sale a hired flood of requests keeps buyers out."),
    ),
}
"""Campaign → title, and its story in one sentence."""

STEPS: Final[dict[str, dict[str, str]]] = {
    "heartbleed": {
        "old-library-found": N_("An old library is found"),
        "memory-read": N_("Memory is read"),
        "private-key-found": N_("The private key is found"),
        "session-replayed": N_("A session is used again"),
    },
    "shop-software-hole": {
        "hole-exploited": N_("The hole is used"),
        "web-shell-planted": N_("A back door is left"),
        "database-copied": N_("The database is copied"),
        "back-door-used-again": N_("He comes back through the back door"),
    },
    "checkout-skimmer": {
        "script-poisoned": N_("The script is changed at its maker’s"),
        "script-runs-at-checkout": N_("It runs on your checkout page"),
        "cards-copied": N_("Cards are copied"),
    },
    "account-takeover": {
        "false-login-page": N_("A false log-in page"),
        "session-taken": N_("Your session is taken"),
        "payout-account-changed": N_("The payout account is changed"),
    },
    "infostealer": {
        "false-repair-run": N_("A false repair is run"),
        "passwords-carried-off": N_("Passwords and sessions are carried off"),
        "accounts-used": N_("Your accounts are used"),
        "payout-account-changed": N_("The payout account is changed"),
    },
    "credential-stuffing": {
        "passwords-tried": N_("Leaked passwords are tried"),
        "accounts-opened": N_("Members’ accounts open"),
        "false-orders": N_("Orders in members’ names"),
    },
    "insider-export": {
        "rights-too-broad": N_("Somebody may see too much"),
        "orders-exported": N_("All orders are exported"),
        "data-carried-out": N_("The data are carried out and sold"),
    },
    "ransomware": {
        "remote-access-entered": N_("He comes in by remote access"),
        "backups-wiped": N_("The backups are wiped"),
        "data-encrypted": N_("The data are encrypted"),
    },
    "supplier-payment-fraud": {
        "false-login-page": N_("A false log-in page for your mail"),
        "mailbox-entered": N_("He is in your mailbox"),
        "forwarding-rule-set": N_("He reads along"),
        "supplier-impersonated": N_("He writes as your supplier"),
        "money-transferred": N_("You pay to his account"),
    },
    "leaked-orders-calls": {
        "service-broken-into": N_("A service of yours is broken into"),
        "orders-fetched": N_("The orders are fetched"),
        "buyers-called": N_("Your buyers are called"),
    },
    "seller-not-certified": {
        "false-buyer-writes": N_("A false buyer writes"),
        "false-certification-page": N_("A false certification page"),
        "clerk-impersonated": N_("A false bank clerk has you transfer money"),
    },
    "wrong-price": {
        "price-entered": N_("A wrong price is entered"),
        "word-spreads": N_("The word spreads"),
        "bots-order": N_("Programs order"),
    },
    "card-testing": {
        "cards-tried": N_("Stolen cards are tried"),
        "goods-bought-with-cards": N_("Goods are bought with those that work"),
        "true-orders-disputed": N_("True orders are disputed"),
    },
    "poisoned-carrier": {
        "stick-infected": N_("The stick is infected"),
        "opened-on-vault": N_("It is opened on the vault computer"),
        "history-copied": N_("The history is copied to the stick"),
        "carried-back": N_("It is carried back and sent out"),
    },
    "service-token-theft": {
        "service-broken-into": N_("A service of yours is broken into"),
        "token-taken": N_("Your shop’s key is taken"),
        "orders-pulled": N_("All orders are fetched with it"),
    },
    "sale-day-flood": {
        "flood-hired": N_("The flood is hired"),
        "shop-out-of-breath": N_("The shop grows slow"),
        "shop-unreachable": N_("The shop cannot be reached"),
    },
}
"""Campaign → step → what happens in it."""

BLIND: Final[dict[str, dict[str, str]]] = {
    "heartbleed": {
        "old-library-found": N_(
            "From outside it is one visit among many; nothing in the shop’s records tells it apart."
        ),
        "private-key-found": N_("He searches on his own computer what he has already read."),
    },
    "checkout-skimmer": {
        "script-poisoned": N_("It happens at the maker of the script, whom you cannot see."),
    },
    "wrong-price": {
        "word-spreads": N_("It spreads in forums and groups that you do not read at night."),
    },
    "poisoned-carrier": {
        "history-copied": N_("The vault computer has no network and nobody watches it while it works."),
    },
    "service-token-theft": {
        "token-taken": N_(
            "The key lies at the service; you learn of it only when they tell you or when it is used."
        ),
    },
    "sale-day-flood": {
        "flood-hired": N_("He pays somebody far away; nothing reaches you yet."),
    },
}
"""Campaign → step that nothing in the shop can see → why."""

DETECTORS: Final[dict[str, str]] = {
    "record-length-mismatch": N_("Answers longer than the questions"),
    "session-from-elsewhere": N_("A session from two places at once"),
    "log-review": N_("Weekly look at the records"),
    "new-file": N_("A new file on the server"),
    "unknown-administrator": N_("An unknown administrator"),
    "script-changed": N_("A script has changed"),
    "card-company-notice": N_("The card company’s notice"),
    "new-device-notice": N_("Notice of a log-in from a new device"),
    "payout-missing": N_("A payout is missing"),
    "malware-alarm": N_("Alarm of the malware protection"),
    "leak-notice": N_("Notice of a leaked password"),
    "login-failures": N_("Many failed log-ins"),
    "buyer-complaints": N_("Buyers complain"),
    "export-volume": N_("An unusually large export"),
    "access-review": N_("Going through the accounts"),
    "backup-failed": N_("The backup has failed"),
    "mass-rename": N_("Many files change at once"),
    "ransom-note": N_("The thief’s own letter"),
    "mail-rule-notice": N_("A new rule in the mailbox"),
    "account-change-asked": N_("Somebody asks about the new bank account"),
    "supplier-reminder": N_("The true supplier’s reminder"),
    "bank-question": N_("The bank asks"),
    "canary-call": N_("A call to an invented order"),
    "police-notice": N_("The police’s notice"),
    "link-off-platform": N_("The link leads off the platform"),
    "money-gone": N_("The money is gone from the bank"),
    "order-rate": N_("Alarm at too many orders"),
    "owner-looks": N_("You look yourself"),
    "price-change-log": N_("Record of price changes"),
    "decline-ratio": N_("Too many declined cards"),
    "payment-company-warning": N_("The payment company warns"),
    "manifest-mismatch": N_("The list of files does not match"),
    "row-count": N_("The number of rows is wrong"),
    "interface-volume": N_("An app fetches unusually much"),
    "place-of-use": N_("A key is used from a strange place"),
    "service-notice": N_("The service’s notice"),
    "latency": N_("The shop answers slowly"),
    "false-page-reported": N_("Somebody says: I typed my password there"),
}
"""Detector → what notices."""

PRECONDITIONS: Final[dict[str, str]] = {
    "own-site": N_("the shop has a web site of its own"),
    "sells-on-marketplace": N_("the shop sells on a marketplace"),
    "takes-cards": N_("buyers can pay by card"),
    "takes-cash-on-delivery": N_("buyers can pay at the door"),
    "is-paid-out": N_("a company pays out the shop’s money"),
    "has-members": N_("buyers have accounts with the shop"),
    "sees-buyers": N_("the shop itself can read its buyers’ data"),
    "has-staff": N_("more than one person works for the shop"),
    "buys-from-suppliers": N_("the shop pays suppliers"),
    "keeps-vault": N_("the shop carries data to an offline vault"),
    "uses-erp": N_("an ERP fetches the orders"),
    "confirms-automatically": N_("the shop confirms orders without a look"),
    "heartbeat-openssl": N_("the server’s TLS library answers heartbeats wrongly"),
    "unpatched-shop": N_("the shop’s software is behind on updates"),
    "third-party-script": N_("a page loads somebody else’s script"),
    "remote-access": N_("a computer can be reached from outside"),
    "broad-rights": N_("people may see more than their work needs"),
    "reused-passwords": N_("members use passwords that they use elsewhere, too"),
    "connected-service": N_("an app or ERP holds a key to the shop"),
    "open-checkout": N_("anybody can try cards at the checkout"),
}
"""Precondition → what must be so for the campaign to begin."""

EFFECTS: Final[dict[str, str]] = {
    "take-copies": N_("copies people’s data"),
    "read-memory": N_("reads the server’s memory"),
    "divert-payouts": N_("turns payouts to his own account"),
    "transfer-cash": N_("gets money transferred"),
    "wrong-price": N_("has goods sold too cheaply"),
    "order-falsely": N_("orders and does not pay"),
    "stop-shop": N_("keeps buyers out of the shop"),
    "encrypt": N_("locks data and asks for a ransom"),
    "destroy": N_("destroys data or backups"),
    "charge-back": N_("takes money back for goods received"),
    "card-testing": N_("tries cards at the shop’s cost"),
    "call-buyers": N_("calls buyers and cheats them"),
    "take-wallets": N_("spends members’ points and stored money"),
}
"""Kind of effect → what the attacker does to the shop."""

TELLERS: Final[dict[str, str]] = {
    "own": N_("your own watching"),
    "outsider": N_("somebody from outside"),
    "attacker": N_("the thief himself"),
}
"""Who tells the owner."""


def campaign_title(campaign: str) -> str:
    """A campaign's title in the reader's language; its name if the kit has no words for it."""
    return _(CAMPAIGNS[campaign][0]) if campaign in CAMPAIGNS else campaign


def campaign_story(campaign: str) -> str:
    """What happens in a campaign, in one sentence in the reader's language; empty if the kit has no words for it."""
    return _(CAMPAIGNS[campaign][1]) if campaign in CAMPAIGNS else ""


def step_title(campaign: str, step: str) -> str:
    """What happens in a step, in the reader's language; its name if the kit has no words for it."""
    return _said(STEPS.get(campaign, {}), step)


def why_unseen(campaign: str, step: str) -> str:
    """Why nothing in the shop can see a step, in the reader's language; empty for a step that has a detector."""
    reason = BLIND.get(campaign, {}).get(step)
    return _(reason) if reason else ""


def detector_label(detector: str) -> str:
    """A detector in the reader's language; its name if the kit has no words for it."""
    return _said(DETECTORS, detector)


def precondition_label(need: str) -> str:
    """What must be so for a campaign to begin, in the reader's language."""
    return _said(PRECONDITIONS, need)


def effect_label(kind: str) -> str:
    """What an effect does to the shop, in the reader's language."""
    return _said(EFFECTS, kind)


def teller_label(by: str) -> str:
    """Who tells the owner, in the reader's language."""
    return _said(TELLERS, by)


def _said(words: dict[str, str], name: str) -> str:
    return _(words[name]) if name in words else name
