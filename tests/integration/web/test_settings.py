"""Settings of the whole shop: an administrator changes them, two at a time do not overwrite each other."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from backend.access.permissions import Role
from tests.integration.conftest import RanPlatform
from tests.integration.web.conftest import Visit
from tests.integration.web.test_session import PASSWORD, grow_old
from warehouse.databases import WAREHOUSE


@pytest.fixture
def currencies(ran_platform: RanPlatform) -> Iterator[str]:
    """The base currency of the shop, where dollars have a rate; nobody has changed any setting."""
    with ran_platform.platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        base = connection.execute(
            "insert into raw.base_currency (currency) values ('EUR') on conflict do nothing returning currency"
        ).fetchone()
        (settled,) = connection.execute("select currency from raw.base_currency").fetchone() or ("",)
        connection.execute(
            "insert into raw.exchange_rates (currency, day, rate, last_day) "
            "values ('XOF', '2025-02-01', 0.5, '2100-01-01')"
        )
        yield str(settled)
        connection.execute("truncate app.shop_settings")
        connection.execute("delete from raw.exchange_rates where currency = 'XOF'")
        if base is not None:
            connection.execute("truncate raw.base_currency")


def test_an_administrator_changes_the_shop_and_others_see_it(
    ran_platform: RanPlatform, visit: Callable[..., Visit], currencies: str
) -> None:
    seen, other = visit(), visit()
    first, second = seen.open("settings?view=shop"), other.open("settings?view=shop")
    grow_old(ran_platform, seen.email)
    first.get_by_label("Messages a day, at most").fill("4")
    first.get_by_label("Quiet hours from").fill("22:30")
    first.get_by_label("Time zone").fill("Asia/Tok")
    first.get_by_role("option", name="Asia/Tokyo").click()
    first.get_by_label("Currency of amounts").click()
    first.get_by_role("option", name="XOF").click()
    first.get_by_role("button", name="Save").click()
    first.get_by_role("dialog", name="Is it you?").get_by_label("Password").fill(PASSWORD)
    first.keyboard.press("Enter")
    expect(first.get_by_text(f"1 XOF = 0.5000 {currencies}")).to_be_visible()
    expect(first.get_by_text(f"Changed by {seen.email}")).to_be_visible()

    # Whoever saw the settings of before overwrites nothing.
    second.get_by_label("Messages a day, at most").fill("9")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_text("Somebody else has changed the settings")).to_be_visible()
    second.get_by_role("button", name="Show theirs").click()
    expect(second.get_by_label("Messages a day, at most")).to_have_value("4")

    reader = visit(Role.VIEWER).open("")
    expect(reader.get_by_text("days of Asia/Tokyo")).to_be_visible()
    expect(reader.get_by_text("XOF").first).to_be_visible()

    first.get_by_role("button", name="As where the platform is started").click()
    first.get_by_role("button", name="Save").click()
    expect(first.get_by_label("Messages a day, at most")).to_have_value("1")
    expect(first.get_by_text("XOF =")).to_have_count(0)


def test_who_writes_to_users_sees_the_settings_and_changes_none(
    ran_platform: RanPlatform, visit: Callable[..., Visit]
) -> None:
    page = visit(Role.MARKETER).open("settings?view=shop")
    expect(page.get_by_label("Messages a day, at most")).to_be_disabled()
    expect(page.get_by_text("Administrators change these settings")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
