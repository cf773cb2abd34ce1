"""The vault's codes in the reader's language: files keep codes, screens show words."""

from __future__ import annotations

from collections.abc import Mapping

from simlib.languages import _
from simlib.vault.schema import FieldSpec


def role_name(role: str) -> str:
    """A role as a person calls it."""
    return {
        "owner": _("owner"),
        "clerk": _("clerk who imports"),
        "service": _("customer service"),
        "auditor": _("auditor"),
    }.get(role, role)


def right_name(right: str) -> str:
    """A right as a person calls it."""
    return {
        "import": _("import files"),
        "dashboard": _("see the day's numbers"),
        "statistics": _("see the months' numbers"),
        "list-orders": _("list orders"),
        "search-members": _("search members"),
        "find": _("find one customer"),
        "reveal": _("see one record in full, with a reason"),
        "history": _("see a record's former versions"),
        "export": _("write data out"),
        "trail": _("read the audit trail"),
        "verify": _("verify the vault"),
        "receipt": _("print a receipt"),
        "backup": _("back up and rehearse the restore"),
        "destroy": _("destroy a month or a backup"),
        "renew-keys": _("renew the keys"),
        "users": _("add and remove accounts"),
        "shops": _("accept a shop's signature"),
        "change-password": _("change the own password"),
    }.get(right, right)


def action_name(action: str) -> str:
    """What the trail noted, as a person says it."""
    return {
        "create": _("vault made"),
        "sign-in": _("logged in"),
        "sign-in-refused": _("log-in refused"),
        "sign-out": _("logged out"),
        "locked-idle": _("locked after idling"),
        "refused": _("refused: no right"),
        "import": _("imported"),
        "list-orders": _("listed orders"),
        "search-members": _("searched members"),
        "find": _("looked up a customer"),
        "view": _("looked at an order, masked"),
        "reveal": _("saw a record in full"),
        "history": _("saw former versions"),
        "export": _("wrote data out"),
        "read-trail": _("read the trail"),
        "verify": _("verified the vault"),
        "backup": _("backed up"),
        "drill": _("rehearsed the restore"),
        "destroy": _("destroyed a month"),
        "destroy-backup": _("destroyed a backup"),
        "drop-keys": _("removed a destroyed month's key"),
        "renew-keys": _("renewed the keys"),
        "add-user": _("added an account"),
        "reset-user": _("reset an account"),
        "remove-user": _("removed an account"),
        "add-shop": _("accepted a shop's signature"),
        "change-password": _("changed the own password"),
        "change-password-refused": _("mistyped the old password"),
    }.get(action, action)


def table_name(table: str) -> str:
    """A table as a person calls it."""
    return {"members": _("members"), "orders": _("order records"), "order_lines": _("lines of orders")}.get(
        table, table
    )


def choices(column: str) -> Mapping[str, str]:
    """Code → word of a column; empty if its cells are no codes."""
    return {
        "sex": {"female": _("female"), "male": _("male"), "unstated": _("not stated")},
        "register_method": {
            "self": _("by himself"),
            "checkout": _("while ordering"),
            "staff": _("by the shop"),
        },
        "account_integration": {
            "none": _("no"),
            "line": "LINE",
            "google": "Google",
            "facebook": "Facebook",
            "wechat": "WeChat",
        },
        "channel": {"own-site": _("own site"), "marketplace": _("marketplace")},
        "level": {"new": _("new member"), "regular": _("regular"), "vip": _("very important")},
        "online_state": {"online": _("active"), "offline": _("suspended")},
        "found_by": {
            "unknown": _("unknown"),
            "search": _("web search"),
            "friend": _("a friend"),
            "social": _("social media"),
            "advertisement": _("advertisement"),
        },
        "email_validity": {
            "unchecked": _("not checked"),
            "valid": _("valid"),
            "bounced": _("comes back"),
        },
        "order_status": {
            "completed": _("completed"),
            "open": _("open"),
            "refunded": _("refunded"),
            "rejected": _("rejected"),
            "unpaid": _("not paid"),
            "out-of-stock": _("out of stock"),
            "refused": _("parcel refused"),
        },
        "item_status": {
            "delivered": _("delivered"),
            "waiting": _("waiting"),
            "packed": _("packed"),
            "shipped": _("shipped"),
            "returned": _("returned"),
            "not-shipped": _("not shipped"),
        },
        "payment_method": {
            "card": _("card"),
            "wallet": _("wallet"),
            "bank-transfer": _("bank transfer"),
            "cash-on-delivery": _("cash on delivery"),
        },
        "delivery_method": {
            "courier": _("courier"),
            "post": _("post"),
            "store-pick-up": _("store pick-up"),
        },
        "delivery_time": {
            "any": _("any time"),
            "morning": _("morning"),
            "afternoon": _("afternoon"),
            "evening": _("evening"),
        },
        "invoice_type": {
            "personal": _("personal"),
            "company": _("company"),
            "donated": _("donated"),
            "none": _("none"),
        },
        "invoice_state": {"issued": _("issued"), "not-issued": _("not issued"), "void": _("void")},
    }.get(column, {})


def cell_text(spec: FieldSpec, cell: str) -> str:
    """A cell as the screen shows it: words for codes, times to the minute, yes and no."""
    if not cell:
        return "–"
    if spec.type == "boolean":
        return _("yes") if cell == "true" else _("no")
    if spec.type == "datetime":
        return cell[:16].replace("T", " ")
    return choices(spec.name).get(cell, cell)
