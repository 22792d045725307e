"""The same bot where Telegram posts updates to the API: with its secret alone, and answered by the same path."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from standalone.fleet import Fleet
from standalone.servers import api_server
from standalone.stack import Platform
from standalone.telegram_servers import bot_server, telegram_of, telegram_servers
from tests.integration.bot.conftest import Shop
from warehouse.database import Database

SECRET = "a-secret_of-the-webhook"


@pytest.fixture(scope="module")
def shop(shared_warehouse_url: str, empty_platform: Platform) -> Iterator[Shop]:
    """A shop whose updates are posted."""
    empty_platform.home.service_key.write_text("none\n", encoding="utf-8")
    with Fleet() as fleet:
        api = api_server(empty_platform)
        api = replace(api, environment={**api.environment, "BACKEND_TELEGRAM_WEBHOOK_SECRET": SECRET})
        fleet.start([*telegram_servers(empty_platform), api])
        bot = bot_server(empty_platform, str(api.address))
        fleet.start([replace(bot, environment={**bot.environment, "BOT_UPDATES": "webhook"})])
        telegram = telegram_of(empty_platform)
        with httpx.Client(base_url=telegram.url, timeout=30, trust_env=False) as page:
            hook = {"url": f"{api.address}/telegram/webhook", "secret_token": SECRET}
            assert page.post(f"/bot{telegram.token}/setWebhook", json=hook).json()["ok"]
            yield Shop(empty_platform, fleet, telegram, str(api.address), page, Database(shared_warehouse_url))


def test_updates_that_are_posted_are_answered(shop: Shop) -> None:
    anna = shop.visitor()
    assert "first time here" in anna.say("/start")["text"]
    anna.events("answer_sent")
    info = shop.page.get(f"/bot{shop.telegram.token}/getWebhookInfo").json()["result"]
    assert info["pending_update_count"] == 0
    assert "last_error_message" not in info


def test_nobody_else_can_post_updates(shop: Shop) -> None:
    forged = httpx.post(f"{shop.api_url}/telegram/webhook", json={"update_id": 1}, trust_env=False)
    assert forged.status_code == 401
