"""The parameters of a request and what a message is made of, checked as the real API does.

Belongs here: reading text, formatting, keyboards and files from a request. Does not belong here: what a method does
(`methods`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telegram_double.entities import parsed, units, with_found
from telegram_double.errors import bad_request
from telegram_double.world import Json, World

MOST_BUTTON_BYTES = 64

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Upload:
    """A file in a request."""

    name: str
    content: bytes


def number(given: Parameters, name: str, otherwise: int = 0) -> int:
    """A whole number among the parameters, which may come as text. Raises BotApiError (400)."""
    try:
        return int(given.get(name) or otherwise)
    except (TypeError, ValueError):
        raise bad_request(f"invalid {name} specified") from None


def flag(given: Parameters, name: str) -> bool:
    """A yes or no among the parameters."""
    return str(given.get(name, "")).lower() in ("true", "1", "yes")


def structure(given: Parameters, name: str) -> Any:
    """A parameter that is JSON, as text or already read; None where it is missing. Raises BotApiError (400)."""
    value = given.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except json.JSONDecodeError:
        raise bad_request(f"can't parse {name} JSON object") from None


def text_of(given: Parameters, name: str, most: int, if_empty: str, if_long: str) -> Json:
    """The text as Telegram stores it, with its entities. Raises BotApiError (400)."""
    text, entities = parsed(str(given.get(name) or "").rstrip(), str(given.get("parse_mode") or ""))
    entities = structure(given, "entities" if name == "text" else "caption_entities") or entities
    if not text.strip():
        raise bad_request(if_empty)
    if units(text) > most:
        raise bad_request(if_long)
    entities = with_found(text, entities)
    marks = "entities" if name == "text" else "caption_entities"
    return {name: text} | ({marks: entities} if entities else {})


def markup_of(given: Parameters) -> Json:
    """The buttons under a message. Raises BotApiError (400)."""
    markup = structure(given, "reply_markup")
    if markup is None:
        return {}
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    for row in markup.get("inline_keyboard", []):
        for button in row:
            if not str(button.get("text", "")).strip():
                raise bad_request("can't parse inline keyboard button: Text buttons must be non-empty")
            kinds = {"callback_data", "url", "web_app", "switch_inline_query", "copy_text"} & set(button)
            if not kinds:
                raise bad_request(
                    "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
                )
            if len(str(button.get("callback_data", "x")).encode()) not in range(1, MOST_BUTTON_BYTES + 1):
                raise bad_request("BUTTON_DATA_INVALID")
    # Of all kinds of markup a message shows only the buttons under it.
    return {"reply_markup": markup} if "inline_keyboard" in markup else {}


def forces_reply(given: Parameters) -> bool:
    """Whether the user's client is asked to reply to the message."""
    return bool((structure(given, "reply_markup") or {}).get("force_reply"))


def reply_of(world: World, chat_id: int, given: Parameters) -> Json:
    """The message that is replied to. Raises BotApiError (400)."""
    reply = structure(given, "reply_parameters") or {"message_id": given.get("reply_to_message_id")}
    if not reply.get("message_id"):
        return {}
    message = world.chat(chat_id).messages.get(int(reply["message_id"]))
    if message is None:
        if reply.get("allow_sending_without_reply"):
            return {}
        raise bad_request("message to be replied not found")
    return {"reply_to_message": message}
