"""What people come for: find someone, understand why, act; and what they may not do."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import expect

from backend.access.permissions import Role
from standalone.fleet import running_servers
from standalone.servers import worker_server
from standalone.telegram_servers import sender_server, telegram_servers
from tests.integration.conftest import RanPlatform
from tests.integration.web.conftest import PASSWORD, Visit
from warehouse.databases import WAREHOUSE

USER = "00004"


def test_from_a_warning_to_a_user_and_why(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    page = visit().open("")
    page.get_by_role("link", name="users have a high risk of leaving").click()
    expect(page.locator("h1")).to_have_text("Users")
    assert "risk=high" in page.url
    row = page.get_by_role("table", name="Users").get_by_role("row").nth(1)
    user = row.get_by_role("link").inner_text()
    row.get_by_role("link").click()
    expect(page.locator("h1")).to_have_text(user)
    leaving = page.locator("section").filter(has_text="Leaving")
    expect(leaving.locator("ul li").first).to_be_visible()
    expect(page.get_by_role("table", name="Events")).to_be_visible()


def test_filters_stay_in_the_address(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    seen = visit()
    page = seen.open("users")
    page.get_by_label("Id begins with").fill("0000")
    expect(page.get_by_role("table", name="Users").get_by_role("row").nth(1)).to_contain_text("0000")
    page.wait_for_url("**search=0000**")
    page.get_by_role("columnheader", name="Spent").get_by_role("button").click()
    page.wait_for_url("**sort=purchase_amount_total**")
    page.reload()
    expect(page.get_by_label("Id begins with")).to_have_value("0000")
    expect(page.get_by_role("columnheader", name="Spent")).to_have_attribute("aria-sort", "descending")


def test_thousands_of_users_are_scrolled_and_few_are_drawn(
    ran_platform: RanPlatform, visit: Callable[..., Visit]
) -> None:
    page = visit().open("users?sort=user_id&order=asc")
    table = page.get_by_role("table", name="Users")
    for _ in range(6):
        table.evaluate("table => { table.scrollTop = table.scrollHeight }")
        page.wait_for_load_state("networkidle")
    assert int(str(table.get_by_role("row").last.get_attribute("aria-rowindex"))) > 300
    assert table.get_by_role("row").count() < 80


def test_a_user_is_exported(ran_platform: RanPlatform, visit: Callable[..., Visit], tmp_path: Path) -> None:
    page = visit().open(f"users/{USER}")
    with running_servers([worker_server(ran_platform.platform)]):
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as saved:
            page.get_by_role("button", name="Download").click(timeout=60_000)
    saved.value.save_as(tmp_path / "export.json")
    assert USER in json.dumps(json.loads((tmp_path / "export.json").read_text(encoding="utf-8-sig")))


def test_erasing_asks_for_the_id_first(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    page = visit().open(f"users/{USER}")
    page.get_by_role("button", name="Erase").click()
    erase = page.get_by_role("dialog").get_by_role("button", name="Erase")
    expect(erase).to_be_disabled()
    page.get_by_label("Type the user's id to confirm").fill("somebody else")
    expect(erase).to_be_disabled()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_viewer_sees_figures_and_no_people(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    page = visit(Role.VIEWER).open("")
    expect(page.get_by_role("navigation").get_by_role("link", name="Users")).to_have_count(0)
    page.goto("users")
    expect(page.get_by_text("You do not have the permission for this")).to_be_visible()
    page.goto("settings?view=security")
    expect(page.get_by_role("heading", name="My sessions")).to_be_visible()
    expect(page.get_by_role("tab", name="Accounts")).to_have_count(0)


def test_an_admin_makes_an_account_which_signs_in(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    email = f"olga-{uuid4().hex[:8]}@shop.example"
    page = visit().open("settings?view=accounts")
    accounts = page.locator("section").filter(has=page.get_by_role("heading", name="Accounts"))
    accounts.get_by_label("E-mail").fill(email)
    accounts.get_by_role("textbox", name="Name").fill("Olga")
    accounts.get_by_label("Password").fill(PASSWORD)
    accounts.get_by_role("button", name="Add account").click()
    expect(accounts.get_by_role("cell", name=email)).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("banner")).to_contain_text(email)


def test_a_reload_stays_signed_in_and_signing_out_leaves_nothing(
    ran_platform: RanPlatform, visit: Callable[..., Visit]
) -> None:
    page = visit().open("")
    page.reload()
    expect(page.locator("h1")).to_have_text("Overview")
    kept = page.evaluate("[document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)].join()")
    assert "car_" not in kept
    assert "eyJ" not in kept
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("input[name=email]")).to_be_visible()
    page.reload()
    expect(page.locator("input[name=email]")).to_be_visible()


def test_half_of_the_riskiest_are_written_to_as_an_experiment(
    ran_platform: RanPlatform, visit: Callable[..., Visit], subscribed: int
) -> None:
    """From signing in, without a manual: who they are, why they leave, and half of them in an experiment."""
    page = visit().open("")
    page.get_by_role("link", name="See who they are, and write to them").click()
    users = page.get_by_role("table", name="Users")
    expect(users.get_by_role("row").nth(1)).to_contain_text("high")
    expect(users.get_by_role("columnheader", name="Expected value")).to_have_attribute("aria-sort", "descending")
    users.get_by_role("link").first.click()
    expect(page.locator("section").filter(has_text="Leaving").locator("ul li").first).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Contact half of them as an experiment").click()
    assert "risk=high" in page.url
    page.get_by_label("Name").fill("Come back")
    page.get_by_label("English").fill("We have something new for you.")
    expect(page.get_by_text("50 % held out")).to_be_visible()
    page.get_by_role("button", name="Save draft").click()

    expect(page.locator("h1")).to_have_text("Come back")
    expect(page.get_by_text("would get a message")).to_be_visible()
    expect(page.get_by_role("cell", name="We have something new for you.").first).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    # At night the sender holds the messages; who is held out is decided at any hour.
    with running_servers([*telegram_servers(ran_platform.platform), sender_server(ran_platform.platform)]):
        page.get_by_role("button", name="Start").click()
        control = page.get_by_role("button", name="control group:")
        expect(control).to_be_visible()
    numbers = page.locator("button[aria-pressed]").all_inner_texts()
    counted = {state: int(users.replace(",", "")) for state, users in (each.split(": ") for each in numbers)}
    assert 0 < counted["control group"] < subscribed
    selected = page.get_by_text("selected").inner_text().split(" ")[0]
    assert sum(counted.values()) == int(selected.replace(",", ""))
    control.click()
    expect(page.get_by_role("table", name="control group").get_by_role("link").first).to_be_visible()
    expect(page.get_by_role("heading", name="Effect")).to_be_visible()


def test_what_has_just_happened_is_told_on_the_open_page(
    ran_platform: RanPlatform, visit: Callable[..., Visit]
) -> None:
    seen = visit()
    heard: list[str | bytes] = []

    # The browser's driver takes functions written in Python only.
    def hear(frame: str | bytes) -> None:
        heard.append(frame)

    seen.page.on("websocket", lambda socket: socket.on("framereceived", hear))
    page = seen.open("")
    while not heard:
        page.wait_for_timeout(50)
    body = json.dumps({"model": "churn", "as_of": "2025-01-02", "since": "2025-01-01", "reason": "A test."})
    with ran_platform.platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute("select app.add_notice('drift', %s::jsonb)", [body])
    page.get_by_role("link", name="Look").click()
    expect(page.locator("h1")).to_have_text("Models")
