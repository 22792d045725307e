"""Flow 1 over HTTP: an event goes in, and the next answer about its user counts it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from core.api_keys import digest_of, new_key
from tests.integration.conftest import RanPlatform
from warehouse.api_keys import add_api_key
from warehouse.database import Database
from warehouse.databases import WAREHOUSE

SECRET = "telegrams-own-words"


@pytest.fixture
def webhook_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKEND_TELEGRAM_WEBHOOK_SECRET", SECRET)


@pytest.fixture
def bot(webhook_secret: None, ran_platform: RanPlatform, ran_api: str) -> Iterator[httpx.Client]:
    """A bot with a key, at an API beside the services of a finished run."""
    own = Database(ran_platform.platform.server.url(WAREHOUSE))
    key = new_key()
    own.run(add_api_key("live", digest_of(key), ["telegram:write", "predictions:read", "users:read"]))
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=ran_api, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def event(user_id: str, event_type: str, **more: Any) -> dict[str, Any]:
    """Something that happened a second ago."""
    moment = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    return {"event_id": str(uuid4()), "user_id": user_id, "event_type": event_type, "occurred_at": moment, **more}


def of_model(answer: dict[str, Any], model: str) -> dict[str, Any]:
    (found,) = [each["prediction"] for each in answer["predictions"] if each["model"] == model]
    assert found is not None
    return dict(found)


def test_an_event_changes_the_next_answer(bot: httpx.Client) -> None:
    user_id = f"live-{uuid4().hex[:8]}"
    before = bot.post("/predictions", json={"user_ids": [user_id]}).json()["users"][0]
    assert of_model(before, "purchase")["is_known"] is False

    sent = event(user_id, "command")
    first = bot.post("/telegram/event", json=sent)
    assert first.status_code == 200, first.text
    assert first.json()["event"]["status"] == "stored"
    said = of_model(first.json(), "purchase")
    assert said["is_known"] is True
    known_until = datetime.fromisoformat(said["known_until"]).astimezone(UTC)
    assert said["as_of"] == (known_until.date() + timedelta(days=1)).isoformat()
    assert known_until > datetime.fromisoformat(sent["occurred_at"])

    bought = bot.post("/telegram/event", json=event(user_id, "purchase", amount=25, order_id="A-1")).json()
    assert of_model(bought, "purchase")["probability"] != said["probability"]
    assert bought["text"]

    page = bot.get(f"/users/{user_id}", params={"freshness": "live"}).json()
    features = {each["name"]: each["value"] for family in page["features"] for each in family["features"]}
    assert features["orders_total"] == 1
    assert page["features_as_of"] >= said["as_of"]


def test_an_update_of_telegram_is_stored_once(bot: httpx.Client) -> None:
    update = {"update_id": 7, "message": {"text": "/start"}}
    headers = {"x-telegram-bot-api-secret-token": SECRET}
    first, again = (bot.post("/telegram/webhook", json=update, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()) == (200, {"update_id": 7, "is_new": True})
    assert again.json() == {"update_id": 7, "is_new": False}


@pytest.mark.parametrize("secret", [None, "", "somebody-elses"])
def test_nobody_else_delivers_updates(bot: httpx.Client, secret: str | None) -> None:
    headers = {} if secret is None else {"x-telegram-bot-api-secret-token": secret}
    assert bot.post("/telegram/webhook", json={"update_id": 8}, headers=headers).status_code == 401
