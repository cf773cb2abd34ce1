"""Fraud messages: eight messages that reach a small shop, made up by us, to practise telling the true from the false.

Each comes with the sign by which it can be told. No link in them leads anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from simlib.languages import _

Answer = Literal["fraud", "genuine"]


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes
    ----------
    name
        Stable name for programs.
    fraud
        Whether it is one.
    sender, text, sign
        Who seems to write, what he writes, and how one can tell; made when asked for, so that they come in the reader's
        language.
    """

    name: str
    fraud: bool
    sender: Callable[[], str]
    text: Callable[[], str]
    sign: Callable[[], str]

    def answered(self, answer: Answer) -> bool:
        """Whether the answer is right."""
        return (answer == "fraud") == self.fraud


MESSAGES: Final[tuple[Message, ...]] = (
    Message(
        "store-closes",
        True,
        lambda: _("Mail from “Marketplace Seller Service”"),
        lambda: _(
            "Your store breaks our new rules and will be closed in 24 hours. Sign in at "
            "marketplace-seller.example to keep it open."
        ),
        lambda: _(
            "Fraud. It makes haste and leads to an address that is not the marketplace’s. Whatever is true stands in "
            "your back office, too: open it yourself."
        ),
    ),
    Message(
        "payout-on-its-way",
        False,
        lambda: _("Mail from your payment company"),
        lambda: _(
            "This week’s payout is on its way. You find the details in your account, as always. This mail has no link."
        ),
        lambda: _("Genuine. It asks for nothing, and you can look it up without it."),
    ),
    Message(
        "new-bank-account",
        True,
        lambda: _("Mail from a supplier you have known for years, in reply to your last order"),
        lambda: _(
            "Our bank is being audited, so please pay the open invoice to the new account below. Sorry for the trouble!"
        ),
        lambda: _(
            "Fraud. The address is the right one, for somebody else sits in his mailbox. Call him on the number you "
            "have had for years, never on the one in the mail."
        ),
    ),
    Message(
        "not-certified",
        True,
        lambda: _("Chat from a buyer"),
        lambda: _(
            "I cannot pay you, the platform says that your store is not certified. Scan this code and their support "
            "will certify you."
        ),
        lambda: _(
            "Fraud. A buyer does not know whether you are certified, and no platform certifies by chat. Next, the "
            "“support” would ask for a transfer."
        ),
    ),
    Message(
        "code-you-asked-for",
        False,
        lambda: _("Text message, half a minute after you signed in to your mail"),
        lambda: _("Your code is 318 204. We shall never ask you for it by telephone."),
        lambda: _(
            "Genuine. You asked for it just now. Enter it where you asked for it, and tell it to nobody."
        ),
    ),
    Message(
        "paste-to-repair",
        True,
        lambda: _("A web page that you opened from a search"),
        lambda: _("To show that you are human, press the Windows key and R, then Ctrl and V, then Enter."),
        lambda: _(
            "Fraud. These keys run a program that the page has put into your clipboard; it carries off all your saved "
            "passwords. No page needs that."
        ),
    ),
    Message(
        "voice-asks-for-code",
        True,
        lambda: _("A call that shows your payment company’s number"),
        lambda: _(
            "This is the safety desk. Somebody is emptying your account right now! Read me the code that we have just "
            "sent you, so that I can stop him."
        ),
        lambda: _(
            "Fraud. The number on the display can be chosen by the caller. Whoever asks for a code wants to get in. "
            "Hang up, and call the number in your contract."
        ),
    ),
    Message(
        "update-in-back-office",
        False,
        lambda: _("A notice in your shop’s back office, after you signed in as always"),
        lambda: _(
            "Version 4.2 closes a security hole. It will be installed tonight at three; there is nothing to do."
        ),
        lambda: _("Genuine. It stands where it must stand, asks for nothing and hurries nobody."),
    ),
)
"""The messages, in the order in which they are shown."""
