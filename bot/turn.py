"""A turn: one update while it is answered.

Belongs here: who asks, in which language, and how an answer is sent and noted. Does not belong here: what is answered
(`answers`).
"""

import logging
from dataclasses import dataclass, field
from typing import Any

from telegram import Bot, ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, Message, Update, User

from bot.api import Api, Json
from bot.events import answer_event, user_id_of
from bot.languages import Languages
from bot.sending import NotSent, sent, wait_for_slot
from bot.texts import Language, counted, text

logger = logging.getLogger("bot")

FILE_SECONDS = 60.0
"""How long the upload of a file may take."""

Markup = InlineKeyboardMarkup | ForceReply
Button = tuple[str, str]
"""What is written on a button, and the data or address behind it."""


@dataclass
class Turn:
    """One update of a known user, with what an answer needs. `events` gathers the answers that were sent."""

    update: Update
    user: User
    chat_id: int
    language: Language
    languages: Languages
    api: Api
    bot: Bot
    events: list[Json] = field(default_factory=list)

    @property
    def user_id(self) -> str:
        """The shop's id of the user."""
        return user_id_of(self.user)

    def text(self, key: str, /, **values: object) -> str:
        """A message in the user's language."""
        return text(self.language, key, **values)

    def counted(self, key: str, number: int, /, **values: object) -> str:
        """A message about a number of things in the user's language."""
        return counted(self.language, key, number, **values)

    async def reply(self, words: str, markup: Markup | None = None, **properties: Any) -> Message:
        """Sends a message in HTML. `properties` go into its event. Raises Unreachable, and NotSent."""
        await wait_for_slot(self.api, self.chat_id)
        message = await sent(
            lambda: self.bot.send_message(self.chat_id, words, parse_mode="HTML", reply_markup=markup), self.api
        )
        self.note({"message_id": message.message_id, **properties})
        return message

    async def change(self, words: str, markup: InlineKeyboardMarkup | None = None, **properties: Any) -> None:
        """Replaces the message whose button was pressed; pressing it twice changes nothing."""
        query = self.update.callback_query
        if query is None or query.message is None:
            await self.reply(words, markup, **properties)
            return
        message_id = query.message.message_id
        try:
            await sent(
                lambda: self.bot.edit_message_text(
                    words, self.chat_id, message_id, parse_mode="HTML", reply_markup=markup
                )
            )
        except NotSent as error:
            if "not modified" not in str(error):
                raise
        self.note({"message_id": message_id, "is_change": True, **properties})

    async def send_file(self, name: str, content: bytes, caption: str, **properties: Any) -> None:
        """Sends a file. Raises Unreachable, and NotSent."""
        await wait_for_slot(self.api, self.chat_id)
        message = await sent(
            lambda: self.bot.send_document(
                self.chat_id, InputFile(content, filename=name), caption=caption, write_timeout=FILE_SECONDS
            ),
            self.api,
        )
        self.note({"message_id": message.message_id, **properties})

    def note(self, properties: Json) -> None:
        """Notes an answer, to be stored as an event."""
        self.events.append(answer_event(self.update, self.user_id, len(self.events), properties))


def keyboard(*rows: list[Button]) -> InlineKeyboardMarkup:
    """Rows of buttons. What begins with https:// is an address."""
    return InlineKeyboardMarkup([[_button(words, behind) for words, behind in row] for row in rows])


def _button(words: str, behind: str) -> InlineKeyboardButton:
    if behind.startswith("https://"):
        return InlineKeyboardButton(words, url=behind)
    return InlineKeyboardButton(words, callback_data=behind)
