"""The README's pictures of the dashboard: `make screenshots` simulates a shop, runs everything once and takes them."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from backend.access.permissions import Role
from backend.accounts.passwords import hashed
from backend.accounts.store import add_account
from standalone.fleet import running_servers
from standalone.local_key import ensure_local_key
from standalone.servers import api_server, model_servers
from standalone.stack import Platform, running_platform
from tests.integration.conftest import command, own_settings
from tests.integration.web.chromium import environment, unpack
from tests.integration.web.conftest import DESKTOP, PASSWORD
from warehouse.database import Database

EMAIL = "anna@shop.example"
PICTURES = {"overview": "", "user": "users?risk=high"}
IS_DRAWN = "() => document.querySelectorAll('figure:has(svg text)').length >= 3"
"""Whether the three charts of reasons on the user's page are drawn."""


def take(platform: Platform, folder: Path) -> None:
    """Signs in and takes each picture."""
    Database(platform.backend_url).run(add_account(EMAIL, "Anna", Role.ADMIN, hashed(PASSWORD)))
    ensure_local_key(platform)
    servers = [api_server(platform), *model_servers(platform)]
    with running_servers(servers) as (api, *_), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(unpack()), env=environment(), args=["--no-sandbox", "--font-render-hinting=none"]
        )
        page = browser.new_page(
            base_url=f"{api.command.address}/dashboard/",
            viewport=DESKTOP,  # type: ignore[arg-type]
            locale="en-GB",
            reduced_motion="reduce",
        )
        page.goto("")
        page.locator("input[name=email]").fill(EMAIL)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("button[type=submit]").click()
        page.locator("nav").wait_for()
        for name, path in PICTURES.items():
            page.goto(path)
            page.wait_for_load_state("networkidle")
            if name == "user":
                page.get_by_role("table", name="Users").get_by_role("link").first.click()
                page.get_by_role("table", name="Events").wait_for()
                page.get_by_role("progressbar").wait_for(state="hidden")
                page.wait_for_function(IS_DRAWN)
            page.screenshot(path=folder / f"{name}.png")
        browser.close()


def main(folder: Path) -> None:
    """Makes the shop in a home that is gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, running_platform(own_settings(Path(home) / "home")) as platform:
        command(platform, "events", "simulate", "--users", "2000", "--days", "240", "--seed", "3", "--load")
        command(platform, "run", "--no-backtest")
        take(platform, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
