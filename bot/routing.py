"""Which update gets which answer, and what becomes of an update in any case.

Belongs here: finding the answer, the events around it, and what users are told when something is away. Does not belong
here: the answers (`answers`).
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from telegram import Bot, Chat, Update

from bot.answers import feedback, language, notifications, privacy, shop, start
from bot.api import Api, ApiRefused, Json
from bot.events import command_of, event_of, user_id_of
from bot.languages import Languages
from bot.sending import NotSent, Unreachable, sent
from bot.texts import language_of, text
from bot.timing import begin
from bot.turn import Turn
from core.tracing import Tracing

logger = logging.getLogger("bot")

Answer = Callable[[Turn, str], Awaitable[None]]
"""An answer gets the turn, and what follows the command or the name of the button."""

COMMANDS: dict[str, Answer] = {
    "start": start.greet,
    "recommend": shop.recommend,
    "orders": shop.orders,
    "notifications": notifications.settings,
    "feedback": feedback.ask,
    "privacy": privacy.explain,
    "language": language.ask,
    "help": start.explain,
}
"""In the order in which Telegram's clients offer them."""
BUTTONS: dict[str, Answer] = {
    "orders": shop.orders,
    "topic": notifications.choose_topic,
    "quiet": notifications.choose_quiet,
    "pause": notifications.pause,
    "stop": notifications.stop,
    "stars": feedback.take_stars,
    "privacy": privacy.act,
    "language": language.choose,
}
_MOST_TOLD = 10_000
OWN_EVENT = (start.greet,)
"""Answers that store the event of the update themselves, because they depend on it."""


@dataclass(frozen=True)
class Handler:
    """Handles updates of one bot."""

    bot: Bot
    api: Api
    languages: Languages
    tracing: Tracing = field(default_factory=lambda: Tracing("bot", ""))
    told: set[int] = field(default_factory=set)
    """The updates whose users know that the shop does not answer."""

    async def handle(self, raw: Json) -> None:
        """Answers one update and marks it as handled. Raises what stood in the way; it is tried again."""
        with self.tracing.work("update"):
            await self._handle(raw)

    async def _handle(self, raw: Json) -> None:
        update = Update.de_json(raw, self.bot)
        assert update is not None  # noqa: S101 - only nothing becomes nothing
        answers: list[Json] = []
        try:
            outcome = await self._outcome(update, answers)
        except Exception:
            await self.apologise(raw)
            # What was sent is noted, also where something else failed afterwards.
            if answers:
                await self.api.store_events(answers)
            raise
        await self.api.mark_handled(update.update_id, outcome, answers)

    async def apologise(self, raw: Json) -> None:
        """Says that the shop does not answer just now, once an update; silent where that cannot be said either."""
        update = Update.de_json(raw, self.bot)
        if update is None or update.update_id in self.told:
            return
        if len(self.told) >= _MOST_TOLD:
            self.told.clear()
        self.told.add(update.update_id)
        chat, user = update.effective_chat, update.effective_user
        if chat is None or user is None or chat.type != Chat.PRIVATE or update.my_chat_member is not None:
            return
        words = text(language_of(user.language_code), "shop_away")
        try:
            await sent(lambda: self.bot.send_message(chat.id, words))
        except (NotSent, Unreachable) as error:
            logger.info("no apology: %s", error)

    async def _outcome(self, update: Update, answers: list[Json]) -> str:
        spent = begin()
        event = event_of(update)
        user, chat = update.effective_user, update.effective_chat
        if event is None or user is None:
            return "ignored"
        answer, rest = _answer_to(update)
        if answer not in OWN_EVENT:
            await self.api.store_events([event])
        if update.my_chat_member is not None and chat is not None and chat.type == Chat.PRIVATE:
            await self._note_block(user_id_of(user), chat.id, is_blocked=event["event_type"] == "bot_blocked")
        if answer is None or chat is None:
            return "noted"
        language = await self.languages.of(user)
        turn = Turn(update, user, chat.id, language, self.languages, self.api, self.bot, answers)
        outcome = await self._answered(turn, answer, rest)
        logger.info("an update is %s", outcome, extra={"fields": spent.milliseconds()})
        return outcome

    async def _answered(self, turn: Turn, answer: Answer, rest: str) -> str:
        query = turn.update.callback_query
        try:
            if query is not None:
                await self._stop_spinning(query.id)
            await answer(turn, rest)
        except Unreachable:
            await self._note_block(turn.user_id, turn.chat_id, is_blocked=True)
            return "blocked"
        except (NotSent, ApiRefused) as error:
            logger.warning("update %d has no answer: %s", turn.update.update_id, error)
            return "failed"
        return "answered"

    async def _stop_spinning(self, query_id: str) -> None:
        try:
            await sent(lambda: self.bot.answer_callback_query(query_id))
        except NotSent as error:
            # A button that was pressed long ago, which Telegram has forgotten.
            logger.info("a button was not acknowledged: %s", error)

    async def _note_block(self, user_id: str, chat_id: int, *, is_blocked: bool) -> None:
        if chat_id < 0:
            return
        try:
            await self.api.change_subscription(user_id, chat_id, is_blocked=is_blocked)
        except ApiRefused as error:
            # Somebody who was erased, for example.
            logger.info("a block was not noted: %s", error)


def _answer_to(update: Update) -> tuple[Answer | None, str]:
    """The answer to an update, and what it is given."""
    chat = update.effective_chat
    if update.callback_query is not None and chat is not None and chat.type == Chat.PRIVATE:
        name, _, rest = (update.callback_query.data or "").partition(":")
        return BUTTONS.get(name), rest
    if update.message is None or chat is None:
        return None, ""
    command = command_of(update.message)
    if chat.type != Chat.PRIVATE:
        return (start.invite if command is not None else None), ""
    if command is None:
        return start.listen, ""
    name, rest = command
    return COMMANDS.get(name, start.explain), rest
