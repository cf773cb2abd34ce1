"""Words of the controls: a short title and one sentence, what a small shop does, for each.

The data file names controls by number or slug only, so that everything a learner reads passes through translation.
The wording is ours; of the CIS Controls only the numbers are used.
"""

from __future__ import annotations

from typing import Final

from simlib.languages import N_

WORDS: Final[dict[str, tuple[str, str]]] = {
    "1.1": (
        N_("List of devices"),
        N_("Keep one list of every computer, phone, router and memory stick the shop uses."),
    ),
    "1.2": (
        N_("Unknown devices taken off"),
        N_("Once a week, look for devices on your network that are not on the list, and take them off."),
    ),
    "2.1": (
        N_("List of software and scripts"),
        N_(
            "Keep one list of programs, plug-ins and outside scripts, with their versions and why you need them."
        ),
    ),
    "2.2": (
        N_("Only software that is still looked after"),
        N_("Use only programs whose maker still repairs them; replace the rest."),
    ),
    "2.3": (
        N_("Unlisted software removed"),
        N_("Each month, remove programs, browser extensions and scripts that are not on the list."),
    ),
    "3.1": (
        N_("Rules for customers’ data"),
        N_("Write on one page which data you collect, who looks after them and how they are passed on."),
    ),
    "3.2": (
        N_("List of where data lie"),
        N_("Note every place where customers’ data lie: web shop, mailbox, tables, vault, paper."),
    ),
    "3.3": (
        N_("Access by need"),
        N_("Let each person see only the data that his or her work needs."),
    ),
    "3.4": (
        N_("Data kept no longer than needed"),
        N_("Decide how long each kind of data stays, and let nothing stay longer."),
    ),
    "3.5": (
        N_("Data destroyed for good"),
        N_("Wipe or shred what is thrown away: files, disks, sticks, printed lists."),
    ),
    "3.6": (
        N_("Disk encryption"),
        N_("Switch on disk encryption on every laptop, phone and on the vault computer."),
    ),
    "4.1": (
        N_("Checklist for setting up computers"),
        N_("Set up every computer and the shop software from one checklist of safe settings."),
    ),
    "4.2": (
        N_("Checklist for the router"),
        N_("Give the router a new password, no remote administration, and a network of its own for guests."),
    ),
    "4.3": (
        N_("Screen lock"),
        N_("Have screens lock by themselves after a few minutes."),
    ),
    "4.4": (
        N_("Firewall on the server"),
        N_("On a server of your own, leave open only the doors that the shop needs."),
    ),
    "4.5": (
        N_("Firewall on each computer"),
        N_("Switch on the firewall of every computer and let in only what you know."),
    ),
    "4.6": (
        N_("Safe remote administration"),
        N_(
            "Administer shop and computers only over encrypted ways; leave no remote desktop open to the internet."
        ),
    ),
    "4.7": (
        N_("No factory passwords"),
        N_("Change or switch off the accounts and passwords that came with a device or program."),
    ),
    "5.1": (
        N_("List of accounts"),
        N_("Keep a list of all accounts with owner and rights, and go through it every three months."),
    ),
    "5.2": (
        N_("A different password everywhere"),
        N_("Use a password manager and a long password of its own for each account."),
    ),
    "5.3": (
        N_("Unused accounts closed"),
        N_("Close accounts that nobody has used for about six weeks."),
    ),
    "5.4": (
        N_("Daily work without administrator rights"),
        N_("Work with an ordinary account; use the administrator’s only to install and set up."),
    ),
    "6.1": (
        N_("Rights are given by a rule"),
        N_("Say who may give rights, and write down each time who got which and why."),
    ),
    "6.2": (
        N_("Rights end the same day"),
        N_("When somebody leaves or a service is no longer used, take the rights back the same day."),
    ),
    "6.3": (
        N_("Second factor on every account"),
        N_("Switch on the second step of logging in for marketplace, payment, mail and shop administration."),
    ),
    "6.4": (
        N_("Second factor for remote access"),
        N_("Whoever connects to the shop’s computers from outside must prove it with a second factor."),
    ),
    "6.5": (
        N_("Second factor for administrators"),
        N_("Every administrator’s log-in needs a second factor, also inside the shop."),
    ),
    "7.1": (
        N_("Somebody looks for security holes"),
        N_("Name one person who reads the makers’ warnings every week."),
    ),
    "7.2": (
        N_("Dangerous holes closed within 14 days"),
        N_(
            "Fix a date for every hole found: dangerous ones within 14 days, those in use by thieves at once."
        ),
    ),
    "7.3": (
        N_("Automatic system updates"),
        N_("Let the operating systems of computers and phones update themselves."),
    ),
    "7.4": (
        N_("Automatic program updates"),
        N_("Let browser, programs and shop plug-ins update themselves, and check each month that they did."),
    ),
    "8.1": (
        N_("Decided what is logged"),
        N_("Decide what is recorded, who looks at it and how often."),
    ),
    "8.2": (
        N_("Logs switched on and looked at"),
        N_("Switch on the records of log-ins, exports and changes, and read them once a week."),
    ),
    "8.3": (
        N_("Room for the logs"),
        N_("Give the records enough room to go back three months."),
    ),
    "9.1": (
        N_("Current browser and mail program"),
        N_("Use only a browser and a mail program that are still updated."),
    ),
    "9.2": (
        N_("Filter for false addresses"),
        N_("Set the router or the computers to a name service that refuses known false and infected sites."),
    ),
    "10.1": (
        N_("Protection against malware"),
        N_("Switch on the malware protection of every computer."),
    ),
    "10.2": (
        N_("Malware protection kept fresh"),
        N_("Let the protection fetch its new patterns by itself; carry them to the vault computer by hand."),
    ),
    "10.3": (
        N_("Nothing starts from a stick by itself"),
        N_("Switch off the automatic start of programs from sticks and disks."),
    ),
    "11.1": (
        N_("Plan for getting data back"),
        N_("Write down what is backed up, where, and who brings it back in which order."),
    ),
    "11.2": (
        N_("Automatic backups"),
        N_("Have backups made by themselves at least once a week, for orders every night."),
    ),
    "11.3": (
        N_("Backups protected like the original"),
        N_("Encrypt backups and keep their passwords apart from the computer they come from."),
    ),
    "11.4": (
        N_("One copy offline, and tried out"),
        N_("Keep one backup unplugged, and bring data back from it once a quarter to see that it works."),
    ),
    "12.1": (
        N_("Current router software"),
        N_("Update the router’s software; replace a router that gets no more updates."),
    ),
    "14.1": (
        N_("Short security talk every year"),
        N_("Talk with everyone who works for the shop, on joining and once a year."),
    ),
    "14.2": (
        N_("Recognising false messages"),
        N_("Practise with real examples how false mails, chats and calls look."),
    ),
    "14.3": (
        N_("Knowing how to log in safely"),
        N_("Show everyone the password manager, the second factor, and never to type a code for a caller."),
    ),
    "14.4": (
        N_("Knowing how to handle data"),
        N_(
            "Show everyone how customers’ data are stored, sent and destroyed, and to leave no list on the desk."
        ),
    ),
    "14.5": (
        N_("Knowing how data slip out"),
        N_("Talk about the usual slips: the wrong recipient, an open link, a lost stick."),
    ),
    "14.6": (
        N_("Reporting without fear"),
        N_("Agree that whoever notices something odd says so at once and is thanked."),
    ),
    "14.7": (
        N_("Noticing missing updates"),
        N_("Show everyone how to see that a device has stopped updating, and whom to tell."),
    ),
    "14.8": (
        N_("Caution in foreign networks"),
        N_(
            "Use the phone’s own network rather than a café’s for shop work, and set up the home router safely."
        ),
    ),
    "15.1": (
        N_("List of services and suppliers"),
        N_(
            "Keep a list of every service that runs the shop or sees its data, with its rights and a contact."
        ),
    ),
    "17.1": (
        N_("Somebody in charge of incidents"),
        N_("Name the person who leads when something happens, and a stand-in."),
    ),
    "17.2": (
        N_("Telephone list for an emergency"),
        N_("Keep on paper whom to call: bank, platform, payment company, police, authority, technician."),
    ),
    "17.3": (
        N_("Agreed way to report"),
        N_("Agree how an incident is reported: to whom, how fast, with which facts."),
    ),
    "new-keys-and-certificates": (
        N_("New keys and certificates"),
        N_(
            "After a leak, make new keys, have certificates replaced and the old ones revoked, and end all sessions."
        ),
    ),
    "content-security-policy": (
        N_("Only listed scripts run"),
        N_(
            "Tell browsers with a content security policy which scripts may run at checkout and where data may go."
        ),
    ),
    "rate-limit": (
        N_("Brake on mass log-ins"),
        N_("Slow down and block whoever tries many log-ins or requests in a short time."),
    ),
    "call-back": (
        N_("Call back on a known number"),
        N_("Confirm every new bank account by calling a number you already had."),
    ),
    "payout-hold": (
        N_("Payouts wait after a change"),
        N_("Have the payment company hold payouts for some days after the bank account was changed."),
    ),
    "price-floor": (
        N_("Price floor"),
        N_("Let the shop refuse every price below a floor you set."),
    ),
    "four-eyes": (
        N_("A second person looks"),
        N_("Price changes and large payments count only when a second person has agreed."),
    ),
    "order-cap": (
        N_("Cap on sudden orders"),
        N_("Stop automatic confirmation when one article or one buyer gets far more orders than usual."),
    ),
    "three-d-secure": (
        N_("Card holder confirms (3-D Secure)"),
        N_("Have the bank ask the card holder to confirm payments at checkout."),
    ),
    "velocity-limit": (
        N_("Brake on card attempts"),
        N_("Allow only a few card attempts per visitor, card and hour."),
    ),
    "signed-manifest": (
        N_("Signed list of files"),
        N_("The export carries a signed list of its files and row counts; the vault takes nothing else."),
    ),
    "cdn": (
        N_("Traffic filter in front of the shop"),
        N_("Put a delivery network in front of the shop that soaks up floods of requests."),
    ),
    "canary-orders": (
        N_("Canary orders"),
        N_("Keep invented orders with a phone number of your own; whoever calls it has your data."),
    ),
    "offline-vault": (
        N_("Offline vault"),
        N_("Carry finished orders and member data to a computer without a network."),
    ),
    "masking": (
        N_("Masking"),
        N_("Let the shop hide name, address and phone after some days."),
    ),
    "security-key": (
        N_("Security key"),
        N_("Log in with a small key device that works only on the true site; keep a second one in the safe."),
    ),
}
"""Control → its title and its sentence, in English."""
