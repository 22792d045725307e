"""The bot at work: what people write to it in the double of Telegram, and what comes back."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from core.api_keys import digest_of, new_key
from tests.integration.bot.conftest import Chat, Shop, wait_for
from warehouse.api_keys import add_api_key
from warehouse.database import Database, rows


@pytest.fixture(scope="module")
def marketer(shop: Shop) -> httpx.Client:
    """Somebody of the shop, with a key for what a marketer does."""
    key = new_key()
    scopes = ["events:write", "feedback:answer", "feedback:read", "templates:read", "templates:write"]
    Database(shop.platform.backend_url).run(add_api_key("marketer", digest_of(key), scopes))
    return httpx.Client(base_url=shop.api_url, headers={"authorization": f"Bearer {key}"}, timeout=30, trust_env=False)


def buys(marketer: httpx.Client, chat: Chat, item: str, **changes: Any) -> None:
    """An order of one item."""
    event = {
        "event_id": str(uuid4()),
        "user_id": str(chat.user_id),
        "event_type": "purchase",
        "occurred_at": datetime.now(UTC).isoformat(),
        "item_id": item,
        "order_id": f"{item}-{chat.user_id}",
        "amount": 12.5,
        "currency": "EUR",
        "source": "web",
        **changes,
    }
    assert marketer.post("/events", json=event).json()["stored"] == 1


def buttons(message: dict[str, Any]) -> dict[str, str]:
    """What is written on the buttons of a message, by what they carry."""
    found = [button for row in message["reply_markup"]["inline_keyboard"] for button in row]
    return {button["callback_data"]: button["text"] for button in found}


def pressed(chat: Chat, message: dict[str, Any], data: str) -> dict[str, Any]:
    """The message after one of its buttons was pressed and the bot has changed it."""
    assert data in buttons(message)
    chat.act("press", message_id=message["message_id"], data=data)

    def changed() -> list[dict[str, Any]]:
        now = [each for each in chat.answers() if each["message_id"] == message["message_id"]]
        return [each for each in now if each.get("edit_date") and each != message]

    return wait_for(changed)[-1]


def test_people_are_helped_in_their_language(shop: Shop) -> None:
    anna, boris = shop.visitor("en"), shop.visitor("ru")
    english, russian = anna.say("/help")["text"], boris.say("/help")["text"]
    assert english.isascii()
    assert not russian.isascii()
    assert "/recommend" in english
    assert "/recommend" in russian


def test_a_stranger_becomes_a_newcomer_and_a_customer(shop: Shop, marketer: httpx.Client) -> None:
    anna = shop.visitor("en", "Anna <b>")
    first = anna.say("/start")["text"]
    assert first.startswith("Welcome, Anna <b>!")
    assert "first time here" in first
    assert "again" not in first
    assert "have not ordered anything yet" in anna.say("/start")["text"]
    buys(marketer, anna, "teapot")
    assert "you have ordered once" in anna.say("/start")["text"]
    buys(marketer, anna, "cup")
    assert "You have made 2 orders" in anna.say("/start")["text"]
    kinds = [sent["situation"] for sent in anna.events("answer_sent", 4)]
    assert sorted(kinds) == ["customer", "first_visit", "newcomer", "regular"]


def test_updates_and_answers_are_events(shop: Shop) -> None:
    anna = shop.visitor()
    answer = anna.say("/start spring-sale")
    (command,) = anna.events("command")
    assert (command["command"], command["deep_link"], command["chat_type"]) == ("start", "spring-sale", "private")
    (sent,) = anna.events("answer_sent")
    assert (sent["message_id"], sent["template"], sent["template_version"]) == (answer["message_id"], "first_visit", 0)


def test_what_was_written_is_kept_nowhere_once_it_is_answered(shop: Shop) -> None:
    anna = shop.visitor()
    anna.say("my secret is 4711")
    anna.events("answer_sent")
    own = Database(shop.platform.backend_url)
    kept = rows(str, "select update::text from app.telegram_updates where update::text like '%%4711%%'")
    wait_for(lambda: [{}] if not own.run(kept) else [])
    (message,) = anna.events("message")
    assert message["characters"] == len("my secret is 4711")


def test_a_marketers_words_count_from_the_next_answer_on(shop: Shop, marketer: httpx.Client) -> None:
    changed = {
        "situation": "first_visit",
        "words": {
            "en": {"text": "Hi {{ first_name | upper }}!", "reason": "You are new."},
            "ru": {"text": "Привет, {{ first_name }}!", "reason": "Вы здесь впервые."},
        },
    }
    stored = marketer.put("/templates/first_visit", json=changed)
    assert (stored.status_code, stored.json()["version"]) == (200, 1)
    assert shop.visitor("ru", "Олег").say("/start")["text"].startswith("Привет, Олег!")
    assert shop.visitor("en", "Ann").say("/start")["text"].startswith("Hi ANN!")
    assert marketer.put("/templates/first_visit", json=changed | {"is_active": False}).json()["version"] == 2
    assert shop.visitor("en").say("/start")["text"].startswith("Welcome")
    versions = marketer.get("/templates/first_visit/versions").json()["versions"]
    assert [each["version"] for each in versions] == [2, 1, 0]


@pytest.mark.parametrize(
    "text",
    ["{% for a in recommendations %}{% endfor %}", "{{ 'a' * 10 }}", "{{ first_name.__class__ }}", "{{ risk }}", "<b>"],
)
def test_words_that_could_not_be_sent_are_refused(marketer: httpx.Client, text: str) -> None:
    words = {language: {"text": text, "reason": "because"} for language in ("en", "ru")}
    refused = marketer.put("/templates/bad", json={"situation": "regular", "words": words})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "words.en.text"


def test_orders_and_recommendations(shop: Shop, marketer: httpx.Client) -> None:
    anna = shop.visitor()
    assert "not ordered anything" in anna.say("/orders")["text"]
    buys(marketer, anna, "tea & pot", quantity=2)
    shown = anna.say("/orders")["text"]
    assert "• tea & pot × 2: 12.50 EUR" in shown
    buys(marketer, anna, "tea & pot", event_type="refund", amount=12.5)
    assert "given back" in anna.say("/orders")["text"]
    assert "nothing to recommend" in anna.say("/recommend")["text"]


def test_notifications_are_chosen_by_buttons(shop: Shop) -> None:
    anna = shop.visitor("ru")
    message = anna.say("/notifications")
    message = pressed(anna, message, "topic:offers")
    assert "✅ Предложения" in message["text"]
    message = pressed(anna, message, "quiet:evening")
    assert "19:00 до 10:00" in message["text"]
    message = pressed(anna, message, "pause:week")
    assert "pause:off" in buttons(message)
    message = pressed(anna, message, "stop:on")
    assert "stop:off" in buttons(message)
    query = (
        "select jsonb_build_object('topics', topics, 'stopped', stopped_at is not null, 'language', language)"
        " from app.subscriptions where user_id = %(user_id)s"
    )
    (chosen,) = Database(shop.platform.backend_url).run(rows(dict, query, user_id=str(anna.user_id)))
    assert chosen == {"topics": ["offers"], "stopped": True, "language": "ru"}


def test_a_chosen_language_is_spoken_from_then_on(shop: Shop) -> None:
    anna = shop.visitor("en")
    assert pressed(anna, anna.say("/language"), "language:ru")["text"] == "Теперь я говорю по-русски."
    assert not anna.say("/help")["text"].isascii()


def test_feedback_reaches_the_inbox_and_is_answered_through_the_bot(shop: Shop, marketer: httpx.Client) -> None:
    anna = shop.visitor()
    stars = anna.say("/feedback")
    before = len(anna.answers())
    pressed(anna, stars, "stars:2")
    question = wait_for(lambda: anna.answers()[before:])[-1]
    state = shop.page.get("/double/state", params={"user_id": anna.user_id}).json()
    assert state["asks_reply_to"] == question["message_id"]
    assert "Thank you" in anna.say("The lid <is> broken", reply_to=question["message_id"])["text"]
    inbox = marketer.get("/feedback", params={"most_stars": 2}).json()["feedback"]
    (entry,) = [each for each in inbox if each["user_id"] == str(anna.user_id)]
    assert (entry["stars"], entry["words"]) == (2, "The lid <is> broken")
    before = len(anna.answers())
    path = f"/feedback/{entry['feedback_id']}/answer"
    assert marketer.post(path, json={"text": "We send a <new> one."}).status_code == 202
    assert marketer.post(path, json={"text": "Again."}).status_code == 409
    assert wait_for(lambda: anna.answers()[before:])[-1]["text"] == "The shop answers you:\nWe send a <new> one."
    said = [sent for sent in anna.events("answer_sent", 5) if sent.get("text_kind") == "feedback_answer"]
    assert [sent["feedback_id"] for sent in said] == [entry["feedback_id"]]


def test_who_blocks_the_bot_is_not_written_to_until_they_come_back(shop: Shop) -> None:
    anna = shop.visitor()
    anna.say("/start")
    anna.events("answer_sent")
    anna.act("block", has_blocked=True)
    anna.events("bot_blocked")
    query = "select jsonb_build_object('since', blocked_at) from app.subscriptions where user_id = %(user_id)s"
    own = Database(shop.platform.backend_url)
    blocked = rows(dict, query, user_id=str(anna.user_id))
    wait_for(lambda: [each for each in own.run(blocked) if each["since"]])
    anna.act("block", has_blocked=False)
    wait_for(lambda: [each for each in own.run(blocked) if not each["since"]])
    assert anna.say("/help")


def test_a_group_learns_nothing_personal(shop: Shop) -> None:
    anna = shop.visitor()
    group = -4_000_000_001
    anna.act("group", group_id=group, title="Friends")
    anna.act("write", chat_id=group, text="hello all")
    anna.act("write", chat_id=group, text="/orders@customer_analyzer_bot")

    def said() -> list[dict[str, Any]]:
        state = shop.page.get("/double/state", params={"user_id": anna.user_id, "chat_id": group}).json()
        return [message for message in state["messages"] if message["from"]["is_bot"]]

    (answer,) = wait_for(said)
    assert "write to me in private" in answer["text"]


def test_edits_and_unknown_updates_are_noted_without_an_answer(shop: Shop) -> None:
    anna = shop.visitor()
    anna.say("/help")
    (mine,) = [message for message in anna.messages() if not message["from"]["is_bot"]]
    anna.act("edit", message_id=mine["message_id"], text="/start")
    assert anna.events("message_edited") == [
        {
            "chat_type": "private",
            "message_id": mine["message_id"],
            "update_id": anna.events("message_edited")[0]["update_id"],
        }
    ]
    assert len(anna.answers()) == 1
