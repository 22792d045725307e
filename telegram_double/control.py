"""What people do in the page, or tests in their place: write, press a button, block the bot, add it to a group.

Belongs here: how each of these becomes an update. Does not belong here: HTTP (`app`).
"""

import secrets
import time
from typing import Any

from telegram_double.errors import bad_request
from telegram_double.world import Json, User, World

BUTTON_SECONDS = 15 * 60
"""How long a pressed button may be answered."""
_MOST_QUERIES = 10_000


def write(world: World, user_id: int, text: str, *, chat_id: int | None = None, reply_to: int | None = None) -> Json:
    """A user writes to the bot, or in a group. Raises BotApiError for somebody unknown."""
    user = known_user(world, user_id)
    where = user_id if chat_id is None else chat_id
    more: Json = {}
    if reply_to is not None and reply_to in world.chat(where).messages:
        more["reply_to_message"] = world.chat(where).messages[reply_to]
    if where == user_id and not user.has_started:
        user.has_started = True
        world.keep_users()
    world.chat(where).asks_reply_to = None
    message = world.add_text(where, user.json, text[:4096], **more)
    return world.add_update("message", message)


def edit(world: World, user_id: int, message_id: int, text: str) -> Json:
    """A user changes what was written. Raises BotApiError for a message of somebody else."""
    message = world.chat(user_id).messages.get(message_id)
    if message is None or message["from"]["id"] != user_id:
        raise bad_request("message to edit not found")
    message |= {"text": text[:4096], "edit_date": int(time.time())}
    return world.add_update("edited_message", message)


def press(world: World, user_id: int, message_id: int, data: str, *, chat_id: int | None = None) -> Json:
    """A user presses a button under a message of the bot. Raises BotApiError where there is no such message."""
    user = known_user(world, user_id)
    message = world.chat(user_id if chat_id is None else chat_id).messages.get(message_id)
    if message is None:
        raise bad_request("message to press a button of not found")
    query: Json = {
        "id": str(secrets.randbits(62)),
        "from": user.json,
        "message": message,
        "chat_instance": str(message["chat"]["id"]),
        "data": data,
    }
    world.queries[query["id"]] = {"until": time.monotonic() + BUTTON_SECONDS, "user_id": user_id}
    while len(world.queries) > _MOST_QUERIES:
        del world.queries[next(iter(world.queries))]
    return world.add_update("callback_query", query)


def block(world: World, user_id: int, *, has_blocked: bool) -> Json:
    """A user blocks the bot, or lets it write again."""
    user = known_user(world, user_id)
    before = "kicked" if user.has_blocked else "member"
    user.has_blocked = has_blocked
    world.keep_users()
    after = "kicked" if has_blocked else "member"
    change = {
        "chat": user.chat,
        "from": user.json,
        "date": int(time.time()),
        "old_chat_member": _membership(world, before),
        "new_chat_member": _membership(world, after),
    }
    return world.add_update("my_chat_member", change)


def add_to_group(world: World, user_id: int, group_id: int, title: str) -> Json:
    """A user adds the bot to a group. Raises BotApiError for an id that is no group's."""
    if group_id >= 0:
        raise bad_request("a group has a negative id")
    user = known_user(world, user_id)
    world.groups[group_id] = title
    change = {
        "chat": world.chat_json(group_id),
        "from": user.json,
        "date": int(time.time()),
        "old_chat_member": _membership(world, "left"),
        "new_chat_member": _membership(world, "member"),
    }
    return world.add_update("my_chat_member", change)


def add_users(world: World, first_id: int, count: int, language_code: str) -> None:
    """Adds many users who have started the bot, for those who try sending to many."""
    for user_id in range(first_id, first_id + count):
        world.users.setdefault(user_id, User(user_id, f"User {user_id}", language_code, has_started=True))
    world.keep_users()
    world.note_change()


def known_user(world: World, user_id: int) -> User:
    """A user. Raises BotApiError for an id that nobody has."""
    user = world.users.get(user_id)
    if user is None:
        raise bad_request("user not found")
    return user


def _membership(world: World, status: str) -> Json:
    membership: dict[str, Any] = {"user": world.bot, "status": status}
    return membership | ({"until_date": 0} if status == "kicked" else {})
