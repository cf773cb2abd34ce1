"""The vault's screens: each role sees its own, everything is masked until a reason is given, errors are sentences."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from simlib import panels, vault
from simlib.course.rehearsal import SHOP_CODE, Rehearsal
from simlib.figures.vault_words import action_name
from simlib.panels.vault import VaultApp, grid
from simlib.panels.vault.members import MemberSearch
from simlib.vault.reports import MemberFilter
from simlib.vault.schema import MEMBERS, ORDERS
from simlib.vault.session import IDLE_MINUTES
from tests.panels.moving import check_drawn_whole, corners, pairs_of_steps, place
from tests.rehearsals import rehearsal

# Together these take longer than a quick look may.
pytestmark = pytest.mark.slow

TABS = {
    "owner": [
        "dashboard",
        "members",
        "orders",
        "call",
        "import",
        "audit",
        "rights",
        "backup",
        "destroy",
        "password",
    ],
    "clerk": ["dashboard", "import", "password"],
    "service": ["call", "password"],
    "auditor": ["audit"],
}
ALERT = 'role="alert"'
SHORT = "Give a reason of at least 8 letters or digits, or 4 Chinese characters; it goes into the trail."


@pytest.fixture(scope="module")
def lab() -> Iterator[Rehearsal]:
    made = rehearsal()
    made.carry()
    yield made
    made.remove()


@pytest.fixture
def app(lab: Rehearsal) -> Iterator[VaultApp]:
    made = lab.screens()
    yield made
    made.log_out()


def enter(app: VaultApp, role: str) -> None:
    """Log in as a learner does who does not like to type."""
    phone = app.login.phone
    phone.choice.value = next(place for place, one in enumerate(phone.accounts) if one.role == role)
    phone.enter.click()
    app.login.log_in()
    assert app.session.role == role, app.message.value


def texts(widget: Any) -> str:
    """Everything a panel shows."""
    own = [str(getattr(widget, name, "") or "") for name in ("value", "description", "tooltip")]
    return " ".join(own + [texts(child) for child in getattr(widget, "children", ())])


def said(app: VaultApp) -> str:
    """The sentence under the tabs."""
    return html.unescape(re.sub("<[^>]*>", "", app.message.value))


@pytest.mark.parametrize("role", TABS)
def test_each_role_has_the_tabs_of_its_rights_and_each_opens(app: VaultApp, role: str) -> None:
    enter(app, role)
    assert list(app.tabs) == TABS[role]
    for name, tab in app.tabs.items():
        tab.click()
        assert app.body.children == (app.screen(name).box,)
        assert app.message.value == ""


def test_a_wrong_code_or_shop_is_refused_in_one_sentence_and_wiped_from_the_form(app: VaultApp) -> None:
    for shop, code in ((SHOP_CODE, "000000"), ("OTHER", None)):
        app.login.phone.fill_in()
        app.login.shop.value = shop
        app.login.code.value = code or app.login.code.value
        app.login.log_in()
        assert ALERT in app.message.value
        assert said(app) == "Shop code, user, password or one-time code is wrong."
        assert app.login.password.value == app.login.code.value == ""
        assert not app.tabs
    enter(app, "owner")


def test_members_and_orders_are_masked_until_a_reason_is_given_and_the_trail_has_it(
    app: VaultApp, lab: Rehearsal
) -> None:
    enter(app, "owner")
    row = next(one for one in lab.history["members"] if one["mobile"] and one["address"])
    secrets = [str(row[name]) for name in ("mobile", "address", "email")]
    members = app.screen("members")
    app.go("members")
    members.form.fields["keyword"].value = str(row["member_code"])
    members.search(1)
    assert not any(secret in texts(app.box) for secret in secrets[:2])
    members.list.buttons[0].click()
    assert not any(secret in texts(members.detail.box) for secret in secrets)
    members.detail.reveal.reason.value = "short"
    members.detail.reveal.show.click()
    assert said(app) == SHORT
    members.detail.reveal.reason.value = "he asks on the phone"
    members.detail.reveal.show.click()
    assert all(secret in html.unescape(texts(members.detail.box)) for secret in secrets)
    order = lab.history["orders"][-1]
    app.screen("orders").open_order(str(order["order_number"]))
    view = app.screen("orders").detail
    assert str(order["recipient_address"]) not in texts(view.box)
    view.reveal.reason.value = "a parcel came back"
    view.reveal.show.click()
    assert str(order["recipient_address"]) in html.unescape(texts(view.box))
    reasons = [one.details.get("reason") for one in app.session.trail() if one.action == "reveal"]
    assert reasons[-2:] == ["he asks on the phone", "a parcel came back"]


def test_every_field_of_the_mission_is_on_the_screens_and_none_can_be_edited(
    app: VaultApp, lab: Rehearsal
) -> None:
    enter(app, "owner")
    app.go("members")
    app.screen("members").list.buttons[0].click()
    detail = app.screen("members").detail.box
    shown = html.unescape(texts(detail))
    # Row C4's own fields are searched by; the time of change is the import's business.
    assert [one.label for one in MEMBERS.fields if one.label not in shown and one.name != "changed_at"] == []
    order = app.screen("orders")
    order.open_order(str(lab.history["orders"][0]["order_number"]))
    shown = html.unescape(texts(order.detail.box))
    assert [one.label for one in ORDERS.fields if one.row == "C7" and one.label not in shown] == []
    for box in (detail, order.detail.box):
        assert [type(one).__name__ for one in every(box) if hasattr(one, "placeholder")].count("Text") == 1


def every(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from every(child)


def test_the_search_has_every_filter_and_finds_what_the_vault_finds(app: VaultApp) -> None:
    enter(app, "owner")
    form = app.screen("members").form
    assert set(form.fields) == {one.name for one in fields(MemberFilter)}
    chosen: dict[str, Any] = {
        "since": "2013", "until": "2014-05", "level": "new", "sex": "female", "newsletter": True,
        "has_bought": False, "age_from": "20", "age_to": "90", "points_from": "0", "keyword": "a",
        "nationality": "TW", "data_check": "incomplete", "channel": "own-site", "online_state": "online",
        "register_method": "self", "account_integration": "line", "email_validity": "valid",
        "found_by": "search", "birthday": "03", "points_to": "9",
    }  # fmt: skip
    chosen["since"] = "2013-01"
    for name, given in chosen.items():
        form.clear()
        form.fields[name].value = given
        wanted = getattr(form.wanted(), name)
        assert wanted == (int(given) if "age" in name or "points" in name else given)
        app.screen("members").search(1)
        expected = app.session.search_members(form.wanted()).count
        assert f"{expected} members found" in app.screen("members").found.value
    form.clear()
    assert form.wanted() == MemberFilter()


@pytest.mark.parametrize("text", ["-1", "１２", "1_0", "many"])
def test_a_number_that_is_none_is_told_in_a_sentence(app: VaultApp, text: str) -> None:
    enter(app, "owner")
    app.go("members")
    app.screen("members").form.fields["age_from"].value = text
    app.guarded(lambda: app.screen("members").search(1))
    assert said(app) == f"“{text}” is not a whole number; write it in digits."


def choose(screen: Any, name: str) -> None:
    screen.file.value = next(path for _label, path in screen.file.options if path.name == name)


def test_false_and_damaged_files_are_refused_and_nothing_is_stored(app: VaultApp) -> None:
    enter(app, "owner")
    app.go("import")
    screen, before = app.screen("import"), app.session.verify().rows
    for name, sentence in {
        "false.bundle": "does not bear the signature",
        "damaged.bundle": "was changed on the way",
        "members-faulty.csv": "must be true or false",
    }.items():
        choose(screen, name)
        for do in (screen.look, screen.bring_in):
            app.guarded(do)
            assert ALERT in app.message.value
            assert sentence in said(app)
    choose(screen, "members-cp950.csv")
    app.guarded(screen.look)
    assert said(app) == "Not signed: nobody vouches for it. members, read as cp950."
    assert app.session.verify().rows == before


@pytest.mark.parametrize(("mode", "current"), [("overwrite", [False, True]), ("further", [True, True])])
def test_a_changed_member_is_overwritten_or_kept_as_the_operator_chooses(
    mode: str, current: list[bool]
) -> None:
    lab = rehearsal()
    lab.carry()
    app = lab.screens()
    enter(app, "owner")
    day, screen = app.screen("dashboard"), app.screen("import")
    assert day.numbers.value.count('"ssv-big">0<') == 6
    app.go("import")
    choose(screen, "tonight.bundle")
    screen.mode.value = mode
    app.guarded(screen.bring_in)
    assert "Receipt to write down" in said(app)
    app.go("dashboard")
    done = app.session.dashboard()
    assert done.members_changed > 0
    assert f">{done.shop_completed}</span> completed" in day.numbers.value
    known = {one["member_code"]: one for one in lab.history["members"]}
    code = next(
        str(one["member_code"])
        for one in lab.news["members"]
        if one["member_code"] in known and known[one["member_code"]] != one
    )
    assert [one.is_current for one in app.session.history("members", code)] == current
    app.go("import")
    app.guarded(screen.bring_in)
    assert said(app) == "This very file was imported before; nothing was changed."
    app.log_out()
    lab.remove()


def test_a_caller_is_found_by_order_number_and_nobody_else_can_be_opened(
    app: VaultApp, lab: Rehearsal
) -> None:
    enter(app, "service")
    call = app.screen("call")
    first, other = (str(one["order_number"]) for one in lab.history["orders"][:2])
    call.number.value = first
    app.guarded(call.find)
    assert [one.description for one in call.orders.buttons] == [first]
    call.orders.buttons[0].click()
    assert app.message.value == ""
    app.guarded(lambda: call.open_order(other))
    assert said(app) == "Find the customer first; only what belongs to the one found last can be opened."
    call.number.value = "NO-SUCH"
    app.guarded(call.find)
    assert said(app) == "Nothing is found under “NO-SUCH”; check the spelling."
    assert call.found.children == ()


def test_the_audit_screen_verifies_with_its_own_receipt_and_refuses_another(app: VaultApp) -> None:
    enter(app, "auditor")
    audit = app.screen("audit")
    audit.receipt()
    audit.verify()
    assert said(app) == "Nothing was changed, removed or added."
    audit.kept.value = "nonsense"
    app.guarded(audit.verify)
    assert "is not a receipt" in said(app)
    audit.kept.value = "ABCDE-1-FGHIJ-KLMNO-PQRST-UVWXY"
    app.guarded(audit.verify)
    assert ALERT in app.message.value
    assert "The receipt does not fit" in audit.findings.value


def test_an_added_account_can_log_in_with_the_phone_and_a_removed_one_cannot(app: VaultApp) -> None:
    enter(app, "owner")
    rights = app.screen("rights")
    rights.name.value, rights.role.value, rights.password.value = "lin", "auditor", "fern-anvil-quartz-bell"
    app.guarded(rights.add)
    assert "Added." in said(app)
    assert "lin" in rights.users.value
    app.log_out()
    phone = app.login.phone
    phone.choice.value = len(phone.accounts) - 1
    phone.fill_in()
    app.login.log_in()
    assert app.session.user == "lin"
    enter(app, "owner")
    rights = app.screen("rights")
    rights.name.value = "lin"
    app.guarded(rights.remove)
    assert "Removed" in said(app)
    assert "lin" not in rights.users.value
    rights.name.value = "owner"
    app.guarded(rights.remove)
    assert said(app) == "owner is the only owner; make another one first."


def practice() -> tuple[Rehearsal, VaultApp]:
    """A vault of its own, for tests that destroy something; its owner is logged in."""
    lab = rehearsal()
    lab.carry()
    app = lab.screens()
    enter(app, "owner")
    return lab, app


def press(box: Any, label: str) -> None:
    """Press the button with this label."""
    (one,) = [each for each in every(box) if type(each).__name__ == "Button" and each.description == label]
    one.click()


def test_a_backup_is_made_rehearsed_and_still_holds_a_month_destroyed_since_until_it_is_destroyed_too() -> (
    None
):
    lab, app = practice()
    app.go("backup")
    backups = app.screen("backup")
    press(backups.box, "Rehearse the restore")
    assert said(app) == "No backup lies on the shelf; make one first."
    press(backups.box, "Back up now")
    assert said(app).startswith("backup-1 lies on the shelf. Receipt of the copy: ")
    press(backups.box, "Rehearse the restore")
    assert said(app) == "backup-1 can be restored: every row was checked."
    assert "yes, it can be restored" in backups.table.value
    app.go("destroy")
    screen = app.screen("destroy")
    held = {one.month: one.orders for one in app.session.monthly_statistics()[0]}
    assert {month: label for label, month in screen.month.options} == {
        month: f"{month}: {count:,} records" for month, count in held.items()
    }
    screen.month.value, screen.reason.value = "2014-05", "end of its time"
    press(screen.box, "Destroy…")
    told = texts(screen.confirm.box)
    assert f"{held['2014-05']} orders of 2014-05 and their lines become unreadable for everybody" in told
    assert "Backups on the shelf: backup-1. Those made before still hold this month" in told
    screen.confirm.typed.value = "2014-05"
    press(screen.box, "Destroy for good")
    assert said(app).startswith(
        f"2014-05 is destroyed: {held['2014-05']} records that nobody can read here any more."
    )
    assert "Backups on the shelf: backup-1." in said(app)
    assert [month for _label, month in screen.month.options] == [
        one for one in sorted(held) if one != "2014-05"
    ]
    assert [one.month for one in app.session.monthly_statistics()[0] if one.destroyed] == ["2014-05"]
    app.go("backup")
    press(backups.box, "Rehearse the restore")
    assert "This backup still holds the orders of 2014-05, destroyed here since" in backups.findings.value
    press(backups.box, "Back up now")
    press(backups.box, "Rehearse the restore")
    assert "still holds" not in backups.findings.value
    backups.chosen.value = next(path for label, path in backups.chosen.options if label == "backup-1")
    backups.reason.value = "holds what was destroyed"
    press(backups.box, "Destroy…")
    backups.confirm.typed.value = "backup-1"
    press(backups.box, "Destroy the backup")
    assert said(app) == "backup-1 is destroyed."
    assert [path.name for path in lab.folder.joinpath("shelf").iterdir()] == ["backup-2"]
    app.log_out()
    lab.remove()


def test_nothing_is_destroyed_without_the_right_word_and_a_reason_or_after_cancel() -> None:
    lab, app = practice()
    app.screen("backup").make()
    for name, label, word in (
        ("destroy", "Destroy for good", "2014-05"),
        ("backup", "Destroy the backup", "backup-1"),
    ):
        app.go(name)
        screen = app.screen(name)
        before = app.session.months("orders"), sorted(lab.folder.joinpath("shelf").iterdir())
        confirm = screen.confirm
        assert confirm.box.layout.display == "none"
        press(screen.box, label)  # hidden, but a program could press it
        assert said(app) == "Nothing was done: type – to confirm, or press Cancel."
        press(screen.box, "Destroy…")
        press(screen.box, label)
        assert said(app) == f"Nothing was done: type {word} to confirm, or press Cancel."
        confirm.typed.value = word
        press(screen.box, label)
        assert said(app) == SHORT
        assert confirm.box.layout.display == ""
        screen.reason.value = "客人要求刪除"
        press(screen.box, "Cancel")
        assert confirm.box.layout.display == "none"
        confirm.typed.value = word
        press(screen.box, label)
        assert ALERT in app.message.value
        press(screen.box, "Destroy…")
        app.go("dashboard")
        app.go(name)
        assert confirm.box.layout.display == "none"
        assert before == (app.session.months("orders"), sorted(lab.folder.joinpath("shelf").iterdir()))
    screen = app.screen("destroy")
    app.go("destroy")
    press(screen.box, "Destroy…")
    screen.month.value = "2014-06"  # another month than the one that was asked about
    assert screen.confirm.box.layout.display == "none"
    screen.family.value = "members"
    assert set({month: label for label, month in screen.month.options}) == set(app.session.months("members"))
    app.log_out()
    lab.remove()


@pytest.mark.parametrize("role", [role for role in TABS if role != "owner"])
def test_other_roles_do_not_see_backup_destruction_and_accounts_and_cannot_press_them_by_a_trick(
    app: VaultApp, lab: Rehearsal, role: str
) -> None:
    enter(app, "owner")
    app.go("backup")
    app.screen("backup").make()
    trick = {name: app.screen(name) for name in ("backup", "destroy", "rights")}
    app.go("destroy")
    shelf = sorted(lab.folder.joinpath("shelf").iterdir())
    before = app.session.months("orders"), app.session.users()
    for name in ("backup", "destroy"):
        trick[name].reason.value = "end of its time"
        trick[name].ask()
    trick["destroy"].confirm.typed.value, trick["backup"].confirm.typed.value = "2014-05", shelf[-1].name
    trick["rights"].name.value, trick["rights"].password.value = "clerk", "fern-anvil-quartz-bell"
    trick["rights"].reason.value = "a year has passed"
    enter(app, role)
    assert not {"backup", "destroy", "rights"} & app.tabs.keys()
    right_of = {"Back up now": "backup", "Rehearse the restore": "backup", "Destroy the backup": "destroy",
                "Destroy for good": "destroy", "Add": "users", "New password": "users", "Remove": "users",
                "Renew the keys": "renew-keys"}  # fmt: skip
    pressed = 0
    for screen in trick.values():
        for label, right in right_of.items():
            if any(getattr(one, "description", "") == label for one in every(screen.box)):
                press(screen.box, label)
                assert said(app) == f"Your role {role} does not allow this ({right}); ask the owner."
                pressed += 1
    assert pressed == len(right_of)
    enter(app, "owner")
    assert sorted(lab.folder.joinpath("shelf").iterdir()) == shelf
    assert before == (app.session.months("orders"), app.session.users())
    assert [one.details["right"] for one in app.session.trail() if one.action == "refused"][
        -pressed:
    ] == list(right_of.values())


def test_passwords_change_and_are_reset_and_keys_renewed_and_the_phone_keeps_up() -> None:
    lab, app = practice()
    app.go("password")
    screen = app.screen("password")
    old, new = lab.account("owner").password, "圓珠筆-飛魚-湖水-胡桃-鐵軌"
    for given, sentence in (
        ((old, new, new + "x"), "The two passwords differ; start again."),
        (
            (old, "short", "short"),
            "Choose a password of 12 to 1024 characters with at least 4 different ones;",
        ),
        (("wrong", new, new), "The old password is wrong."),
        ((old, new, new), "The password is changed, and the make-believe phone fills in the new one."),
    ):
        screen.old.value, screen.new.value, screen.again.value = given
        press(screen.box, "Change")
        assert said(app).startswith(sentence)
        assert screen.old.value == screen.new.value == screen.again.value == ""
    rights = app.screen("rights")
    app.go("rights")
    rights.name.value, rights.password.value = "clerk", "fern-anvil-quartz-bell"
    press(rights.box, "New password")
    assert said(app) == "The account has a new password and a new authenticator; the old ones open nothing."
    rights.reason.value = "a year has passed"
    press(rights.box, "Renew the keys")
    assert said(app) == "Renewed: the root key is now number 2."
    app.log_out()
    assert [one.name for one in lab.accounts] == ["owner", "clerk", "service", "auditor"]
    for role in ("owner", "clerk"):  # by the screen, and as the lesson's cells do
        enter(app, role)
        app.log_out()
        lab.sign_in(role).sign_out()
    lab.remove()


def test_everything_the_trail_notes_has_a_word_and_says_what_it_was_about(app: VaultApp) -> None:
    code = " ".join(path.read_text(encoding="utf-8") for path in Path(vault.__file__).parent.glob("*.py"))
    noted = set(re.findall(r'(?:note|change|_end)\([^()]*?"([a-z]+(?:-[a-z]+)*)"', code)) - {"owner"}
    noted |= {"create", "drop-keys", "renew-keys", "add-user", "reset-user", "remove-user", "change-password"}
    assert len(noted) > 25
    assert {one for one in noted if action_name(one) == one} == set()
    enter(app, "owner")
    app.screen("backup").make()
    app.go("audit")
    assert "backup-" in app.screen("audit").table.value


def test_an_idle_session_locks_itself_and_leads_back_to_the_log_in(app: VaultApp, lab: Rehearsal) -> None:
    enter(app, "owner")
    lab.clock.forward(60 * IDLE_MINUTES + 1)
    app.tabs["members"].click()
    assert said(app) == f"The vault locked itself after {IDLE_MINUTES} minutes; log in again."
    assert app.body.children == (app.login.box,)
    assert not app.nav.children


def test_a_later_log_in_ends_the_earlier_one_with_a_sentence(app: VaultApp, lab: Rehearsal) -> None:
    enter(app, "owner")
    lab.read_trail()
    app.go("members")
    assert said(app) == "The vault was opened elsewhere in the meantime; log in again."
    app.log_out()
    enter(app, "owner")
    assert app.message.value == ""


def test_what_a_customer_wrote_never_becomes_markup() -> None:
    nasty = '<img src=x onerror="alert(1)">'
    for shown in (
        grid.table_html(nasty, [nasty], [[nasty]]),
        grid.card(nasty, [(nasty, nasty)]),
        grid.title_html(nasty),
        grid.line(nasty).value,
    ):
        assert "<img" not in shown


def test_no_text_of_the_screens_hides_inside_an_f_string_where_the_extractor_misses_it() -> None:
    folder = Path(panels.__file__).parent
    for path in (*(folder / "vault").glob("*.py"), *folder.parent.glob("figures/vault*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
                assert not any(isinstance(one.func, ast.Name) and one.func.id == "_" for one in calls), path


def test_a_step_of_any_control_of_the_ways_in_changes_the_picture() -> None:
    panel = panels.what_if_vault_reach(10, 11)
    first = panel.picture.value
    assert 3 <= len(panel.controls) <= 5
    for control, widget in panel.controls.items():
        # The others as they stand at first, which a learner sees first.
        for before, after in list(pairs_of_steps(widget))[::2]:
            seen = [place(panel, panel.at_first | {control: value}) for value in (before, after)]
            assert seen[0] != seen[1], (control, after)
    panel.reset.click()
    assert panel.picture.value == first


@pytest.mark.slow
def test_every_corner_of_the_ways_in_is_drawn_whole() -> None:
    panel = panels.what_if_vault_reach(10, 11)
    for values in corners(panel):
        check_drawn_whole(panel, values)


def test_the_search_form_alone_can_be_made() -> None:
    assert MemberSearch(lambda: None).wanted() == MemberFilter()
