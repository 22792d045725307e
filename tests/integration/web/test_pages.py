"""Every page, as people see it: nothing fails, everyone can use it, it fits a phone, and it speaks Russian."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Request, expect

from tests.integration.conftest import RanPlatform
from tests.integration.web.chromium import AXE
from tests.integration.web.conftest import PHONE, Visit
from tests.integration.web.test_session import grow_old

PAGES = [
    "",
    "users",
    "users/{user}",
    "segments",
    "segments?view=retention",
    "segments?view=funnel",
    "segments?view=rfm",
    "campaigns",
    "campaigns/new?risk=high",
    "feedback",
    "models",
    "campaigns/templates",
    "campaigns/templates/regular",
    "campaigns/policies",
    "campaigns/triggers",
    "campaigns/triggers/new",
    "campaigns/experiments",
    "campaigns/experiments/new",
    "data",
    "data/import",
    "data/quarantine",
    "settings",
    "settings?view=shop",
    "settings?view=notifications",
    "settings?view=security",
    "settings?view=accounts",
    "settings?view=keys",
    "settings?view=audit",
]
USER = "00004"
# What opens a dialog, and where.
DIALOGS = [
    ("users/{user}", "Erase"),
    ("users/{user}", "Message this user"),
    ("users", "Add all to a list"),
    ("data", "Start a run"),
]
WORDS = Path(__file__).parents[3] / "web" / "src" / "i18n" / "ru.json"
# A word of the address of whoever has signed in is none.
KEY = re.compile(rf"(?<![@\w])(?:{'|'.join(json.loads(WORDS.read_text(encoding='utf-8')))})\.[A-Za-z_.]+")
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def violations(page: Page) -> list[str]:
    """What axe finds wrong, a line each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", WCAG)
    assert len(found["passes"]) > 10
    return [f"{each['id']}: {node['html']}" for each in found["violations"] for node in each["nodes"]]


def test_every_page_shows_itself_without_complaints_and_everyone_can_use_it(
    ran_platform: RanPlatform, visit: Callable[..., Visit]
) -> None:
    seen = visit()
    for path in PAGES:
        page = seen.open(path.format(user=USER))
        failed = page.get_by_role("alert").filter(has_text="could not be loaded")
        # Dagster does not run beside these pages, which those with runs say.
        expect(failed.filter(has_not_text="Dagster does not answer")).to_have_count(0)
        assert violations(page) == [], path
    assert [each for each in seen.complaints if "503" not in each] == []


def test_everyone_can_use_the_dialogs(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    seen = visit()
    for path, button in DIALOGS:
        page = seen.open(path.format(user=USER))
        page.get_by_role("button", name=button, exact=True).first.click()
        # A dialog that is still fading in has little contrast.
        expect(page.locator(".MuiDialog-container")).to_have_css("opacity", "1")
        assert violations(page) == [], button
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    page = seen.open("settings?view=security")
    grow_old(ran_platform, seen.email)
    page.get_by_role("button", name="Link Telegram").click()
    expect(page.get_by_role("dialog", name="Is it you?")).to_be_visible()
    expect(page.locator(".MuiDialog-container")).to_have_css("opacity", "1")
    assert violations(page) == []


def test_a_page_asks_for_its_data_in_two_requests(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    seen = visit()
    for path in ["", "users", "segments", "campaigns", "feedback", "models", "data", "settings"]:
        asked: list[str] = []

        def note(request: Request, asked: list[str] = asked) -> None:
            address = "/" + request.url.split("/", 3)[3].partition("?")[0]
            if not address.startswith(("/dashboard", "/auth", "/notices")):
                asked.append(address)

        seen.page.on("request", note)
        seen.open(path)
        seen.page.remove_listener("request", note)
        # Dagster does not run beside these pages: what asks it asks again.
        assert len(set(asked)) <= 2, (path, asked)


def test_every_page_can_be_read_in_the_dark(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    seen = visit()
    seen.page.emulate_media(color_scheme="dark")
    for path in PAGES:
        assert violations(seen.open(path.format(user=USER))) == [], path


def test_every_page_fits_a_phone_and_speaks_russian(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    seen = visit(language="ru-RU", size=PHONE)
    for path in PAGES:
        page = seen.open(path.format(user=USER))
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        # A word that is missing is shown as its key.
        assert KEY.findall(page.locator("body").inner_text()) == [], path
    expect(page.locator("h1")).to_have_text("Настройки")


def test_from_the_overview_to_a_user_by_keyboard_alone(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    page = visit().open("")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    tab_to(page, "users have a high risk of leaving")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Users")
    first = page.get_by_role("table", name="Users").get_by_role("row").nth(1).get_by_role("link")
    user = first.inner_text()
    tab_to(page, user)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(user)


def tab_to(page: Page, text: str) -> None:
    """Presses Tab until what has the focus says so."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if text in str(page.evaluate("document.activeElement.textContent")) and page.evaluate(
            "document.activeElement.matches('a, button')"
        ):
            return
    raise AssertionError(f"Tab does not reach {text}")


def test_a_page_that_does_not_exist_leads_back(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    page = visit().open("nothing-here")
    page.get_by_role("link", name="Overview").last.click()
    expect(page.locator("h1")).to_have_text("Overview")


def test_the_first_page_loads_little_script(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    """At most 300 kB, compressed: what only other pages need is not loaded. What a service worker keeps is not."""
    page = visit(service_workers="block").open("")
    loaded = page.evaluate(
        "performance.getEntriesByType('resource').filter(each => each.name.endsWith('.js'))"
        ".reduce((sum, each) => sum + each.encodedBodySize, 0)"
    )
    assert 100_000 < loaded < 300_000, loaded
