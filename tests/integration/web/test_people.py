"""Finding people and acting: an audience by rule, lists and views, what-if, and a message to one user."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from standalone.fleet import running_servers
from standalone.telegram_servers import sender_server, telegram_servers
from tests.integration.conftest import RanPlatform
from tests.integration.web.conftest import Visit
from warehouse.database import Database, rows

COUNT = re.compile("^[0-9,]+ users?$")


def found(page: Page, other_than: str | None = None) -> str:
    """How many users the list says that it has, in its own words, once it says something else."""
    title = page.get_by_role("heading", name=COUNT)
    expect(title).to_be_visible()
    if other_than is not None:
        expect(title).not_to_have_text(other_than)
    return title.inner_text()


def test_an_audience_is_built_saved_listed_and_taken_into_a_campaign(
    ran_platform: RanPlatform, visit: Callable[..., Visit]
) -> None:
    seen = visit()
    page = seen.open("users")
    everybody = found(page)
    page.get_by_role("button", name="More conditions").click()
    condition = page.get_by_role("group", name="Condition 1")
    condition.get_by_label("From").fill("0.5")
    expect(page.get_by_text("probability of leaving ≥ 0.50")).to_be_visible()
    page.wait_for_url("**rules=**")
    risky = found(page, everybody)

    page.get_by_role("button", name="Save this view").click()
    page.get_by_label("Name of the view").fill("Likely to leave")
    page.get_by_role("button", name="Save", exact=True).click()
    view = page.get_by_role("group", name="Saved views").get_by_role("button", name="Likely to leave")
    expect(view).to_be_visible()
    seen.open("users")
    found(page, risky)
    view.click()
    page.wait_for_url("**rules=**")
    expect(page.get_by_role("heading", name=COUNT)).to_have_text(risky)

    page.get_by_role("button", name="Add all to a list").click()
    page.get_by_label("Name of the list").fill("Leavers")
    page.get_by_role("button", name="Add", exact=True).click()
    added = page.get_by_text(re.compile(r"^[0-9]+ users? added to “Leavers”$"))
    expect(added).to_have_text(f"{risky} added to “Leavers”")
    page.get_by_role("button", name="Undo").click()
    expect(added).to_have_count(0)

    page.get_by_role("link", name="Contact half of them as an experiment").click()
    expect(page.locator("h1")).to_have_text("New campaign")
    expect(page.get_by_text("50 % held out")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text=risky)).to_be_visible()
    assert seen.complaints == []


def test_cells_of_reports_lead_to_their_people(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    page = visit().open("segments?view=rfm")
    cell = page.get_by_role("table", name="Buyers by recency and value").get_by_role("link").first
    users = cell.inner_text().split("\n")[0]
    cell.click()
    expect(page.locator("h1")).to_have_text("Users")
    expect(page.get_by_role("heading", name=COUNT)).to_have_text(re.compile(f"^{users} users?$"))
    page.goto("segments?view=retention")
    page.get_by_role("button", name="Table").click()
    row = page.get_by_role("table", name="Retention").get_by_role("row").nth(1)
    users = row.get_by_role("cell").nth(1).inner_text()
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", name=COUNT)).to_have_text(re.compile(f"^{users} users?$"))


def test_the_model_is_asked_what_if(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    page = visit().open("users?risk=high")
    page.get_by_role("table", name="Users").get_by_role("link").first.click()
    what_if = page.locator("section").filter(has=page.get_by_role("heading", name="What if"))
    what_if.get_by_role("button", name="Leaving").click()
    expect(what_if.get_by_text("not the effect of doing something")).to_be_visible()
    slider = what_if.get_by_role("slider").first
    slider.press("End")
    expect(what_if.get_by_role("status")).to_have_text(re.compile(r"^Leaving: [0-9.]+%; with these values [0-9.]+%$"))
    what_if.get_by_role("button", name="Reset").click()
    expect(what_if.get_by_role("status")).to_have_text(re.compile(r"^Leaving: [0-9.]+%$"))


def test_a_chart_is_saved_as_a_picture(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    seen = visit()
    for path, chart in (("", "Revenue and orders by day"), ("segments?view=funnel", "Funnel")):
        page = seen.open(path)
        with page.expect_download() as saved:
            page.get_by_role("button", name=f"PNG: {chart}").click()
        assert saved.value.suggested_filename == f"{chart}.png"
        picture = saved.value.path().read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 5_000
    assert seen.complaints == []


def test_a_user_is_found_and_written_to(
    ran_platform: RanPlatform, visit: Callable[..., Visit], subscribed: int
) -> None:
    # No other id begins with a longest one.
    (user,) = Database(ran_platform.warehouse_url).run(
        rows(str, "select user_id from app.subscriptions order by length(user_id) desc, user_id limit 1")
    )
    page = visit().open("users")
    page.get_by_label("Id begins with").fill(user)
    page.get_by_role("table", name="Users").get_by_role("link", name=user, exact=True).click()
    expect(page.locator("h1")).to_have_text(user)
    page.get_by_role("button", name="Message this user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What it is about").fill("A word")
    dialog.get_by_label("English").fill("Thank you for your order.")
    dialog.get_by_role("button", name="Send").click()
    expect(page.locator("h1")).to_have_text("A word")
    # At night the message waits, and the double may not know the chat; either way the user is a recipient.
    with running_servers([*telegram_servers(ran_platform.platform), sender_server(ran_platform.platform)]):
        page.get_by_role("button", name=re.compile("^(queued|in flight|sent|unreachable|failed): 1$")).click()
        page.get_by_role("link", name=user, exact=True).click()
    page.get_by_role("tab", name="Messages and lists").click()
    expect(page.get_by_role("cell", name="Thank you for your order.")).to_be_visible()
