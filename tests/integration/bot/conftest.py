"""The double of Telegram, the API and the bot: three real processes, started by the command lines that `up` uses."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import pytest

from standalone.fleet import Fleet
from standalone.servers import api_server
from standalone.stack import Platform
from standalone.telegram_servers import Telegram, bot_server, telegram_of, telegram_servers
from warehouse.database import Database, rows

Json = dict[str, Any]

SECONDS = 20.0
_IDS = count(500_001)


@dataclass(frozen=True)
class Chat:
    """Somebody who writes to the bot."""

    shop: "Shop"
    user_id: int

    def act(self, action: str, **given: Any) -> Any:
        """What the page does when the user writes, presses or blocks."""
        answer = self.shop.page.post(f"/double/{action}", json={"user_id": self.user_id, **given})
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def messages(self) -> list[Json]:
        """All messages of the chat, oldest first."""
        return list(self.shop.page.get("/double/state", params={"user_id": self.user_id}).json()["messages"])

    def answers(self) -> list[Json]:
        """What the bot said."""
        return [message for message in self.messages() if message["from"]["is_bot"]]

    def say(self, words: str, **given: Any) -> Json:
        """Writes, and returns the bot's answer."""
        before = len(self.answers())
        self.act("write", text=words, **given)
        return wait_for(lambda: self.answers()[before:])[-1]

    def events(self, event_type: str, number: int = 1) -> list[Json]:
        """The properties of the user's events of a type, once there are so many."""
        query = (
            "select properties from raw.events where user_id = %(user_id)s and event_type = %(event_type)s"
            " order by occurred_at, event_id"
        )
        statement = rows(dict, query, user_id=str(self.user_id), event_type=event_type)
        return wait_for(lambda: found if len(found := self.shop.warehouse.run(statement)) >= number else [])


@dataclass(frozen=True)
class Shop:
    """The running processes."""

    platform: Platform
    fleet: Fleet
    telegram: Telegram
    api_url: str
    page: httpx.Client
    warehouse: Database

    def visitor(self, language: str = "en", name: str = "Anna") -> Chat:
        """Somebody whom the bot has never seen."""
        user_id = next(_IDS)
        user = {"id": user_id, "first_name": name, "language_code": language}
        assert self.page.post("/double/user", json=user).status_code == 200
        return Chat(self, user_id)


def wait_for(look: Callable[[], list[Json]]) -> list[Json]:
    """What is found, as soon as it is there."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("nothing came in time")


@pytest.fixture(scope="module")
def shop(shared_warehouse_url: str, empty_platform: Platform) -> Iterator[Shop]:
    """A shop without models, whose bot answers."""
    empty_platform.home.service_key.write_text("none\n", encoding="utf-8")
    with Fleet() as fleet:
        api = api_server(empty_platform)
        fleet.start([*telegram_servers(empty_platform), api])
        fleet.start([bot_server(empty_platform, str(api.address))])
        telegram = telegram_of(empty_platform)
        with httpx.Client(base_url=telegram.url, timeout=30, trust_env=False) as page:
            yield Shop(empty_platform, fleet, telegram, str(api.address), page, Database(shared_warehouse_url))
