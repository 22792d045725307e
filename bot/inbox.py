"""Sends what people of the shop answer to feedback: each answer once, out of the budget of replies."""

import asyncio
import logging
from html import escape

from telegram import Bot

from bot.api import Api, ApiAway, ApiRefused, Json
from bot.sending import NotSent, Unreachable, sent, wait_for_slot
from bot.texts import language_of, text

logger = logging.getLogger("bot.inbox")

LOOK_SECONDS = 2.0
_MOST = 20


async def answer_feedback(bot: Bot, api: Api) -> None:
    """Looks for answers and sends them, for ever."""
    while True:
        try:
            answers = await api.take_answers(_MOST)
            for answer in answers:
                await api.finish_answer(answer["feedback_id"], await _outcome(bot, api, answer))
        except (ApiAway, ApiRefused) as error:
            logger.warning("answers wait for the API: %s", error)
        await asyncio.sleep(LOOK_SECONDS)


async def _outcome(bot: Bot, api: Api, answer: Json) -> Json:
    chat_id = int(answer["chat_id"])
    words = text(language_of(answer["language"]), "feedback.answer", words=escape(answer["text"]))
    try:
        await wait_for_slot(api, chat_id)
        message = await sent(lambda: bot.send_message(chat_id, words, parse_mode="HTML"), api)
    except (NotSent, Unreachable) as error:
        return {"error": str(error)[:500] or type(error).__name__}
    return {"message_id": message.message_id}
