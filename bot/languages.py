"""In which language each user is answered: the one they chose, else the one of their Telegram; and who has a chat.

What the API says is remembered for some minutes. While it is away, Telegram's word counts.
"""

import time
from contextlib import suppress

from telegram import User

from bot.api import Api, ApiAway, ApiRefused
from bot.events import user_id_of
from bot.texts import Language, language_of

REMEMBERED_SECONDS = 600.0
_MOST_USERS = 10_000


class Languages:
    """The languages of users."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, tuple[float, Language]] = {}
        self._registered: set[str] = set()

    async def of(self, user: User) -> Language:
        """The language to answer a user in."""
        user_id = user_id_of(user)
        until, language = self._known.get(user_id, (0.0, "en"))
        if until > time.monotonic():
            return language
        try:
            subscription = await self._api.subscription(user_id)
        except (ApiAway, ApiRefused):
            return language_of(user.language_code)
        language = language_of(subscription["language"] or user.language_code)
        self.remember(user_id, language)
        if subscription["state"] != "none":
            self._registered.add(user_id)
        return language

    async def register(self, user: User, chat_id: int, language: Language) -> None:
        """Registers the chat of a user who has none yet; somebody who was erased has none. Raises ApiAway."""
        user_id = user_id_of(user)
        if user_id not in self._registered:
            with suppress(ApiRefused):
                await self._api.change_subscription(user_id, chat_id, language=language)
            self._registered.add(user_id)

    def forget(self, user_id: str) -> None:
        """The user was erased."""
        self._known.pop(user_id, None)
        self._registered.discard(user_id)

    def remember(self, user_id: str, language: Language) -> None:
        """A user has chosen a language."""
        if len(self._known) >= _MOST_USERS:
            self._known.clear()
            self._registered.clear()
        self._known[user_id] = (time.monotonic() + REMEMBERED_SECONDS, language)
