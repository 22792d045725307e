"""A real browser on the real pages: the API of a finished run, and people who sign in to it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Literal
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from backend.access.permissions import Role
from backend.accounts.passwords import hashed
from backend.accounts.store import add_account
from standalone.fleet import running_servers
from standalone.servers import api_server
from tests.integration.backend.telegram_pages import CLIENT_ID, CLIENT_SECRET, telegram_pages
from tests.integration.conftest import RanPlatform, export
from tests.integration.web.chromium import environment, unpack
from warehouse.database import Database
from warehouse.databases import WAREHOUSE

PASSWORD = "a long sentence nobody guesses"
PUSH_SERVICE = "https://push.example"
DESKTOP = {"width": 1360, "height": 900}
PHONE = {"width": 375, "height": 740}

expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def dashboard(finished_run: RanPlatform) -> Iterator[str]:
    """The address of the dashboard beside the finished run. The double is Telegram's sign-in page."""
    with ExitStack() as running:
        pages = running.enter_context(telegram_pages("Olga", "Pavel"))
        # The environment says where passwords are, and is needed only while the server starts.
        with pytest.MonkeyPatch.context() as monkeypatch:
            export(finished_run.platform, monkeypatch)
            server = api_server(finished_run.platform)
            telegram = {
                "BACKEND_TELEGRAM_BOT_ID": CLIENT_ID,
                "BACKEND_TELEGRAM_CLIENT_SECRET": CLIENT_SECRET,
                "BACKEND_TELEGRAM_ISSUER": pages.address,
                "BACKEND_TELEGRAM_REDIRECT_URL": f"{server.address}/dashboard/telegram",
            }
            known = {"BACKEND_PUSH_SERVICES": json.dumps([PUSH_SERVICE])}
            server = replace(server, environment={**server.environment, **telegram, **known})
            running.enter_context(running_servers([server]))
        yield f"{server.address}/dashboard"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a module, and gone with them: its driver's event loop runs as long as it is there,
    and asyncio could start none in the tests that come after.
    """
    with sync_playwright() as playwright:
        # Root may not use the sandbox; the pages are our own.
        started = playwright.chromium.launch(
            executable_path=str(unpack()), env=environment(), args=["--no-sandbox", "--font-render-hinting=none"]
        )
        yield started
        started.close()


@dataclass(frozen=True)
class Visit:
    """A page in which somebody has signed in, and what the browser complained about."""

    page: Page
    email: str
    complaints: list[str]

    def open(self, path: str) -> Page:
        """Opens a page of the dashboard and waits until it has all it asked for."""
        self.page.goto(path.lstrip("/"))
        expect(self.page.locator("h1")).to_be_visible()
        self.page.wait_for_load_state("networkidle")
        return self.page


def _is_complaint(message: ConsoleMessage) -> bool:
    """Errors and warnings, but for one of Chromium's: once the service worker answers, what a page preloaded before is
    fetched again, which is slower by a cached file and nothing else.
    """
    return message.type in ("error", "warning") and not message.text.startswith("A preload for ")


@pytest.fixture
def visit(ran_platform: RanPlatform, browser: Browser, dashboard: str) -> Iterator[Callable[..., Visit]]:
    """Signs somebody new in, in a browser profile of their own."""
    contexts: list[BrowserContext] = []
    stored = hashed(PASSWORD)

    def make(
        role: Role = Role.ADMIN,
        language: str = "en-GB",
        size: dict[str, int] = DESKTOP,
        service_workers: Literal["allow", "block"] = "allow",
    ) -> Visit:
        email = f"{role}-{uuid4().hex[:8]}@shop.example"
        Database(ran_platform.platform.backend_url).run(add_account(email, f"A {role}", role, stored))
        context = browser.new_context(
            base_url=f"{dashboard}/",
            locale=language,
            viewport=size,  # type: ignore[arg-type]
            reduced_motion="reduce",
            service_workers=service_workers,
        )
        contexts.append(context)
        page = context.new_page()
        complaints: list[str] = []
        page.goto("")
        page.locator("input[name=email]").fill(email)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("button[type=submit]").click()
        expect(page.locator("nav")).to_be_visible()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if _is_complaint(message) else None,
        )
        return Visit(page, email, complaints)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def subscribed(ran_platform: RanPlatform) -> Iterator[int]:
    """How many users may be written to about offers: the bot knows their chats for the time of the test."""
    subscribe = (
        "insert into app.subscriptions (user_id, chat_id, language, topics)"
        " select user_id, row_number() over (order by user_id), 'en', '{offers}'"
        " from analytics.user_list order by churn_risk is distinct from 'high', user_id limit 40"
    )
    with ran_platform.platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        yield connection.execute(subscribe).rowcount
        connection.execute("truncate app.campaigns cascade")
        connection.execute("delete from app.subscriptions")
        connection.execute("delete from raw.events where source <> 'import'")
