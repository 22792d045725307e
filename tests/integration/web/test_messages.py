"""What the bot answers is changed and tried, and a trigger goes from its draft to its pause."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from standalone.fleet import running_servers
from standalone.telegram_servers import sender_server, telegram_servers
from tests.integration.conftest import RanPlatform
from tests.integration.web.conftest import Visit
from tests.integration.web.test_pages import violations
from warehouse.databases import WAREHOUSE


@pytest.fixture
def forgotten(ran_platform: RanPlatform) -> Iterator[None]:
    """What a test has made is gone afterwards."""
    yield
    with ran_platform.platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute("truncate app.template_versions, app.campaigns cascade")


def test_a_template_is_changed_tried_and_a_campaign_begins_from_it(
    ran_platform: RanPlatform, visit: Callable[..., Visit], forgotten: None
) -> None:
    seen = visit()
    page = seen.open("campaigns")
    page.get_by_role("link", name="Templates").click()
    page.get_by_role("table", name="Templates").get_by_role("link", name="regular").click()
    text = page.get_by_label("Text (en)")
    text.fill("Welcome back, {{ nobody }}!")
    page.get_by_role("button", name="Store").click()
    expect(page.get_by_text("The template cannot be used")).to_be_visible()
    text.fill("Welcome back, {{ first_name }}!")
    page.get_by_role("button", name="Try it").click()
    preview = page.get_by_role("table", name="Preview")
    expect(preview.or_(page.get_by_text("No user is in this situation."))).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Store").click()
    versions = page.get_by_role("table", name="Versions")
    expect(versions.get_by_role("row").nth(1)).to_contain_text("Welcome back")
    assert violations(page) == []

    page = seen.open("campaigns/new")
    page.get_by_label("Begin from a template").click()
    page.get_by_role("option", name="regular").click()
    expect(page.get_by_label("English")).to_have_value("Welcome back!")


def test_a_trigger_is_made_tried_started_and_paused(
    ran_platform: RanPlatform, visit: Callable[..., Visit], forgotten: None
) -> None:
    seen = visit()
    page = seen.open("campaigns")
    page.get_by_role("link", name="Triggers").click()
    page.get_by_role("link", name="New trigger").click()
    page.get_by_label("Name").fill("Thanks for the first order")
    page.get_by_label("Sent when").click()
    page.get_by_role("option", name="a user buys for the first time").click()
    page.get_by_label("English").fill("Thank you!")
    page.get_by_role("button", name="Save draft").click()

    expect(page.locator("h1")).to_have_text("Thanks for the first order")
    page.get_by_label("English").fill("Thank you very much!")
    page.get_by_role("button", name="Save draft").click()
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_text("0 messages to 0 users")).to_be_visible()
    assert violations(page) == []
    with running_servers([*telegram_servers(ran_platform.platform), sender_server(ran_platform.platform)]):
        for step, then in (("Approve", "Start"), ("Start", "Pause"), ("Pause", "Resume")):
            page.get_by_role("button", name=step).click()
            expect(page.get_by_role("button", name=then)).to_be_visible()
    expect(page.get_by_text("Thank you very much!")).to_be_visible()
    expect(page.get_by_text("It has reached nobody yet.")).to_be_visible()
    assert seen.complaints == []
