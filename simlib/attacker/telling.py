"""Telling: what happened in an attack and what was decided, in the reader's words.

The campaigns' own words (titles, steps, detectors) stand in `simlib.attacker.words`; here are those of the log, of the
response's tasks, and of the questions that a drill puts.
"""

from __future__ import annotations

from simlib.attacker.words import detector_label, precondition_label, step_title, teller_label
from simlib.defence.controls import control
from simlib.languages import _


def incident_label(kind: str) -> str:
    """A kind of incident in two or three words."""
    return _incidents()[kind]


def task_label(task: str) -> str:
    """A task of the response."""
    return _tasks()[task]


def question_label(kind: str) -> str:
    """A question of the response, as it is put to the group."""
    return _questions()[kind]


def option_label(kind: str, option: str) -> str:
    """An answer to a question of the response."""
    return _options().get(f"{kind}:{option}") or _options()[option]


def tell(campaign: str, step: str, kind: str, what: str, amount: int = 0) -> str:
    """One row of the log as a line for people, without its time.

    Parameters
    ----------
    campaign, step, kind, what, amount
        As in `simlib.records.Run.incidents`; places are left as they are called there.
    """
    line = incident_label(kind)
    if kind == "decided":
        question, _colon, option = what.partition(":")
        return _("{question} {answer}").format(
            question=question_label(question), answer=option_label(question, option)
        )
    if kind == "worked":
        return _("{task}: {hours} hours of work").format(task=task_label(what), hours=f"{amount / 60:.1f}")
    detail = {
        "seen": lambda: detector_label(what),
        "found_late": lambda: teller_label(what),
        "stopped": lambda: control(what).title,
        "impossible": lambda: precondition_label(what),
    }.get(kind, lambda: "")()
    if not detail and step and kind in ("attempted", "succeeded", "failed"):
        detail = step_title(campaign, step)
    elif kind == "stopped" and step:
        detail = f"{step_title(campaign, step)} — {detail}"
    return _("{line}: {detail}").format(line=line, detail=detail) if detail else line


def _incidents() -> dict[str, str]:
    return {
        "impossible": _("the attack is impossible here"),
        "attempted": _("tried"),
        "succeeded": _("succeeded"),
        "failed": _("failed by itself"),
        "stopped": _("stopped"),
        "seen": _("noticed"),
        "found_late": _("came out by itself"),
        "decided": _("decided"),
        "contained": _("attacker shut out"),
        "patched": _("hole closed"),
        "keys_renewed": _("passwords and keys renewed"),
        "restored": _("data back"),
        "restore_failed": _("the backup did not work"),
        "rebuilt": _("shop set up anew, without its data"),
        "ransom_paid": _("ransom paid"),
        "key_worthless": _("the bought key opened nothing"),
        "notified": _("authority told"),
        "notice_late": _("notice to the authority too late"),
        "fined": _("fined for confirmed orders that were not kept"),
        "customers_told": _("customers told"),
        "worked": _("work done"),
        "returned": _("the attacker is back"),
        "copies_taken": _("data copied"),
        "memory_read": _("server memory read"),
        "payouts_diverted": _("payouts go to another account"),
        "cash_transferred": _("money transferred"),
        "price_changed": _("wrong price in the shop"),
        "orders_faked": _("false orders"),
        "shop_stopped": _("shop out of reach"),
        "shop_reopened": _("shop within reach again"),
        "encrypted": _("data encrypted"),
        "destroyed": _("data destroyed"),
        "goods_kept": _("payments disputed though the goods came"),
        "cards_tested": _("stolen cards tried"),
        "buyers_called": _("buyers called"),
        "wallets_taken": _("members' stored money spent"),
    }


def _tasks() -> dict[str, str]:
    return {
        "contain": _("shut the attacker out"),
        "patch": _("close the hole"),
        "renew-keys": _("renew passwords and keys"),
        "restore": _("restore from the backup"),
        "rebuild": _("set the shop up anew"),
        "decrypt": _("decrypt with the bought key"),
        "notify": _("tell the authority"),
        "tell-customers": _("tell the customers"),
    }


def _questions() -> dict[str, str]:
    return {
        "contain": _("Shut the attacker out, although the shop is disturbed by it?"),
        "notify": _("Tell the authority?"),
        "pay": _("Pay the ransom?"),
        "restore": _("How do the data come back?"),
        "patch": _("Find the hole and close it?"),
        "renew-keys": _("Renew all passwords and keys?"),
        "tell-customers": _("Tell the customers?"),
    }


def _options() -> dict[str, str]:
    return {
        "now": _("At once."),
        "tomorrow": _("Tomorrow."),
        "never": _("No, leave it."),
        "yes": _("Yes."),
        "no": _("No, do not."),
        "offline-backup": _("From the backup that lies apart."),
        "online-backup": _("From the backup on the network."),
        "rebuild": _("Not at all; set the shop up anew."),
        "nothing": _("Leave everything as it is."),
    }
