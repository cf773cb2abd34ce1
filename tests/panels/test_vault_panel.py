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

from simlib import panels
from simlib.course.rehearsal import SHOP_CODE, Rehearsal
from simlib.panels.vault import VaultApp, grid
from simlib.panels.vault.members import MemberSearch
from simlib.vault.reports import MemberFilter
from simlib.vault.schema import MEMBERS, ORDERS
from simlib.vault.session import IDLE_MINUTES
from tests.figures.drawn import cut_off, figure_of, overlapping
from tests.panels.moving import corners, pairs_of_steps, place
from tests.rehearsals import rehearsal

# Together these take longer than a quick look may.
pytestmark = pytest.mark.slow

TABS = {
    "owner": ["dashboard", "members", "orders", "call", "import", "audit", "rights"],
    "clerk": ["dashboard", "import"],
    "service": ["call"],
    "auditor": ["audit"],
}
ALERT = 'role="alert"'


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
    assert said(app) == "Give a reason of at least 8 characters; it goes into the trail."
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
        assert "<img" in place(panel, values)
        figure_of(panel.ax).canvas.draw()
        assert cut_off(panel.ax) == [], values
        assert overlapping(panel.ax) == [], values


def test_the_search_form_alone_can_be_made() -> None:
    assert MemberSearch(lambda: None).wanted() == MemberFilter()
