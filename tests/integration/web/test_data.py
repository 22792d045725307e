"""A broken file is imported, looked at and repaired until nothing of it is held back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from backend.access.permissions import Role
from standalone.fleet import running_servers
from standalone.servers import worker_server
from tests.integration.conftest import RanPlatform
from tests.integration.web.conftest import Visit
from tests.integration.web.test_pages import violations
from warehouse.databases import WAREHOUSE

FILE = """visitor,action,when,total
mended 1,bought,05.01.1998 10:00,"12,50"
mended 1,looked,06.01.1998 11:00,
mended 2,bought,the other day,"7,00"
mended 3,,08.01.1998 09:00,
mended 4,,08.01.1998 09:30,
"""
SECONDS = 30_000


@pytest.fixture
def worker(ran_platform: RanPlatform) -> Iterator[None]:
    """The worker does what is asked; what was imported is gone afterwards."""
    with running_servers([worker_server(ran_platform.platform)]):
        yield
    with ran_platform.platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute("delete from raw.events where user_id like 'mended %'")
        connection.execute("truncate jobs.uploads, jobs.data_jobs, raw.events_quarantine")
        connection.execute("delete from raw.imports where upload_id is not null")


def choose(page: Page, label: str, value: str) -> None:
    """Types into a field that proposes what could be typed."""
    field = page.get_by_role("combobox", name=label, exact=True)
    field.fill(value)
    field.press("Enter")


def test_a_broken_file_is_imported_and_repaired_until_nothing_is_held_back(
    ran_platform: RanPlatform, visit: Callable[..., Visit], worker: None, tmp_path: Path
) -> None:
    file = tmp_path / "broken.csv"
    file.write_text(FILE, encoding="utf-8")
    seen = visit(Role.ANALYST)
    page = seen.open("data")
    page.get_by_role("link", name="Import a file").click()
    page.get_by_label("Choose a file").set_input_files(file)

    # The columns are proposed, but for the one that has no telling name.
    expect(page.get_by_role("heading", name="Columns of broken.csv")).to_be_visible()
    for label, column in (
        ("User *", "visitor"),
        ("Event type *", "action"),
        ("Occurred at *", "when"),
        ("Amount", "total"),
    ):
        choose(page, label, column)
    expect(page.get_by_text("Of the first 5 rows, 3 would be held back.")).to_be_visible()
    page.get_by_role("button", name="Add a word").click()
    page.get_by_label("Word in the file").last.fill("looked")
    choose(page, "Means", "view")
    table = page.get_by_role("table", name="First rows as events")
    expect(table.get_by_role("cell", name="view", exact=True)).to_be_visible()
    assert violations(page) == []

    page.get_by_role("button", name="Count").click()
    expect(page.get_by_text("This is what an import would do.")).to_be_visible(timeout=SECONDS)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("The file is imported.")).to_be_visible(timeout=SECONDS)
    page.get_by_role("link", name="Look at what was held back").click()

    # One row is corrected by hand.
    rows = page.get_by_role("table", name="Rows held back")
    expect(rows.get_by_role("row")).to_have_count(4)
    row = rows.get_by_role("row").filter(has_text="the other day")
    row.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("pre")).to_contain_text("the other day")
    dialog.get_by_label("Occurred at").fill("1998-01-07T12:00Z")
    assert violations(page) == []
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.get_by_text("The rows were tried again.")).to_be_visible(timeout=SECONDS)
    dialog.get_by_role("button", name="Close").click()
    expect(rows.get_by_role("row")).to_have_count(3)

    # The others have one fault, and are repaired together.
    page.get_by_role("link", name="All reasons").click()
    page.get_by_role("table", name="Held back").get_by_role("link").first.click()
    page.get_by_role("combobox", name="Value").fill("view")
    page.get_by_role("button", name="Try all again").click()
    expect(page.get_by_text("The rows were tried again.")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_text("Nothing is held back.")).to_be_visible()
    repaired = page.get_by_role("table", name="Repaired of late")
    expect(repaired.get_by_role("row")).to_have_count(4)
    expect(repaired).to_contain_text("1998-01-07T12:00Z")
    # Dagster does not run beside these pages, which the data page says.
    assert [each for each in seen.complaints if "503" not in each] == []
