"""The methods of the Bot API that the double knows, each a function of the world and the request's parameters.

Belongs here: what is checked, in the order and the words of the real API, and what is answered. Does not belong here:
HTTP, and `getUpdates`, which waits (`delivery`). A method that is missing answers 404, as one that Telegram lacks.
"""

import time
from collections.abc import Callable
from typing import Any

from telegram_double.errors import bad_request, forbidden
from telegram_double.parameters import (
    Parameters,
    Upload,
    flag,
    forces_reply,
    markup_of,
    number,
    reply_of,
    structure,
    text_of,
)
from telegram_double.world import Json, Webhook, World

MOST_TEXT = 4096
MOST_CAPTION = 1024


Method = Callable[[World, Parameters], Any]


def get_me(world: World, _given: Parameters) -> Json:
    """The bot itself."""
    return world.bot


def set_webhook(world: World, given: Parameters) -> bool:
    """Has updates posted to an address from now on; an empty one ends that."""
    secret = str(given.get("secret_token", ""))
    if len(secret) > 256 or not all(sign.isascii() and (sign.isalnum() or sign in "_-") for sign in secret):
        raise bad_request("secret token contains unallowed characters")
    if flag(given, "drop_pending_updates"):
        world.updates.clear()
    world.webhook = Webhook(str(given.get("url", "")), secret, structure(given, "allowed_updates"))
    world.note_change()
    return True


def delete_webhook(world: World, given: Parameters) -> bool:
    """Ends the posting of updates."""
    return set_webhook(world, {"drop_pending_updates": given.get("drop_pending_updates")})


def get_webhook_info(world: World, _given: Parameters) -> Json:
    """Where updates are posted to, and how that went."""
    hook = world.webhook
    info: Json = {"url": hook.url, "has_custom_certificate": False, "pending_update_count": len(world.updates)}
    if hook.last_error:
        info |= {"last_error_date": hook.last_error_date, "last_error_message": hook.last_error}
    return info | ({"allowed_updates": hook.allowed_updates} if hook.allowed_updates else {})


def send_message(world: World, given: Parameters) -> Json:
    """Sends a text."""
    chat_id = _open_chat(world, given)
    content = text_of(given, "text", MOST_TEXT, "message text is empty", "message is too long")
    content |= markup_of(given) | reply_of(world, chat_id, given)
    message = _sent(world, chat_id, content)
    world.chat(chat_id).asks_reply_to = message["message_id"] if forces_reply(given) else None
    return message


def send_document(world: World, given: Parameters) -> Json:
    """Sends a file: one that is uploaded, or one that the double has already, by its id."""
    chat_id = _open_chat(world, given)
    document = given.get("document")
    if isinstance(document, Upload):
        file_id = world.add_file(document.name, document.content)
    elif isinstance(document, str) and document in world.files:
        file_id = document
    else:
        raise bad_request(
            "wrong file identifier/HTTP URL specified" if document else "there is no document in the request"
        )
    name, data = world.files[file_id]
    shown = {"file_id": file_id, "file_unique_id": file_id[:16], "file_name": name, "file_size": len(data)}
    content = text_of(given, "caption", MOST_CAPTION, "", "message caption is too long") if given.get("caption") else {}
    return _sent(world, chat_id, {"document": shown} | content | markup_of(given))


def send_chat_action(world: World, given: Parameters) -> bool:
    """Shows that the bot is busy; the page does not."""
    _open_chat(world, given)
    return True


def edit_message_text(world: World, given: Parameters) -> Json:
    """Changes a message of the bot."""
    message = _own_message(world, given)
    content = text_of(given, "text", MOST_TEXT, "message text is empty", "message is too long") | markup_of(given)
    return _edited(world, message, content, ("text", "entities", "reply_markup"))


def edit_message_reply_markup(world: World, given: Parameters) -> Json:
    """Changes the buttons under a message of the bot."""
    return _edited(world, _own_message(world, given), markup_of(given), ("reply_markup",))


def delete_message(world: World, given: Parameters) -> bool:
    """Deletes a message."""
    chat = world.chat(_chat_id(world, given))
    if chat.messages.pop(number(given, "message_id"), None) is None:
        raise bad_request("message to delete not found")
    world.note_change()
    return True


def answer_callback_query(world: World, given: Parameters) -> bool:
    """Tells the user that a press of a button has arrived."""
    query = world.queries.pop(str(given.get("callback_query_id", "")), None)
    if query is None or query["until"] < time.monotonic():
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if len(str(given.get("text", ""))) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    return True


def get_file(world: World, given: Parameters) -> Json:
    """Where a file can be downloaded."""
    file_id = str(given.get("file_id", ""))
    if file_id not in world.files:
        raise bad_request("invalid file_id")
    name, data = world.files[file_id]
    path = f"documents/{file_id}/{name}"
    return {"file_id": file_id, "file_unique_id": file_id[:16], "file_size": len(data), "file_path": path}


def set_my_commands(world: World, given: Parameters) -> bool:
    """The commands that clients offer, by language."""
    commands = structure(given, "commands")
    if not isinstance(commands, list) or len(commands) > 100:
        raise bad_request("can't parse BotCommand: expected an Array of commands")
    for each in commands:
        name, description = str(each.get("command", "")), str(each.get("description", ""))
        if not (1 <= len(name) <= 32 and name.replace("_", "").isalnum() and name == name.lower()):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(description) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    world.commands[str(given.get("language_code", ""))] = commands
    world.note_change()
    return True


def get_my_commands(world: World, given: Parameters) -> list[Json]:
    """The commands of a language."""
    return world.commands.get(str(given.get("language_code", "")), [])


def get_chat(world: World, given: Parameters) -> Json:
    """A chat that the bot knows."""
    chat = world.chat_json(_chat_id(world, given))
    assert chat is not None  # noqa: S101 - just found
    return chat | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": {}}


METHODS: dict[str, Method] = {
    "getme": get_me,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
    "sendmessage": send_message,
    "senddocument": send_document,
    "sendchataction": send_chat_action,
    "editmessagetext": edit_message_text,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "answercallbackquery": answer_callback_query,
    "getfile": get_file,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "getchat": get_chat,
}
"""By their names in lower case: Telegram's are not case-sensitive either."""


def _chat_id(world: World, given: Parameters) -> int:
    if not given.get("chat_id"):
        raise bad_request("chat_id is empty")
    try:
        chat_id = int(given["chat_id"])
    except (TypeError, ValueError):
        raise bad_request("chat not found") from None
    user = world.users.get(chat_id)
    if world.chat_json(chat_id) is None or (user is not None and not (user.has_started or user.is_deactivated)):
        raise bad_request("chat not found")
    return chat_id


def _open_chat(world: World, given: Parameters) -> int:
    """A chat that the bot may write to."""
    chat_id = _chat_id(world, given)
    user = world.users.get(chat_id)
    if user is not None and user.is_deactivated:
        raise forbidden("user is deactivated")
    if user is not None and user.has_blocked:
        raise forbidden("bot was blocked by the user")
    return chat_id


def _sent(world: World, chat_id: int, content: Json) -> Json:
    world.limits.spend(chat_id)
    message = world.add_message(chat_id, world.bot, content)
    world.note_send(chat_id, message["message_id"])
    return message


def _own_message(world: World, given: Parameters) -> Json:
    message = world.chat(_chat_id(world, given)).messages.get(number(given, "message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if message["from"]["id"] != world.bot["id"]:
        raise bad_request("message can't be edited")
    return message


def _edited(world: World, message: Json, content: Json, fields: tuple[str, ...]) -> Json:
    if all(message.get(name) == content.get(name) for name in fields):
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )
    for name in fields:
        message.pop(name, None)
    message |= content | {"edit_date": int(time.time())}
    world.note_change()
    return message
