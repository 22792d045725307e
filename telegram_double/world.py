"""What the double remembers: users, chats with their messages, files, and the updates that the bot has not confirmed.

Belongs here: state and how it changes. Does not belong here: the protocol (`methods`), how updates travel (`delivery`).
Everything is in memory and bounded. Users can be kept in a file, so that they are still there after a restart.
"""

import asyncio
import itertools
import json
import secrets
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from telegram_double.entities import found_entities
from telegram_double.limits import Limits, Rates

Json = dict[str, Any]

MOST_MESSAGES = 200
"""How many messages of a chat are remembered."""
_MOST_UPDATES = 100_000
_MOST_SENDS = 100_000
_MOST_FILES = 100


@dataclass
class User:
    """Somebody with Telegram, and how things are between them and the bot."""

    id: int
    first_name: str
    language_code: str = "en"
    username: str = ""
    has_started: bool = False
    has_blocked: bool = False
    is_deactivated: bool = False

    @property
    def json(self) -> Json:
        """As the Bot API shows a user."""
        shown: Json = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        shown |= {"username": self.username} if self.username else {}
        return shown | {"language_code": self.language_code}

    @property
    def chat(self) -> Json:
        """The private chat with this user."""
        chat: Json = {"id": self.id, "type": "private", "first_name": self.first_name}
        return chat | ({"username": self.username} if self.username else {})


@dataclass
class Chat:
    """The messages of a chat, by their numbers, which count up."""

    messages: dict[int, Json] = field(default_factory=dict)
    last_message_id: int = 0
    asks_reply_to: int | None = None
    """The message that the bot wants a reply to, which the user's client then offers."""


@dataclass(frozen=True, slots=True)
class Send:
    """One message that was accepted from the bot, for those who count them."""

    chat_id: int
    message_id: int
    at: float
    """Seconds since 1970."""


@dataclass
class Webhook:
    """Where updates are posted to."""

    url: str = ""
    secret_token: str = ""
    allowed_updates: list[str] | None = None
    last_error: str = ""
    last_error_date: int = 0


class World:
    """One bot and its users."""

    def __init__(self, token: str, rates: Rates, kept_in: Path | None = None) -> None:
        self.token = token
        self.bot: Json = {
            "id": int(token.split(":", 1)[0]),
            "is_bot": True,
            "first_name": "Shop",
            "username": "customer_analyzer_bot",
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }
        self.limits = Limits(rates)
        self.users: dict[int, User] = {}
        self.groups: dict[int, str] = {}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.commands: dict[str, list[Json]] = {}
        self.queries: dict[str, Json] = {}
        self.webhook = Webhook()
        self.updates: deque[Json] = deque(maxlen=_MOST_UPDATES)
        self.sends: deque[Send] = deque(maxlen=_MOST_SENDS)
        self.allowed_updates: list[str] | None = None
        self.changed = asyncio.Event()
        """Set, and replaced, whenever anything has changed."""
        self.revision = 0
        # Numbers go on after a restart, as Telegram's do: nobody may take a new update for one of before.
        self._update_ids = itertools.count(int(time.time()))
        self._kept_in = kept_in
        if kept_in is not None and kept_in.exists():
            self.users = {each["id"]: User(**each) for each in json.loads(kept_in.read_text(encoding="utf-8"))}
        else:
            self.users = {user.id: user for user in (User(100001, "Анна", "ru"), User(100002, "Ben", "en"))}

    def note_change(self) -> None:
        """Wakes up everybody who waits for something new."""
        self.revision += 1
        waiting, self.changed = self.changed, asyncio.Event()
        waiting.set()

    async def wait(self, seconds: float) -> None:
        """Returns at the next change, or when the time is over."""
        try:
            async with asyncio.timeout(seconds):
                await self.changed.wait()
        except TimeoutError:
            return

    def add_user(self, user: User) -> User:
        """Adds a user, or changes how the user is called."""
        known = self.users.setdefault(user.id, user)
        known.first_name, known.language_code, known.username = user.first_name, user.language_code, user.username
        self.keep_users()
        self.note_change()
        return known

    def keep_users(self) -> None:
        """Writes the users to their file, if they have one."""
        if self._kept_in is not None:
            self._kept_in.write_text(json.dumps([asdict(user) for user in self.users.values()]), encoding="utf-8")

    def chat_json(self, chat_id: int) -> Json | None:
        """A chat as the Bot API shows it; None where the bot knows no such chat."""
        if chat_id in self.groups:
            return {"id": chat_id, "type": "group", "title": self.groups[chat_id]}
        user = self.users.get(chat_id)
        return None if user is None else user.chat

    def chat(self, chat_id: int) -> Chat:
        """The messages of a chat."""
        return self.chats.setdefault(chat_id, Chat())

    def add_message(self, chat_id: int, sender: Mapping[str, Any], content: Mapping[str, Any]) -> Json:
        """Adds a message to a chat, and forgets the oldest ones."""
        chat = self.chat(chat_id)
        chat.last_message_id += 1
        message: Json = {
            "message_id": chat.last_message_id,
            "from": dict(sender),
            "chat": self.chat_json(chat_id),
            "date": int(time.time()),
            **content,
        }
        chat.messages[chat.last_message_id] = message
        while len(chat.messages) > MOST_MESSAGES:
            del chat.messages[next(iter(chat.messages))]
        self.note_change()
        return message

    def add_text(self, chat_id: int, sender: Mapping[str, Any], text: str, **more: Any) -> Json:
        """Adds what a user wrote; commands in it are marked, without which bots do not see them."""
        entities = found_entities(text)
        marked: Json = {"entities": entities} if entities else {}
        return self.add_message(chat_id, sender, {"text": text, **marked, **more})

    def note_send(self, chat_id: int, message_id: int) -> None:
        """Notes that a message of the bot was accepted."""
        self.sends.append(Send(chat_id, message_id, time.time()))

    def add_file(self, name: str, content: bytes) -> str:
        """Keeps a file; returns its id."""
        file_id = secrets.token_urlsafe(24)
        self.files[file_id] = (name, content)
        while len(self.files) > _MOST_FILES:
            del self.files[next(iter(self.files))]
        return file_id

    def add_update(self, kind: str, content: Json) -> Json:
        """Puts an update into the queue, unless the bot does not want its kind."""
        update: Json = {"update_id": next(self._update_ids), kind: content}
        wanted = self.webhook.allowed_updates if self.webhook.url else self.allowed_updates
        # Without a list Telegram leaves out a few kinds, of which the double knows none.
        if not wanted or kind in wanted:
            self.updates.append(update)
        self.note_change()
        return update
