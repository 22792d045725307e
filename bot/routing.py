"""Which update gets which answer, and what becomes of an update in any case.

Belongs here: finding the answer, the events around it, and what users are told when something is away. Does not belong
here: the answers (`answers`).
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from telegram import Bot, Chat, Update

from bot.answers import start
from bot.api import Api, ApiAway, ApiRefused, Json
from bot.events import command_of, event_of
from bot.sending import NotSent, Unreachable, sent
from bot.texts import language_of, text
from bot.turn import Turn

logger = logging.getLogger("bot")

Answer = Callable[[Turn, str], Awaitable[None]]
"""An answer gets the turn, and what follows the command or the name of the button."""

COMMANDS: dict[str, Answer] = {"start": start.greet, "help": start.explain}
BUTTONS: dict[str, Answer] = {}
MENU = tuple(COMMANDS)
"""The commands that Telegram's clients offer, in their order."""
OWN_EVENT = {"start"}
"""Commands whose answer stores the event of the update itself, because it depends on it."""


@dataclass(frozen=True)
class Handler:
    """Handles updates of one bot."""

    bot: Bot
    api: Api

    async def handle(self, raw: Json) -> None:
        """Answers one update and marks it as handled. Raises ApiAway where that has to be tried again."""
        update = Update.de_json(raw, self.bot)
        assert update is not None  # noqa: S101 - only nothing becomes nothing
        try:
            outcome = await self._outcome(update)
        except ApiAway:
            await self.apologise(update)
            raise
        await self.api.mark_handled(update.update_id, outcome)

    async def apologise(self, update: Update) -> None:
        """Says that the shop does not answer just now; silent where that cannot be said either."""
        chat, user = update.effective_chat, update.effective_user
        if chat is None or user is None or chat.type != Chat.PRIVATE or update.my_chat_member is not None:
            return
        words = text(language_of(user.language_code), "shop_away")
        try:
            await sent(lambda: self.bot.send_message(chat.id, words))
        except (NotSent, Unreachable) as error:
            logger.info("no apology: %s", error)

    async def _outcome(self, update: Update) -> str:
        event = event_of(update)
        user, chat = update.effective_user, update.effective_chat
        if event is None or user is None:
            return "ignored"
        answer, rest, name = _answer_to(update)
        if answer is None or chat is None:
            await self.api.store_events([event])
            return "noted"
        turn = Turn(update, user, chat.id, language_of(user.language_code), self.api, self.bot)
        if name not in OWN_EVENT:
            await self.api.store_events([event])
        outcome = "answered"
        try:
            await answer(turn, rest)
        except Unreachable:
            outcome = "blocked"
        except (NotSent, ApiRefused) as error:
            logger.warning("update %d has no answer: %s", update.update_id, error)
            outcome = "failed"
        if turn.events:
            await self.api.store_events(turn.events)
        return outcome


def _answer_to(update: Update) -> tuple[Answer | None, str, str]:
    """The answer to an update, what it is given, and the command's or button's name."""
    chat = update.effective_chat
    if update.callback_query is not None:
        name, _, rest = (update.callback_query.data or "").partition(":")
        return BUTTONS.get(name), rest, name
    if update.message is None or chat is None:
        return None, "", ""
    command = command_of(update.message)
    if chat.type != Chat.PRIVATE:
        return (start.invite if command is not None else None), "", ""
    if command is None:
        return start.listen, "", ""
    name, rest = command
    return COMMANDS.get(name, start.explain), rest, name
