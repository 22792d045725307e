"""Updates and answers as events of the shop.

Belongs here: which event an update is, and its id, which is made of the update's number so that an event is stored once
however often its update is handled. What somebody wrote is not kept: an event says how long it was.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from telegram import ChatMember, Message, MessageEntity, Update, User

Json = dict[str, Any]

_IDS = uuid5(NAMESPACE_URL, "customer-analyzer/telegram")
_GONE = (ChatMember.BANNED, ChatMember.LEFT)


def user_id_of(user: User) -> str:
    """The shop's id of a Telegram user: the number that Telegram has given, as text."""
    return str(user.id)


def command_of(message: Message | None) -> tuple[str, str] | None:
    """The command that a message begins with, without the bot's name, and what follows it."""
    if message is None or not message.text or not message.entities:
        return None
    first = message.entities[0]
    if first.type != MessageEntity.BOT_COMMAND or first.offset != 0:
        return None
    name = message.text[1 : first.length].partition("@")[0].lower()
    return name, message.text[first.length :].strip()


def event_of(update: Update) -> Json | None:
    """What a user did, as an event; None where nobody did anything that the shop should know."""
    user = update.effective_user
    if user is None or user.is_bot:
        return None
    kind, properties = _kind_of(update)
    if update.effective_chat is not None:
        properties["chat_type"] = str(update.effective_chat.type)
    return {
        "event_id": str(uuid5(_IDS, f"update/{update.update_id}")),
        "user_id": user_id_of(user),
        "event_type": kind,
        "occurred_at": _moment(update).isoformat(),
        "source": "telegram",
        "properties": {"update_id": update.update_id, **properties},
    }


def answer_event(update: Update, user_id: str, number: int, properties: Json) -> Json:
    """The bot's answer number `number` to an update, as an event."""
    return {
        "event_id": str(uuid5(_IDS, f"answer/{update.update_id}/{number}")),
        "user_id": user_id,
        "event_type": "answer_sent",
        "occurred_at": datetime.now(UTC).isoformat(),
        "source": "telegram",
        "properties": {"update_id": update.update_id, **properties},
    }


def _kind_of(update: Update) -> tuple[str, Json]:
    if update.message is not None:
        return _of_message(update.message)
    if update.edited_message is not None:
        return "message_edited", {"message_id": update.edited_message.message_id}
    if update.callback_query is not None:
        # What a button carries may name a person's choice of words; which kind of button it was is enough.
        return "button_pressed", {"button": (update.callback_query.data or "").partition(":")[0]}
    if update.my_chat_member is not None:
        is_gone = update.my_chat_member.new_chat_member.status in _GONE
        return "bot_blocked" if is_gone else "bot_unblocked", {}
    return "telegram_update", {"kind": _name(update)}


def _of_message(message: Message) -> tuple[str, Json]:
    command = command_of(message)
    if command is None:
        return "message", {"message_id": message.message_id, "characters": len(message.text or message.caption or "")}
    name, rest = command
    properties: Json = {"message_id": message.message_id, "command": name}
    if name == "start" and rest:
        # A deep link's payload says which advertisement, friend or page brought the user.
        properties["deep_link"] = rest[:64]
    return "command", properties


def _moment(update: Update) -> datetime:
    message = update.message
    change = update.my_chat_member
    moment = message.date if message is not None else change.date if change is not None else None
    return moment or datetime.now(UTC)


def _name(update: Update) -> str:
    """The field that an update of another kind has, also of one that this library does not know."""
    names: Sequence[str] = [name for name in update.to_dict() if name != "update_id"]
    return names[0] if names else "unknown"
