"""Who one is: a fresh proof before a dangerous act, and Telegram in place of a password."""

from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.integration.conftest import RanPlatform
from tests.integration.web.conftest import PASSWORD, Visit
from warehouse.databases import WAREHOUSE


def grow_old(platform: RanPlatform, email: str) -> None:
    """The last proof of somebody was an hour ago."""
    with platform.platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute(
            "update app.sessions set proven_at = now() - interval '1 hour'"
            " where account_id = (select account_id from app.accounts where email = %s)",
            [email],
        )


def at_telegram(page: Page, name: str) -> None:
    """Somebody confirms at Telegram's page who they are."""
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()
    page.get_by_role("link", name=name).click()


def test_a_dangerous_act_asks_who_it_is_and_is_repeated(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    seen = visit()
    page = seen.open("settings?view=accounts")
    grow_old(ran_platform, seen.email)
    email = f"olga-{uuid4().hex[:8]}@shop.example"
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("textbox", name="Name").fill("Olga")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Add account").click()
    dialog = page.get_by_role("dialog", name="Is it you?")
    dialog.get_by_label("Password").fill("not the password at all")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("The password is wrong.")
    dialog.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name=email)).to_be_visible()
    expect(dialog).to_have_count(0)


def test_who_would_rather_not_say_does_nothing(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    seen = visit()
    page = seen.open("settings?view=security")
    grow_old(ran_platform, seen.email)
    page.get_by_role("button", name="Link Telegram").click()
    page.get_by_role("dialog", name="Is it you?").get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("You do not have the permission for this")).to_have_count(0)
    expect(page.get_by_role("alert")).to_contain_text("did not confirm who you are")


def test_telegram_is_linked_proves_and_signs_in(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    seen = visit()
    page = seen.open("settings?view=security")
    page.get_by_role("button", name="Link Telegram").click()
    at_telegram(page, "Olga")
    expect(page.get_by_text("A Telegram user is linked.")).to_be_visible()

    grow_old(ran_platform, seen.email)
    page.get_by_role("button", name="Remove the link").click()
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Confirm in Telegram").click()
    at_telegram(opened.value, "Olga")
    expect(page.get_by_text("No Telegram user is linked.")).to_be_visible()

    page.get_by_role("button", name="Link Telegram").click()
    at_telegram(page, "Olga")
    expect(page.get_by_text("A Telegram user is linked.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with Telegram").click()
    at_telegram(page, "Pavel")
    expect(page.get_by_role("alert")).to_contain_text("no account here is linked")
    page.get_by_role("link", name="To the dashboard").click()
    page.get_by_role("button", name="Sign in with Telegram").click()
    at_telegram(page, "Olga")
    expect(page.get_by_role("banner")).to_contain_text(seen.email)
    assert "code=" not in page.url
