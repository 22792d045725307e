"""Consent over HTTP: what the bot passes on, what a marketer forbids, and what becomes of it in the warehouse."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from backend.access.permissions import Role
from core.home import prepare_home
from privacy.export import export_user
from privacy.persons import erase_person
from tests.integration.backend.conftest import Api
from warehouse.database import command, rows, value

Json = dict[str, Any]


@pytest.fixture(scope="module")
def bot(api: Api, make_key: Callable[..., str]) -> Iterator[httpx.Client]:
    """The bot, whose key may pass on choices and see them, and nothing else here."""
    with api.caller(make_key("subscriptions:write", "subscriptions:read")) as client:
        yield client


@pytest.fixture
def user_id() -> str:
    return f"tg-{uuid4().hex[:12]}"


def changed(client: httpx.Client, user_id: str, **change: Any) -> Json:
    answer = client.patch(f"/users/{user_id}/subscription", json=change)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def events_of(api: Api, user_id: str) -> list[Json]:
    return api.warehouse.run(
        rows(
            dict,
            "select properties from raw.events where user_id = %(user_id)s and event_type = 'consent_changed'"
            " order by occurred_at",
            user_id=user_id,
        )
    )


def test_a_chat_comes_first_and_topics_are_chosen(api: Api, bot: httpx.Client, user_id: str) -> None:
    path = f"/users/{user_id}/subscription"
    assert bot.get(path).json()["state"] == "none"
    assert bot.patch(path, json={"topics": ["offers"]}).status_code == 404
    assert events_of(api, user_id) == []
    new = changed(bot, user_id, chat_id=101, language="ru")
    assert (new["state"], new["topics"], new["language"], new["time_zone"]) == ("active", [], "ru", "UTC")
    assert (new["most_a_day"], new["most_a_week"]) == (1, 3)
    assert new["quiet_hours"] == {"start": "21:00:00", "end": "09:00:00"}
    chosen = changed(bot, user_id, topics=["offers", "news"], time_zone="Asia/Tokyo", most_a_day=0)
    assert (chosen["topics"], chosen["most_a_day"]) == (["news", "offers"], 0)
    assert bot.get(path).json() == chosen
    assert [set(each) - {"said_by"} for each in events_of(api, user_id)] == [
        {"chat_id", "language"},
        {"topics", "time_zone", "most_a_day"},
    ]


def test_stop_pause_and_block_can_be_undone(bot: httpx.Client, user_id: str) -> None:
    changed(bot, user_id, chat_id=102)
    assert changed(bot, user_id, paused_until="2999-01-01T00:00:00Z")["state"] == "paused"
    assert changed(bot, user_id, is_stopped=True)["state"] == "stopped"
    assert changed(bot, user_id, is_blocked=True)["state"] == "blocked"
    again = changed(bot, user_id, is_blocked=False, is_stopped=False, paused_until=None)
    assert (again["state"], again["stopped_at"], again["blocked_at"]) == ("active", None, None)


def test_a_chat_is_one_persons(bot: httpx.Client) -> None:
    changed(bot, "first", chat_id=103, topics=["offers"])
    assert changed(bot, "second", chat_id=103)["topics"] == []
    assert bot.get("/users/first/subscription").json()["state"] == "none"


def test_joined_ids_have_one_subscription(api: Api, bot: httpx.Client, user_id: str) -> None:
    changed(bot, user_id, chat_id=104, topics=["offers"])
    head = f"{user_id}-web"
    api.warehouse.run(
        command(
            "insert into raw.user_aliases (old_user_id, new_user_id, known_at, said_by)"
            " values (%(old)s, %(new)s, now(), 'a test')",
            old=user_id,
            new=head,
        )
    )
    assert bot.get(f"/users/{head}/subscription").json()["chat_id"] == 104
    assert changed(bot, head, topics=[], chat_id=105)["user_id"] == user_id
    assert bot.get(f"/users/{user_id}/subscription").json()["chat_id"] == 105


def test_a_marketer_forbids_writing_to_anyone(
    api: Api, bot: httpx.Client, signed_in: Callable[[Role], httpx.Client], user_id: str
) -> None:
    path = f"/users/{user_id}/do-not-contact"
    assert bot.put(path, json={"reason": "asked"}).status_code == 403
    with signed_in(Role.MARKETER) as marketer:
        forbidden = marketer.put(path, json={"reason": "asked by phone"})
        assert forbidden.status_code == 200, forbidden.text
        assert forbidden.json()["do_not_contact"]["reason"] == "asked by phone"
        since = forbidden.json()["do_not_contact"]["since"]
        again = marketer.put(path, json={"reason": "asked again"}).json()["do_not_contact"]
        assert (again["reason"], again["since"]) == ("asked again", since)
        assert changed(bot, user_id, chat_id=106, topics=["offers"])["state"] == "do_not_contact"
        assert marketer.patch(f"/users/{user_id}/subscription", json={"topics": []}).status_code == 403
        assert marketer.delete(path).json()["state"] == "active"
        assert marketer.delete(path).status_code == 404
    actions = api.own.run(
        rows(
            str,
            "select action from app.audit where subject = app.audited_user(%(user_id)s) order by sequence",
            user_id=user_id,
        )
    )
    assert actions == ["subscription:forbid", "subscription:forbid", "subscription:allow"]


@pytest.mark.parametrize(
    "change",
    [
        {"time_zone": "Moscow"},
        {"topics": ["everything"]},
        {"most_a_day": -1},
        {"language": "ru\x00"},
        {"paused_until": "2026-01-01T00:00:00"},
        {"unknown": 1},
    ],
)
def test_what_cannot_be_is_refused(bot: httpx.Client, change: Json) -> None:
    assert bot.patch("/users/anyone/subscription", json={"chat_id": 107, **change}).status_code == 422


def test_a_time_zone_that_postgres_does_not_know_is_refused(api: Api, bot: httpx.Client, user_id: str) -> None:
    changed(bot, user_id, chat_id=108)
    answer = bot.patch(f"/users/{user_id}/subscription", json={"time_zone": "localtime"})
    known = api.warehouse.run(value(bool, "select exists (select from pg_timezone_names where name = 'localtime')"))
    assert answer.status_code == (200 if known else 422)


def test_an_erased_user_is_not_subscribed_again(api: Api, bot: httpx.Client, user_id: str, tmp_path: Path) -> None:
    changed(bot, user_id, chat_id=109, topics=["offers"])
    api.own.run(command("insert into app.do_not_contact values (%(user_id)s, 'why', 'who')", user_id=user_id))
    home = prepare_home(tmp_path / "home")
    told = "".join(export_user(api.warehouse, home, user_id))
    assert '"app.subscriptions"' in told
    assert '"app.do_not_contact"' in told
    receipt = erase_person(api.warehouse, home, user_id, [], [])
    assert receipt.deleted["app.subscriptions"] == receipt.deleted["app.do_not_contact"] == 1
    assert receipt.found == []
    answer = bot.patch(f"/users/{user_id}/subscription", json={"chat_id": 109})
    assert answer.status_code == 404
    assert "erased" in answer.json()["detail"]
    assert api.own.run(value(int, "select count(*) from app.subscriptions where chat_id = 109")) == 0
