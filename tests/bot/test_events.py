"""Updates as events: which event each is, and that nothing somebody wrote is in it."""

from typing import Any

import pytest
from telegram import Update

from bot.events import answer_event, command_of, event_of

ANNA = {"id": 7, "is_bot": False, "first_name": "Anna", "language_code": "en"}
CHAT = {"id": 7, "type": "private", "first_name": "Anna"}
BOT = {"id": 1, "is_bot": True, "first_name": "Shop"}


def update(kind: str, **content: Any) -> Update:
    """An update as Telegram sends it."""
    made = Update.de_json({"update_id": 12, kind: {"from": ANNA, **content}}, None)
    assert made is not None
    return made


def message(text: str, *, command_length: int = 0, kind: str = "message", **more: Any) -> Update:
    """A message, with a command of so many characters at its beginning."""
    entities = [{"type": "bot_command", "offset": 0, "length": command_length}] if command_length else []
    return update(kind, message_id=3, chat=CHAT, date=1_700_000_000, text=text, entities=entities, **more)


def member(status: str) -> Update:
    """The bot is now something else in a chat."""
    change = {"user": BOT, "status": status} | ({"until_date": 0} if status == "kicked" else {})
    before = {"user": BOT, "status": "member"}
    return update("my_chat_member", chat=CHAT, date=1_700_000_000, old_chat_member=before, new_chat_member=change)


def test_a_command_is_named_and_a_deep_link_attributed() -> None:
    event = event_of(message("/start spring", command_length=6))
    assert event is not None
    assert (event["user_id"], event["event_type"], event["source"]) == ("7", "command", "telegram")
    assert event["occurred_at"] == "2023-11-14T22:13:20+00:00"
    assert event["properties"] == {
        "update_id": 12,
        "message_id": 3,
        "command": "start",
        "deep_link": "spring",
        "chat_type": "private",
    }


@pytest.mark.parametrize(
    ("text", "length", "found"),
    [
        ("/help", 5, ("help", "")),
        ("/HELP@shop_bot now", 14, ("help", "now")),
        ("/help", 0, None),
        ("hello", 0, None),
    ],
)
def test_a_command_is_what_telegram_marks_as_one(text: str, length: int, found: tuple[str, str] | None) -> None:
    assert command_of(message(text, command_length=length).message) == found


def test_what_was_written_is_in_no_event() -> None:
    event = event_of(message("my secret"))
    assert event is not None
    assert event["event_type"] == "message"
    assert event["properties"]["characters"] == 9
    assert "secret" not in str(event)


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (message("changed", kind="edited_message"), "message_edited"),
        (update("callback_query", id="1", chat_instance="1", data="stars:5"), "button_pressed"),
        (member("kicked"), "bot_blocked"),
        (member("left"), "bot_blocked"),
        (member("member"), "bot_unblocked"),
        (update("inline_query", id="1", query="tea", offset=""), "telegram_update"),
    ],
)
def test_each_kind_of_update_is_an_event(made: Update, kind: str) -> None:
    event = event_of(made)
    assert event is not None
    assert event["event_type"] == kind


def test_updates_of_nobody_are_no_events() -> None:
    unknown = Update.de_json({"update_id": 5, "of_a_later_version": {"x": 1}}, None)
    assert unknown is not None
    assert event_of(unknown) is None


def test_the_same_update_has_the_same_event_and_each_answer_its_own() -> None:
    once, again = event_of(message("a")), event_of(message("a"))
    assert once is not None
    assert again is not None
    assert once["event_id"] == again["event_id"]
    ids = {answer_event(message("a"), "7", number, {})["event_id"] for number in range(3)}
    assert len(ids | {once["event_id"]}) == 4
